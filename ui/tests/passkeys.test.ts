// Passkeys in the whole window: every place that uses one, every failure with its buttons, keyboard and focus.
import { describe, expect, it, vi } from "vitest";
import { SAMPLE_DIGITS, SAMPLE_PASSWORD, type FakeHost } from "../src/host/fake";
import type { Beat } from "../src/host/fake/authenticator";
import { HostError, type WayView } from "../src/host/host";
import en from "../src/i18n/en.json";
import { managerWord, passkeyReach } from "../src/screens/passkeys";
import { FAILURES, type FailureWord } from "../src/state/failures";
import { byId, enter, inside, open, screen, waitFor, type Opened } from "./window";

const KEY = { kinds: ["security_key" as const], hasPasskey: true };
const TOUCH: Beat = { step: "touch", isHeld: true };
const plays = (...scripts: Beat[][]) => (host: FakeHost): void => void host.authenticator.scripts.push(...scripts);
const typePin = async ({ user }: Opened, pin: string): Promise<void> => {
  await user.type(await byId("pin"), `${pin}{Enter}`);
};
const isAt = (step: string): Promise<void> => waitFor(async () => expect((await byId("ceremony")).dataset["step"]).toBe(step));
const buttons = async (): Promise<string[]> =>
  inside(await byId("ceremony")).getAllByRole("button").map((button) => button.dataset["testid"] ?? "").filter((id) => id.startsWith("do-"));
const testIdOf = (action: string): string => `do-${action.replaceAll("_", "-")}`;

