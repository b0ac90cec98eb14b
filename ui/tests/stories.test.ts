// Whole stories, by keyboard where a person may have no mouse.
import { fireEvent } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import { SAMPLE_DIGITS, SAMPLE_PASSWORD } from "../src/host/fake";
import { HostError } from "../src/host/host";
import { byId, enter, inside, open, screen, waitFor } from "./window";

const ANNA = "a1".repeat(16);

describe("by keyboard only", () => {
  it("the first run leads to adding chats", async () => {
    const { user } = await open("", { scene: "fresh" });

    await user.tab();
    expect(screen.getByRole("button", { name: "Add my chats" })).toHaveFocus();
    await user.keyboard("{Enter}");

    expect(await screen.findByRole("heading", { level: 1, name: "Add chats" })).toHaveFocus();
  });

  it("the first run leads to restoring", async () => {
    const { user } = await open("", { scene: "fresh" });

    await user.tab();
    await user.tab();
    await user.keyboard(" ");

    expect(await screen.findByRole("heading", { level: 1, name: "Restore" })).toHaveFocus();
  });

  it("chats are added from the picker to the report", async () => {
    const { user } = await open("#/add", { scene: "fresh" });
    (await byId("source-pick")).focus();

    await user.keyboard("{Enter}");
    (await byId("import-start")).focus();
    await user.keyboard("{Enter}");

    const report = inside(await byId("import-report"));
    expect(report.getAllByText("12,480").length).toBeGreaterThan(0);
    expect(report.getByText(/36 lines could not be read/u)).toBeInTheDocument();
  });

  it("an encrypted WhatsApp backup asks for WhatsApp's key, refuses a wrong one and opens with the right one", async () => {
    const { user, host } = await open("#/add", { scene: "fresh" });
    host.picks.push("/home/sam/WhatsApp/Databases/msgstore.db.crypt15");
    await user.click(await byId("source-pick"));

    await user.type(await byId("app-key"), "b".repeat(64));
    await user.click(await byId("app-key-send"));
    expect(await byId("add-error")).toHaveTextContent(/does not open this backup/u);
    expect(await byId("app-key")).toHaveValue("");

    await user.type(await byId("app-key"), `${"a".repeat(32)} ${"a".repeat(32)}`);
    await user.click(await byId("app-key-send"));
    expect(await byId("import-preview")).toHaveTextContent(/WhatsApp backup/u);
    expect(screen.queryByTestId("import-me")).toBeNull();
  });

  it("a Signal backup asks for Signal's recovery key, and the report says what an app leaves out", async () => {
    const { user, host } = await open("#/add", { scene: "fresh" });
    host.picks.push("/home/sam/SignalBackups");
    host.importReport = { notes: ["no_disappearing"] };
    await user.click(await byId("source-pick-folder"));

    expect(await byId("app-key-form")).toHaveTextContent(/recovery key/u);
    await user.type(await byId("app-key"), "a".repeat(64));
    await user.click(await byId("app-key-send"));
    expect(await byId("import-preview")).toHaveTextContent(/Signal backup/u);

    await user.click(await byId("import-start"));
    expect(await byId("import-report")).toHaveTextContent(/Signal leaves disappearing messages/u);
  });

  it("messages are walked with arrows, pages, Home and End", async () => {
    const { user } = await open(`#/chats/${ANNA}`, { scene: "chats" });
    await waitFor(() => expect(screen.getByText("See you at six?", { selector: ".rich" })).toBeInTheDocument());
    screen.getByTestId("messages").focus();

    await user.keyboard("{ArrowUp}");
    await waitFor(() => expect(document.activeElement).toHaveAttribute("aria-posinset", "12480"));
    await user.keyboard("{ArrowUp}");
    await waitFor(() => expect(document.activeElement).toHaveAttribute("aria-posinset", "12479"));
    await user.keyboard("{Home}");
    await waitFor(() => expect(document.activeElement).toHaveAttribute("aria-posinset", "1"));
    await user.keyboard("{PageDown}");
    await waitFor(() => expect(Number(document.activeElement?.getAttribute("aria-posinset"))).toBeGreaterThan(3));
    await user.keyboard("{End}");
    await waitFor(() => expect(document.activeElement).toHaveAttribute("aria-posinset", "12480"));

    expect(document.activeElement).toHaveAccessibleName(/^Anna Reyes, .*(14:02|02:02\sPM)$/u);
    expect(document.activeElement).toHaveAttribute("aria-setsize", "12480");
  });

  it("the last of a million messages is reached", async () => {
    const { user } = await open(`#/chats/${"e5".repeat(16)}`, { scene: "chats" });
    (await byId("messages")).focus();

    await user.keyboard("{Home}");
    await waitFor(() => expect(document.activeElement).toHaveAttribute("aria-posinset", "1"));
    await user.keyboard("{End}");

    await waitFor(() => expect(document.activeElement).toHaveAttribute("aria-posinset", "1000000"));
    expect(screen.getAllByRole("article").length).toBeLessThan(60);
  });

  it("shortcuts lead to the sections, the search and the sheet", async () => {
    const { user } = await open("#/chats", { scene: "chats" });
    await byId("search");

    await user.keyboard("{Control>}{Shift>}f{/Shift}{/Control}");
    await waitFor(async () => expect(await byId("search")).toHaveFocus());
    await user.keyboard("{Control>}3{/Control}");
    await screen.findByRole("heading", { level: 1, name: "Chat backup" });
    await user.keyboard("{Control>},{/Control}");
    await screen.findByRole("heading", { level: 1, name: "Settings" });
    await user.keyboard("{Control>}?{/Control}");

    expect(await byId("shortcut-sheet")).toBeInTheDocument();
  });

  it("the native menus do what the keys do, and nothing else while locked or asked", async () => {
    const { host } = await open("#/chats");
    const act = (command: string): void => host.menu(command);

    act("section_3");
    expect(await byId("backup-status-card")).toBeInTheDocument();
    act("help");
    expect(await byId("shortcut-sheet")).toBeInTheDocument();
    act("section_1");
    expect(location.hash).toBe("#/backup");
    act("no_such_command");
    expect(await byId("shortcut-sheet")).toBeInTheDocument();
  });

  it("F6 goes round the parts of the window", async () => {
    const { app } = await open("#/settings");
    await byId("settings");
    for (const region of document.querySelectorAll("[data-region]")) Object.defineProperty(region, "offsetParent", { value: document.body });

    await fireEvent.keyDown(window, { key: "F6" });
    const first = document.activeElement?.closest("[data-region]");
    await fireEvent.keyDown(window, { key: "F6" });

    expect(first).not.toBeNull();
    expect(document.activeElement?.closest("[data-region]")).not.toBe(first);
    expect(app.route.name).toBe("settings");
  });
});

