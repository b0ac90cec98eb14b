// Every screen in every state: it stands there, and axe finds nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SAMPLE_DIGITS, type FakeHost, type FakeOptions } from "../src/host/fake";
import { ERROR_CODES, HostError } from "../src/host/host";
import { TEXT_SIZES } from "../src/state/app.svelte";
import { looks } from "./looks";
import { byId, enter, expectClean, inside, open, person, screen, waitFor } from "./window";

describe("each screen", () => {
  it.each(looks)("$name is clean", async ({ hash, options, host, act, shows }) => {
    const opened = await open(hash, options, host);

    await act?.(person(opened.user));

    expect(await byId(shows)).toBeInTheDocument();
    await expectClean();
  });
});

describe("the status card", () => {
  const states: [string, FakeOptions, (host: FakeHost) => void, string][] = [
    ["off", { scene: "chats" }, () => undefined, "Your chats are not backed up"],
    ["protected", {}, () => undefined, "Backed up and protected"],
    ["at_risk", { scene: "at_risk" }, () => undefined, "Backed up, but at risk"],
    ["failed", {}, (host) => host.failLastBackup(new HostError("place_full")), "The last backup did not finish"],
    ["place_missing", {}, (host) => host.removePlace(), "The backup place cannot be reached"],
    ["running", {}, (host) => void host.holdJob("backup", "saving", 1, 2, 100), "Backing up"],
  ];

  it.each(states)("shows %s", async (state, options, change, heading) => {
    await open("#/backup", options, change);

    const card = await byId("backup-status-card");

    await waitFor(() => expect(card).toHaveAttribute("data-state", state));
    expect(inside(card).getByRole("heading", { name: heading })).toBeInTheDocument();
    await expectClean();
  });

  it("stands behind Settings, Chats, Chat backup on every page of it", async () => {
    await open("#/backup/e2ee");

    const crumbs = inside(await byId("breadcrumb"));

    expect(crumbs.getAllByRole("link").map((link) => link.textContent)).toEqual(["Settings", "Chats", "Chat backup"]);
    expect(crumbs.getByText("End-to-end encrypted backup")).toHaveAttribute("aria-current", "page");
  });
});

describe("errors", () => {
  // A backup without its key is no failure: the screen asks for it.
  it.each(ERROR_CODES.filter((code) => code !== "needs_app_key"))("adding chats explains %s and stays usable", async (code) => {
    const { user } = await open("#/add", { scene: "fresh" }, (host) => host.failNext("previewImport", new HostError(code)));

    await user.click(await byId("source-pick"));

    expect((await byId("add-error")).textContent.length).toBeGreaterThan(20);
    expect(await byId("source-pick")).toBeEnabled();
  });

  it("a window that cannot start says so and tries again", async () => {
    const { host, app, user } = await open("#/chats", { scene: "chats" });
    host.failNext("app", new HostError("storage"));
    await app.start("#/chats");

    await user.click(await screen.findByRole("button", { name: "Try again" }));

    expect(await byId("search")).toBeInTheDocument();
  });
});

describe("the 64 digits", () => {
  it("are laid in rows while typing and name the row with a mistake", async () => {
    const { user } = await open("#/restore", { scene: "fresh" });
    await user.click(await byId("place-pick"));
    await user.click(inside(await byId("unlock-with-recovery_key")).getByRole("radio"));
    const field = (await byId("unlock-digits")) as HTMLTextAreaElement;
    const wrong = SAMPLE_DIGITS.slice(0, 16) + String((Number(SAMPLE_DIGITS[16]) + 1) % 10) + SAMPLE_DIGITS.slice(17);

    await enter("unlock-digits", wrong);

    expect(field.value.split("\n")).toHaveLength(8);
    expect(field.value.split("\n")[0]).toMatch(/^\d{4} \d{4}$/u);
    expect(await screen.findByText("Row 3 has a typing mistake.")).toBeInTheDocument();
  });

  it("are missing some: the number is said and the field keeps the focus", async () => {
    const { user } = await open("#/restore", { scene: "fresh" });
    await user.click(await byId("place-pick"));
    await user.click(inside(await byId("unlock-with-recovery_key")).getByRole("radio"));
    await enter("unlock-digits", SAMPLE_DIGITS.slice(0, 60));

    await user.click(await byId("unlock-submit"));

    expect(await screen.findByText("4 digits are missing.")).toBeInTheDocument();
    expect(await byId("unlock-digits")).toHaveFocus();
  });

  it("leave nothing behind when the step is left", async () => {
    const { app, user } = await open("#/backup/e2ee/setup", { scene: "chats" });
    await user.click(await byId("place-pick"));
    await user.click(await byId("choose-key"));
    await user.click(await byId("key-show"));
    const shown = (await byId("key-grid")).textContent;

    app.go("#/chats");
    await byId("search");

    expect(shown).toContain(SAMPLE_DIGITS.slice(0, 4));
    expect(document.body.textContent).not.toContain(SAMPLE_DIGITS.slice(0, 4));
    expect(JSON.stringify(app.protection.view)).not.toContain(SAMPLE_DIGITS.slice(0, 4));
    expect(JSON.stringify({ ...localStorage })).not.toContain(SAMPLE_DIGITS.slice(0, 4));
  });
});