describe("the lock", () => {
  it("opens with the security key, by keyboard only, after a cold start", async () => {
    const opened = await open("", { scene: "locked", ...KEY });
    const { app, user } = opened;
    await byId("unlock-passkey");
    expect(screen.getByRole("heading", { level: 1, name: "Coffer is locked" })).toHaveFocus();

    await user.tab();
    expect(await byId("unlock-passkey")).toHaveFocus();
    await user.keyboard("{Enter}");
    await waitFor(async () => expect(await byId("pin")).toHaveFocus());
    await user.keyboard("2468{Enter}");

    await waitFor(() => expect(app.isLocked).toBe(false));
    expect(document.documentElement.dataset["locked"]).toBe("false");
  });

  it("offers nothing but the key and another way at first", async () => {
    const { user } = await open("", { scene: "locked", ...KEY });

    const names = inside(await byId("lock-screen")).getAllByRole("button").map((button) => button.textContent.trim());
    await user.click(await byId("unlock-other"));

    expect(names).toEqual(["Unlock with security key", "Use another way", "Lost every way to unlock?"]);
    expect(await byId("unlock-password")).toHaveFocus();
    expect(inside(await byId("lock-screen")).getAllByRole("radio")).toHaveLength(3);
  });

  it("opens by Lock now and by idleness alike", async () => {
    vi.useFakeTimers({ toFake: ["setInterval"] });
    const opened = await open("#/settings", { scene: "protected", ...KEY });
    const { app, user } = opened;

    await user.click(await byId("lock"));
    await user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");
    await waitFor(() => expect(app.isLocked).toBe(false));
    app.setLockAfter(5);
    vi.spyOn(app as { now: () => number }, "now").mockReturnValue(Number.MAX_SAFE_INTEGER);
    await vi.advanceTimersByTimeAsync(15_000);
    await waitFor(() => expect(app.isLocked).toBe(true));
    await user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");

    await waitFor(() => expect(app.isLocked).toBe(false));
  });

  it("counts the tries that are left and empties the field each time", async () => {
    const opened = await open("", { scene: "locked", ...KEY });
    await opened.user.click(await byId("unlock-passkey"));
    expect(inside(await byId("ceremony")).getByText("8 tries left")).toBeInTheDocument();

    await typePin(opened, "1111");
    expect(await screen.findByText("Wrong PIN. 7 tries left before the key locks.")).toHaveAttribute("role", "alert");
    expect(await byId("pin")).toHaveValue("");
    expect(await byId("pin")).toHaveFocus();
    await typePin(opened, "1111");
    await screen.findByText("Wrong PIN. 6 tries left before the key locks.");
    await typePin(opened, "1111");

    expect((await byId("ceremony-failure")).textContent).toContain("Remove the key, plug it in again");
    expect(await byId("do-again")).toHaveFocus();
  });

  it("asks nobody to fill in, check or remember the PIN", async () => {
    const { user } = await open("", { scene: "locked", ...KEY });
    await user.click(await byId("unlock-passkey"));

    const field = await byId("pin");

    for (const [name, value] of [["type", "password"], ["autocomplete", "off"], ["spellcheck", "false"], ["data-lpignore", "true"]]) {
      expect(field).toHaveAttribute(name ?? "", value);
    }
  });

  it("leaves no PIN behind when the step is left", async () => {
    const { user } = await open("", { scene: "locked", ...KEY });
    await user.click(await byId("unlock-passkey"));
    const field = (await byId("pin")) as HTMLInputElement;
    await user.type(field, "9753");

    await user.click(await byId("ceremony-cancel"));
    await isAt("failed");

    expect(field.value).toBe("");
    expect(document.body.innerHTML).not.toContain("9753");
    expect(JSON.stringify({ ...localStorage })).not.toContain("9753");
  });

  it("says what each step is, and the focus stays where a person can go on", async () => {
    const script: Beat[] = [{ step: "insert", isHeld: true }, { step: "touch", isHeld: true }, { step: "fingerprint", wasWrong: true, triesLeft: 2, isHeld: true }];
    const { host, user } = await open("", { scene: "locked", ...KEY }, plays(script));
    await user.click(await byId("unlock-passkey"));
    const status = inside(await byId("ceremony")).getByRole("status");
    const said = (text: string): Promise<void> => waitFor(() => expect(status.textContent).toContain(text));

    await said("Plug in your security key");
    expect(screen.getByText("Plug in your security key", { selector: ".title" })).toHaveFocus();
    await user.tab();
    await user.tab();
    expect(await byId("ceremony-cancel")).toHaveFocus();
    host.authenticator.proceed();
    await said("Touch your security key now");
    expect(await byId("ceremony-cancel")).toHaveFocus();
    host.authenticator.proceed();
    await said("Fingerprint not recognised. 2 tries left");
  });

  it("is cancelled by Escape and says that nothing changed", async () => {
    const { host, app, user } = await open("", { scene: "locked", ...KEY }, plays([TOUCH]));
    await user.click(await byId("unlock-passkey"));
    await isAt("touch");

    await user.keyboard("{Escape}");

    expect(await screen.findByText("Cancelled. Nothing changed.")).toBeInTheDocument();
    expect(host.calls).toContain("cancelCeremony");
    expect(app.isLocked).toBe(true);
  });

  it("changes to another way in the middle, and back again", async () => {
    const { host, app, user } = await open("", { scene: "locked", ...KEY }, plays([TOUCH]));
    await user.click(await byId("unlock-passkey"));
    await isAt("touch");

    await user.click(await byId("ceremony-other"));
    expect(await byId("unlock-password")).toHaveFocus();
    await user.click(inside(await byId("unlock-with-passkey")).getByRole("radio"));
    await user.click(await byId("unlock-passkey"));
    await user.type(await byId("pin"), "2468{Enter}");

    await waitFor(() => expect(app.isLocked).toBe(false));
    expect(host.calls).toContain("cancelCeremony");
  });

  it("says quietly that a passkey of elsewhere cannot be used here", async () => {
    await open("", { scene: "locked", hasPasskey: true });

    expect(await byId("passkey-elsewhere")).toHaveTextContent("this computer cannot use it");
    expect(screen.queryByTestId("unlock-passkey")).toBeNull();
    expect(screen.queryByTestId("unlock-with-passkey")).toBeNull();
    expect(await byId("unlock-password")).toBeInTheDocument();
  });

  it("speaks of Windows Hello on Windows only", async () => {
    await open("", { scene: "locked", hasPasskey: true, kinds: ["platform", "security_key"], platform: "windows" });

    expect((await byId("lock-screen")).textContent).toContain("Windows Hello will ask to confirm it is you.");
    expect(document.body.textContent).not.toContain("Touch ID");
  });
});