describe("protecting", () => {
  it("goes from a place over both ways to the first backup", async () => {
    const { app, user } = await open("#/backup/e2ee/setup", { scene: "chats" });

    await user.click(await byId("place-pick"));
    await user.click(await byId("choose-password"));
    await enter("password", SAMPLE_PASSWORD);
    await enter("password-again", SAMPLE_PASSWORD);
    await user.click(await byId("password-save"));
    await user.click(await byId("key-next"));
    await enter("confirm-first", SAMPLE_DIGITS.slice(8, 12));
    await enter("confirm-second", SAMPLE_DIGITS.slice(40, 44));
    await user.click(await byId("confirm-yes"));
    await byId("setup-try");
    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));
    const done = await byId("setup-done");
    expect(inside(done).getByText(/You have 2 ways to unlock/u)).toBeInTheDocument();
    await user.click(await byId("first-backup"));

    await waitFor(() => expect(app.backup.result.kind).toBe("backup"));
    expect((await byId("backup-status-card")).dataset["state"]).toBe("protected");
  });

  it("begins with the key when the person wants that, and asks for a password then", async () => {
    const { user } = await open("#/backup/e2ee", { scene: "chats" });

    await user.click(await byId("method-key-create"));
    await user.click(await byId("place-pick"));
    await user.click(await byId("key-save"));
    await byId("key-saved");
    await user.click(await byId("key-next"));
    await user.click(await byId("confirm-yes"));

    expect(await screen.findByRole("heading", { name: "Now set a password as well" })).toBeInTheDocument();
  });

  it("refuses to save the key beside the backup", async () => {
    const { host, user } = await open("#/backup/e2ee/setup", { scene: "chats" });
    await user.click(await byId("place-pick"));
    await user.click(await byId("choose-key"));
    host.picks.push("/home/sam/Backups/key.pdf");

    await user.click(await byId("key-save"));

    expect((await byId("key-error")).textContent).toContain("Keep the key away from the backup");
  });

  it("goes on with one way only after a tick, and says so", async () => {
    const { user } = await open("#/backup/e2ee/setup", { scene: "chats" });
    await user.click(await byId("place-pick"));
    await user.click(await byId("choose-password"));
    await enter("password", SAMPLE_PASSWORD);
    await enter("password-again", SAMPLE_PASSWORD);
    await user.click(await byId("password-save"));
    await byId("setup-key");

    await user.click(await byId("setup-skip"));
    await user.click(await byId("skip-yes"));
    const wasHeld = screen.queryByText("Tick the box to go on.") !== null;
    await user.click(await byId("skip-understood"));
    await user.click(await byId("skip-yes"));
    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));

    expect(wasHeld).toBe(true);
    expect(inside(await byId("setup-done")).getByText("You have one way to unlock.")).toBeInTheDocument();
  });

  it("names two passwords that differ and puts the focus there", async () => {
    const { user } = await open("#/backup/e2ee/setup", { scene: "chats" });
    await user.click(await byId("place-pick"));
    await user.click(await byId("choose-password"));
    await enter("password", SAMPLE_PASSWORD);
    await enter("password-again", "something else entirely");

    await user.click(await byId("password-save"));

    expect(await screen.findByText(/not the same/u)).toBeInTheDocument();
    expect(await byId("password-again")).toHaveFocus();
  });

  it("replaces a password: the new one is proved before the old one goes", async () => {
    const { host, user } = await open("#/backup/e2ee");
    await user.click(await screen.findByRole("button", { name: "Replace Password" }));
    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));

    await enter("password", "another lantern in the orchard");
    await enter("password-again", "another lantern in the orchard");
    await user.click(await byId("password-save"));

    await byId("setup-done");
    expect(host.calls.indexOf("freshUnlock")).toBeLessThan(host.calls.indexOf("addPassword"));
    expect(host.calls.indexOf("provePassword")).toBeGreaterThan(host.calls.indexOf("addPassword"));
  });
});