describe("secret fields", () => {
  it("ask nobody to fill in, check or remember", async () => {
    await open("", { scene: "locked" });

    const field = await byId("unlock-password");

    expect(field).toHaveAttribute("type", "password");
    expect(field).toHaveAttribute("autocomplete", "off");
    expect(field).toHaveAttribute("spellcheck", "false");
  });
});

describe("the meter of a password", () => {
  it("says what would make it better, and why it was not saved", async () => {
    const { user } = await open("#/backup/e2ee/setup", { scene: "chats" });
    await user.click(await byId("place-pick"));
    await user.click(await byId("choose-password"));

    await enter("password", "a password of mine");
    await user.click(await byId("password-save"));

    expect(await screen.findByText("Not saved. This is one of the first passwords anybody tries.")).toBeInTheDocument();
    expect(inside(await byId("password-tips")).getByText("Choose words that few people would think of.")).toBeInTheDocument();
    expect(screen.queryByText(/two passwords are not the same/u)).toBeNull();
  });
});

describe("the size of the text", () => {
  it("is set for the whole window and kept", async () => {
    const { user } = await open("#/settings");

    await user.selectOptions(await byId("text-size"), "150");

    expect(document.documentElement).toHaveAttribute("data-text", "150");
    expect(localStorage.getItem("coffer.text_size")).toBe("150");
  });

  it("has a rule for each choice", () => {
    const css = readFileSync(join(import.meta.dirname, "../src/tokens.css"), "utf8");

    const ruled = [...css.matchAll(/:root\[data-text="(\d+)"\] \{\s*--text-root: ([\d.]+)%/gu)].map(([, percent, root]) => [Number(percent), Number(root)]);

    expect(ruled).toEqual(TEXT_SIZES.filter((percent) => percent !== 100).map((percent) => [percent, percent * 0.9375]));
  });
});

describe("a removed way", () => {
  it("is never the last one", async () => {
    const { user } = await open("#/backup/e2ee", { scene: "at_risk" });

    await user.click(await screen.findByRole("button", { name: "Remove Password" }));

    const dialog = inside(await byId("remove-dialog"));
    expect(dialog.queryByTestId("remove-yes")).toBeNull();
    expect(dialog.getByText(/your only way to unlock/u)).toBeInTheDocument();
  });

  it("that leaves one needs a tick first", async () => {
    const { host, user } = await open("#/backup/e2ee");
    await user.click(await screen.findByRole("button", { name: "Remove Password" }));

    await user.click(await byId("remove-yes"));
    const wasAsked = screen.queryByText(/Tick the box/u) !== null && screen.queryByText(/Choose one of the two/u) !== null;
    await user.click(inside(await byId("remove-lost_or_known")).getByRole("radio"));
    const wasTold = screen.queryByTestId("remove-new-key") !== null;
    await user.click(await byId("remove-understood"));
    await user.click(await byId("remove-yes"));
    await user.click(inside(await byId("unlock-with-recovery_key")).getByRole("radio"));
    await enter("unlock-digits", SAMPLE_DIGITS);
    await user.click(await byId("unlock-submit"));

    expect([wasAsked, wasTold]).toEqual([true, true]);
    await waitFor(() => expect(screen.queryByRole("button", { name: "Test Password" })).toBeNull());
    expect(host.calls).toContain("removeWay");
    expect(host.removalReason).toBe("lost_or_known");
    expect(await byId("at-risk")).toBeInTheDocument();
  });
});