describe("each failure", () => {
  const words = (Object.keys(FAILURES) as FailureWord[]).filter((word) => word !== "wrong_passkey");
  const first = (word: FailureWord): string => en[`passkey.${word}`].split(/[{.]/u)[0] ?? "";

  it.each(words)("says why and what to do when unlocking: %s", async (word) => {
    const [platform] = FAILURES[word].systems;
    const { user } = await open("", { scene: "locked", ...KEY, platform }, plays([{ fails: word }]));

    await user.click(await byId("unlock-passkey"));

    const failure = await byId("ceremony-failure");
    expect(failure.textContent).toContain(first(word));
    expect(failure.textContent).not.toContain("{");
    expect(failure).toHaveAttribute("role", word === "cancelled" ? "status" : "alert");
    // The lock cannot be closed: "OK" has nothing to do there, and something is always left to press.
    const expected = FAILURES[word].unlock.filter((action) => action !== "ok").map(testIdOf);
    expect(await buttons()).toEqual(expected.length > 0 ? expected : ["do-again"]);
    expect((await byId((await buttons())[0] ?? "")).matches(":focus")).toBe(true);
  });

  it.each(words)("says why and what to do when creating: %s", async (word) => {
    const [platform] = FAILURES[word].systems;
    const { user } = await open("#/backup/e2ee/setup?first=passkey", { scene: "chats", kinds: ["security_key"], platform }, plays([{ fails: word }]));
    await user.click(await byId("place-pick"));

    await user.click(await byId("passkey-create"));

    expect((await byId("ceremony-failure")).textContent).toContain(first(word));
    expect(await buttons()).toEqual(FAILURES[word].create.map(testIdOf));
  });

  it("a passkey of another backup is named as that", async () => {
    const opened = await open("", { scene: "locked", ...KEY }, (host) => {
      for (const repository of host.repositories.values()) repository.hasPasskey = false;
    });

    await opened.user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");

    expect((await byId("ceremony-failure")).textContent).toContain("belongs to another backup");
    expect(await buttons()).toEqual(["do-another-way"]);
  });

  it("that is not about the passkey keeps its own sentence", async () => {
    const { user } = await open("", { scene: "locked", ...KEY }, (host) => host.failNext("unlock", new HostError("damaged")));

    await user.click(await byId("unlock-passkey"));

    expect((await byId("ceremony-failure")).textContent).toContain("damaged");
    expect(await buttons()).toEqual(["do-again", "do-another-way"]);
  });

  it("is tried again with the same button", async () => {
    const opened = await open("", { scene: "locked", ...KEY }, plays([{ fails: "timed_out" }]));
    await opened.user.click(await byId("unlock-passkey"));

    await opened.user.click(await byId("do-again"));
    await typePin(opened, "2468");

    await waitFor(() => expect(opened.app.isLocked).toBe(false));
  });

  it("with a key without PIN leads to choosing one, twice and long enough", async () => {
    const opened = await open("", { scene: "locked", ...KEY }, (host) => {
      host.authenticator.pin = null;
      host.authenticator.scripts.push([{ fails: "pin_not_set" }]);
    });
    const { host, app, user } = opened;
    await user.click(await byId("unlock-passkey"));
    await user.click(await byId("do-set-pin"));
    const set = async (one: string, two: string): Promise<void> => {
      await enter("new-pin", one);
      await enter("new-pin-again", two);
      await user.click(await byId("new-pin-set"));
    };

    await set("12", "12");
    await screen.findByText("Too short. Use 4 characters or more.");
    await set("x".repeat(64), "x".repeat(64));
    await screen.findByText("Too long. Use a PIN of at most 63 characters.");
    await set("1359", "1358");
    await screen.findByText("The two PINs are not the same.");
    expect(await byId("new-pin-again")).toHaveFocus();
    const askedBefore = host.calls.includes("answerPrompt");
    await set("1111", "1111");
    await screen.findByText(/does not accept this PIN/u);
    await set("1359", "1359");

    await waitFor(() => expect(app.isLocked).toBe(false));
    expect(askedBefore).toBe(false);
    expect(host.authenticator.pin).toBe("1359");
  });

  it("on Linux shows commands to copy", async () => {
    const opened = await open("", { scene: "locked", ...KEY }, plays([{ fails: "no_permission" }]));
    const { user } = opened;
    await user.click(await byId("unlock-passkey"));

    await user.click(await byId("do-how-udev"));
    await user.click(await screen.findByRole("button", { name: "Copy commands" }));

    expect((await byId("fix-command")).textContent).toContain("/etc/udev/rules.d/70-coffer.rules");
    expect(await screen.findByText("Copied. Paste it into a terminal.")).toHaveAttribute("role", "status");
    expect(await navigator.clipboard.readText()).toContain('ENV{ID_FIDO_TOKEN}=="1"');
    expect(await byId("do-how-udev")).toHaveAttribute("aria-expanded", "true");
  });

  it("of a key without the passkey lists which one is looked for", async () => {
    const { user } = await open("#/backup/e2ee", KEY, plays([{ fails: "no_credential" }]));
    await user.click(await screen.findByRole("button", { name: "Test Security key" }));

    await user.click(await byId("unlock-passkey"));

    const failure = await byId("ceremony-failure");
    expect(failure.textContent).toContain("This security key does not hold the passkey for this backup.");
    expect(inside(failure).getByRole("listitem").textContent).toMatch(/^Security key, added .*2026/u);
  });

  it("at creation names the passkey that is of no use", async () => {
    const { user } = await open("#/backup/e2ee/setup?first=passkey", { scene: "chats", kinds: ["security_key"] }, plays([{ fails: "no_prf_at_creation" }]));
    await user.click(await byId("place-pick"));
    await user.click(await byId("passkey-create"));

    expect((await byId("unused-passkey")).textContent).toContain("account “sams-laptop, 2026-11-20, 7f3a”");
    await user.click(await byId("do-use-key"));

    expect(await byId("setup-key")).toBeInTheDocument();
  });
});

describe("protecting with a passkey", () => {
  it("leads over the touch, the proof and the 64 digits to the first backup", async () => {
    const opened = await open("#/backup/e2ee", { scene: "chats", kinds: ["security_key"] });
    const { host, app, user } = opened;

    await user.click(await byId("method-passkey-create"));
    await user.click(await byId("place-pick"));
    await user.click(await byId("passkey-create"));
    await typePin(opened, "2468");
    await byId("passkey-made");
    expect(screen.getByRole("heading", { name: "Security key opens your backups now" })).toHaveFocus();
    expect(await byId("device-bound")).toHaveTextContent("you will need your 64-digit key");
    await user.click(await byId("passkey-next"));
    await user.click(await byId("key-next"));
    await enter("confirm-first", SAMPLE_DIGITS.slice(8, 12));
    await enter("confirm-second", SAMPLE_DIGITS.slice(40, 44));
    await user.click(await byId("confirm-yes"));
    await user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");
    expect(inside(await byId("setup-done")).getByText(/You have 2 ways to unlock/u)).toBeInTheDocument();
    await user.click(await byId("first-backup"));

    await waitFor(() => expect(app.backup.result.kind).toBe("backup"));
    expect(host.authenticator.shown.map((one) => one.purpose)).toEqual(expect.arrayContaining(["create", "prove", "unlock"]));
  });

  it("cannot go on with the passkey alone without a tick", async () => {
    const opened = await open("#/backup/e2ee/setup?first=passkey", { scene: "chats", kinds: ["security_key"] });
    const { user } = opened;
    await user.click(await byId("place-pick"));
    await user.click(await byId("passkey-create"));
    await typePin(opened, "2468");
    await user.click(await byId("passkey-next"));

    await user.click(await byId("setup-skip"));
    await user.click(await byId("skip-yes"));

    expect(await screen.findByText("Tick the box to go on.")).toBeInTheDocument();
    expect(await byId("setup-key")).toBeInTheDocument();
  });

  it("asks what is to hold it where there are several things, and comes back to that", async () => {
    const { user } = await open("#/backup/e2ee/setup?first=passkey", { scene: "chats", kinds: ["platform", "security_key", "phone"], platform: "windows" });
    await user.click(await byId("place-pick"));
    const rows = inside(await byId("passkey-kinds")).getAllByRole("button").map((button) => button.textContent.trim());

    await user.click(await byId("passkey-kind-phone"));
    await user.click(await screen.findByRole("button", { name: "Back" }));

    expect(rows).toEqual(["Set up Windows Hello", "Set up security key", "Show code"]);
    expect(await byId("passkey-kinds")).toBeInTheDocument();
  });

  it("offers a passkey as the second way after the 64 digits", async () => {
    const opened = await open("#/backup/e2ee/setup?first=recovery_key", { scene: "chats", kinds: ["security_key"] });
    const { user } = opened;
    await user.click(await byId("place-pick"));
    await user.click(await byId("key-next"));
    await enter("confirm-first", SAMPLE_DIGITS.slice(8, 12));
    await enter("confirm-second", SAMPLE_DIGITS.slice(40, 44));
    await user.click(await byId("confirm-yes"));
    await user.click(await byId("choose-passkey"));
    await user.click(await screen.findByRole("button", { name: "Back" }));

    await user.click(await byId("choose-passkey"));
    await user.click(await byId("passkey-create"));
    await typePin(opened, "2468");
    await user.click(await byId("passkey-next"));

    expect(await byId("setup-try")).toBeInTheDocument();
  });

  it("has no card where no passkey can be used", async () => {
    await open("#/backup/e2ee", { scene: "chats" });

    await byId("method-key");

    expect(screen.queryByTestId("method-passkey")).toBeNull();
  });

  it("adds another key after a fresh unlock with the one there is", async () => {
    const opened = await open("#/backup/e2ee", KEY);
    const { user } = opened;
    await user.click(await byId("add-passkey"));
    expect(screen.getByRole("button", { name: "Add another security key", hidden: true })).toBeInTheDocument();
    expect(await byId("unlock-passkey")).toHaveFocus();

    await user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");
    await user.click(await byId("passkey-create"));
    await typePin(opened, "2468");
    await byId("passkey-made");
    await user.click(await byId("passkey-keep"));

    expect(await screen.findByRole("heading", { name: "Security key 2" })).toBeInTheDocument();
  });

  it("replaces a key: the new one opened the backup before the old one goes", async () => {
    const opened = await open("#/backup/e2ee", KEY);
    const { host, user } = opened;
    await user.click(await screen.findByRole("button", { name: "Replace Security key" }));
    await user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");

    await user.click(await byId("passkey-create"));
    await typePin(opened, "2468");
    await byId("passkey-made");

    expect(host.calls.indexOf("removeWay")).toBeGreaterThan(host.calls.indexOf("addPasskey"));
  });

  it("says who else keeps a removed passkey", async () => {
    const { user } = await open("#/backup/e2ee", KEY);

    await user.click(await screen.findByRole("button", { name: "Remove Security key" }));

    expect(await byId("remove-manager")).toHaveTextContent("Also delete the passkey in the settings of the security key itself. Coffer cannot.");
  });

  it("names no manager for a passkey that only this Mac keeps", async () => {
    const { user } = await open("#/backup/e2ee", { hasPasskey: true, kinds: ["platform"], platform: "macos" });

    await user.click(await screen.findByRole("button", { name: "Remove Touch ID" }));

    await byId("remove-dialog");
    expect(screen.queryByTestId("remove-manager")).toBeNull();
  });

  it("tests a passkey for real", async () => {
    const opened = await open("#/backup/e2ee", KEY);
    await opened.user.click(await screen.findByRole("button", { name: "Test Security key" }));

    await opened.user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");

    expect(await byId("test-result")).toHaveTextContent(/It works\. Opened the backup of/u);
    expect(opened.host.calls).toContain("testWay");
  });

  it("says when another key than the tested one has answered", async () => {
    const opened = await open("#/backup/e2ee", KEY);
    const { user } = opened;
    await user.click(await byId("add-passkey"));
    await user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");
    await user.click(await byId("passkey-create"));
    await typePin(opened, "2468");
    await user.click(await byId("passkey-keep"));
    await user.click(await screen.findByRole("button", { name: "Test Security key 2" }));

    await user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");

    expect(await byId("test-result")).toHaveTextContent("“Security key” answered instead");
    await user.click(await byId("test-again"));
    expect(await byId("unlock-passkey")).toBeInTheDocument();
  });

  it("keeps the dialog, says cancelled, and gives the focus back when it closes", async () => {
    const { host, user } = await open("#/backup/e2ee", KEY, plays([TOUCH]));
    await user.click(await screen.findByRole("button", { name: "Test Security key" }));
    await user.click(await byId("unlock-passkey"));
    await isAt("touch");

    await user.click(await byId("ceremony-cancel"));
    expect(await screen.findByText("Cancelled. Nothing changed.")).toBeInTheDocument();
    await user.click(await byId("ceremony-close"));

    expect(screen.queryByTestId("test-sheet")).toBeNull();
    expect(screen.getByRole("button", { name: "Test Security key" })).toHaveFocus();
    expect(host.calls).toContain("cancelCeremony");
  });

  it("is cancelled when its screen is left", async () => {
    const { app, host, user } = await open("#/backup/e2ee/setup?first=passkey", { scene: "chats", kinds: ["security_key"] }, plays([TOUCH]));
    await user.click(await byId("place-pick"));
    await user.click(await byId("passkey-create"));
    await isAt("touch");

    app.go("#/chats");
    await byId("search");

    await waitFor(() => expect(host.authenticator.shown.at(-1)?.step).toBe("done"));
    expect(app.protection.view?.ways).toEqual([]);
  });
});

describe("where a passkey works and who keeps it", () => {
  const way: WayView = { id: "a", kind: "passkey", name: "A", added: 0, lastUsed: null, lastTested: null, passkeyKind: "platform", reach: "this_computer", isProved: true };

  it("is said in words that are true for it", () => {
    expect(passkeyReach({ ...way, passkeyKind: "phone", reach: "this_key" })).toBe("protect.reach_this_phone");
    expect(passkeyReach({ ...way, passkeyKind: "security_key", reach: "this_key" })).toBe("protect.reach_this_key");
    expect(passkeyReach(way)).toBeNull();
    expect(managerWord({ ...way, reach: "synced" }, "macos")).toBe("the Passwords app of your Mac");
    expect(managerWord(way, "windows")).toBe("Windows Settings, under Accounts, Passkeys");
    expect(managerWord({ ...way, reach: "synced" }, "linux")).toBe("the password manager that keeps it");
    expect(managerWord(way, "linux")).toBeNull();
  });
});

describe("restoring with a passkey", () => {
  it("offers it first and opens the backups with it", async () => {
    const opened = await open("#/restore", { scene: "fresh", ...KEY });
    const { user } = opened;
    await user.click(await byId("place-pick"));

    await user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");

    expect(await screen.findAllByTestId("backup-item")).toHaveLength(3);
  });

  it("offers a passkey for the new computer once it is protected, never by itself", async () => {
    const { app, host, user } = await open("#/restore", { scene: "fresh", kinds: ["platform"], platform: "windows" });
    await user.click(await byId("place-pick"));
    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));
    await user.click(await byId("restore-continue"));
    await user.click(await byId("restore-start"));

    await user.click(await byId("protect-here-yes"));
    await user.click(await byId("protect-passkey"));

    await waitFor(() => expect(app.route.name).toBe("protect"));
    expect(await byId("add-passkey")).toBeInTheDocument();
    expect(host.calls).not.toContain("addPasskey");
  });

  it("opens with the password when the passkey is of elsewhere, and says so quietly", async () => {
    const { user } = await open("#/restore", { scene: "fresh", hasPasskey: true });
    await user.click(await byId("place-pick"));
    await byId("passkey-elsewhere");

    await enter("unlock-password", SAMPLE_PASSWORD);
    await user.click(await byId("unlock-submit"));

    expect(await screen.findAllByTestId("backup-item")).toHaveLength(3);
  });

  it("stays at the unlock when the touch is cancelled", async () => {
    const { user } = await open("#/restore", { scene: "fresh", ...KEY }, plays([TOUCH]));
    await user.click(await byId("place-pick"));
    await user.click(await byId("unlock-passkey"));
    await isAt("touch");

    await user.click(await byId("ceremony-cancel"));

    expect(await screen.findByText("Cancelled. Nothing changed.")).toBeInTheDocument();
    expect(await byId("restore-unlock")).toBeInTheDocument();
  });
});