describe("restoring on a new computer", () => {
  it("goes from the folder to readable chats and protects here", async () => {
    const { app, user } = await open("", { scene: "fresh" });

    await user.click(await byId("start-restore"));
    await user.click(await byId("place-pick"));
    await enter("unlock-password", "not it");
    await user.click(await byId("unlock-submit"));
    expect(await screen.findByText(/That password does not open this backup/u)).toBeInTheDocument();
    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));
    expect(await screen.findAllByTestId("backup-item")).toHaveLength(3);
    await user.click(await byId("restore-continue"));
    expect(await screen.findByText("1,061,808 messages will be added")).toBeInTheDocument();
    await user.click(await byId("restore-start"));
    await byId("restore-report");
    await user.click(await byId("protect-here-yes"));
    await screen.findByText("This computer backs up there from now on.");
    app.go("#/chats");

    expect(await screen.findAllByTestId("chat-row")).toHaveLength(5);
    expect(app.view?.isProtected).toBe(true);
  });

  it("looks inside without writing anything", async () => {
    const { host, user } = await open("#/restore", { scene: "fresh" });
    await user.click(await byId("place-pick"));
    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));

    await user.click(await byId("look"));
    await user.click((await screen.findAllByTestId("chat-row"))[0] ?? document.body);
    await waitFor(() => expect(screen.getByText("See you at six?", { selector: ".rich" })).toBeInTheDocument());

    expect(host.calls).toContain("lookMessages");
    expect(host.calls).not.toContain("startRestore");
    expect(screen.queryByTestId("jump-date")).toBeNull();
  });
});

describe("locking", () => {
  it("hides everything and opens again with the password", async () => {
    const { app, user } = await open(`#/chats/${ANNA}`);
    await waitFor(() => expect(screen.getByText("See you at six?", { selector: ".rich" })).toBeInTheDocument());

    await user.click(await byId("lock"));
    await byId("lock-screen");
    expect(document.body.textContent).not.toContain("Anna");
    expect(document.documentElement.dataset["locked"]).toBe("true");
    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));

    await waitFor(() => expect(app.isLocked).toBe(false));
    expect(await screen.findAllByText("Anna Reyes")).not.toHaveLength(0);
  });
});

describe("reading", () => {
  it("finds across chats and opens the message", async () => {
    const { app, user } = await open("#/chats", { scene: "chats" });

    await enter("search", "umbrella");
    const hit = (await screen.findAllByTestId("search-hit")).find((one) => one.textContent.includes("Sunday lunch"));
    expect(hit?.querySelector("mark")?.textContent).toBe("umbrella");
    await user.click(hit ?? document.body);

    await waitFor(() => expect(app.chats.reader?.chat.title).toBe("Family"));
    await waitFor(() => expect(document.querySelector("[role=article].marked")?.textContent).toContain("umbrella"));
  });

  it("jumps from a reply to what it answers", async () => {
    const { app, user } = await open(`#/chats/${ANNA}`, { scene: "chats" });

    await user.click(await byId("quote"));

    await waitFor(() => expect(app.chats.reader?.marked).toBe(12_477));
  });

  it("tells why a photo is not here", async () => {
    const { user } = await open(`#/chats/${ANNA}`, { scene: "chats" });

    await user.click(inside(await byId("missing-media")).getByRole("button", { name: "Why?" }));

    expect(await screen.findByRole("heading", { name: "Why is it not here?" })).toBeInTheDocument();
  });

  it("opens sample chats and closes them again", async () => {
    const { user } = await open("", { scene: "fresh" });

    await user.click(await byId("start-demo"));
    expect(await screen.findAllByTestId("chat-row")).toHaveLength(5);
    await user.click(await byId("close-samples"));

    expect(await byId("start-add")).toBeInTheDocument();
  });
});

describe("a dropped export", () => {
  it("is looked at like a picked one", async () => {
    const { host } = await open("#/add", { scene: "fresh" });
    await byId("drop-zone");

    host.drag({ kind: "dropped", paths: ["/home/sam/result.json"] });

    expect(await byId("import-preview")).toBeInTheDocument();
    expect(screen.getByText(/Telegram export/u)).toBeInTheDocument();
  });
});

describe("the theme", () => {
  it("is remembered and set on the page", async () => {
    const { app, user } = await open("#/settings");

    await user.click(inside(await byId("theme-dark")).getByRole("radio"));

    expect(document.documentElement.dataset["theme"]).toBe("dark");
    expect(localStorage.getItem("coffer.theme")).toBe("dark");
    app.setTheme("system");
  });
});