describe("backing up without a keychain", () => {
  it("asks for the security key and runs", async () => {
    const opened = await open("#/backup", KEY, (host) => void (host.keychain = false));
    await opened.user.click(await byId("backup-now"));

    await opened.user.click(await byId("unlock-passkey"));
    await typePin(opened, "2468");

    await waitFor(() => expect(opened.app.backup.result.kind).toBe("backup"));
  });
});

describe("a code for the phone", () => {
  it("is drawn here and can be read back", async () => {
    const { default: decodeQR } = await import("qr/decode.js");
    const text = "FIDO:/13086400838107303667332719012595115747821895775708323189557153075146383351399743589971313508078026948312026786722471666005727649643501784024544726574771401798171307406596245";
    const { user } = await open("", { scene: "locked", hasPasskey: true, kinds: ["phone"], platform: "macos" }, plays([{ step: "qr", qr: text, isHeld: true }]));
    await user.click(await byId("unlock-passkey"));

    const code = await byId("qr");
    const size = Number(code.getAttribute("viewBox")?.split(" ")[2]);
    const dark = new Set([...(code.querySelector("path")?.getAttribute("d") ?? "").matchAll(/M(\d+) (\d+)h1/gu)].map(([, x, y]) => `${String(x)},${String(y)}`));
    const scale = 4;
    const data = new Uint8Array(size * scale * size * scale).map((_, at) => {
      const x = Math.floor((at % (size * scale)) / scale);
      const y = Math.floor(at / (size * scale) / scale);
      return dark.has(`${String(x)},${String(y)}`) ? 0 : 255;
    });
    const pixels = new Uint8Array([...data].flatMap((grey) => [grey, grey, grey, 255]));

    expect(decodeQR({ width: size * scale, height: size * scale, data: pixels })).toBe(text);
    expect(code).toHaveAccessibleName("Code for your phone's camera");
  });
});