describe("reports", () => {
  it("of an import are kept as text where the person says", async () => {
    const { host, user } = await open("#/add", { scene: "fresh" });
    host.picks.push("/home/sam/Downloads/WhatsApp Chat - Anna Reyes.zip", "/home/sam/import.txt");
    await user.click(await byId("source-pick"));
    await user.click(await byId("import-start"));

    await user.click(await byId("save-report"));

    expect(await screen.findAllByText("Report saved as import.txt.")).not.toEqual([]);
    const text = host.reports.get("/home/sam/import.txt") ?? "";
    expect(text).toContain("Coffer: Chats added");
    expect(text).toContain("Added: 12,480");
    expect(text).toContain("- 36 lines could not be read");
  });

  it("of a restore name what could not be read", async () => {
    const { host, user } = await open("#/restore", { scene: "fresh" }, (scripted) => {
      scripted.restoreReport = { missing: [{ file: "packs/aa.pack", what: "missing", affects: [{ what: "photo", count: 12, chat: "Family", name: null }] }] };
    });
    await user.click(await byId("place-pick"));
    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));
    await user.click(await byId("restore-continue"));
    await user.click(await byId("restore-start"));
    host.picks.push("/home/sam/restore.txt");

    await user.click(await byId("save-report"));

    await waitFor(() => expect(host.reports.get("/home/sam/restore.txt")).toContain("12 photos in Family"));
  });

  it("are not written when the person thinks better of it", async () => {
    const { host, user } = await open("#/add", { scene: "fresh" });
    await user.click(await byId("source-pick"));
    await user.click(await byId("import-start"));
    host.picks.push(null);

    await user.click(await byId("save-report"));

    await waitFor(() => expect(host.calls).toContain("pickSave"));
    expect(host.calls).not.toContain("saveReport");
  });
});

describe("what lies around", () => {
  it("is a backup that one press leads to", async () => {
    const { user } = await open("", { scene: "fresh" }, (host) => {
      host.foundBackups.push({ path: "/home/sam/old", changed: 1 }, { path: "/media/sam/Blue drive/Coffer backups", changed: 2 });
    });

    await user.click(await byId("start-found"));

    expect(inside(await byId("restore-unlock")).getByText(/Blue drive/u)).toBeInTheDocument();
  });

  it("is an export that one press looks into", async () => {
    const { user } = await open("#/add", { scene: "fresh" }, (host) => {
      host.foundSources.push({ path: "/home/sam/Downloads/ChatExport_1", source: "telegram_export", bytes: null, changed: null });
    });

    await user.click(await screen.findByRole("button", { name: "Look inside ChatExport_1" }));

    expect(await byId("import-preview")).toBeInTheDocument();
  });

  it("is nothing when the look fails", async () => {
    await open("", { scene: "fresh" }, (host) => host.failNext("findBackups", new HostError("storage")));

    await waitFor(() => expect(screen.getByTestId("start-add")).toBeInTheDocument());
    expect(screen.queryByTestId("start-found")).toBeNull();
  });
});

describe("a place that went back in time", () => {
  it("shows both dates and goes on from the newer state when the person says so", async () => {
    const { host, user } = await open("#/backup", {}, (scripted) => scripted.rollBack());
    const card = inside(await byId("backup-status-card"));
    expect(await card.findByText(/^On .* this computer saw a backup there that is missing now\. The newest one there is from /u)).toBeInTheDocument();

    await user.click(await byId("rollback-open"));
    await user.click(await byId("rollback-go"));

    await waitFor(() => expect(screen.getByTestId("backup-status-card")).toHaveAttribute("data-state", "protected"));
    expect(host.calls).toContain("settleRollback");
  });

  it("is taken for right only with a way to unlock", async () => {
    const { host, user } = await open("#/backup", {}, (scripted) => scripted.rollBack(true));
    await user.click(await byId("rollback-open"));
    await user.click(inside(await byId("rollback-right")).getByRole("radio"));

    await user.click(await byId("rollback-go"));
    const wasSettled = host.calls.includes("settleRollback");
    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));

    expect(wasSettled).toBe(false);
    await waitFor(() => expect(host.calls).toContain("settleRollback"));
    await waitFor(() => expect(screen.queryByTestId("rollback-dialog")).toBeNull());
  });

  it("that is sealed asks for a way to unlock before it shows anything", async () => {
    const { host, user } = await open("#/backup", {}, (scripted) => scripted.rollBack());
    const opener = await byId("rollback-open");
    host.failNext("getRollback", new HostError("needs_unlock"));
    await user.click(opener);

    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));

    expect(await byId("rollback-go")).toBeInTheDocument();
    expect(host.calls).toContain("freshUnlock");
  });
});
