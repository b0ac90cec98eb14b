// Every screen in every state: it stands there, and axe finds nothing.
import { fireEvent } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import { SAMPLE_DIGITS, SAMPLE_PASSWORD, type FakeHost, type FakeOptions } from "../src/host/fake";
import { ERROR_CODES, HostError } from "../src/host/host";
import { byId, expectClean, inside, open, screen, waitFor, type Opened } from "./window";

const ANNA = "a1".repeat(16);

type Look = {
  name: string;
  hash: string;
  options?: FakeOptions;
  host?: (host: FakeHost) => void;
  act?: (opened: Opened) => Promise<void>;
  shows: string;
};

const press = async (opened: Opened, id: string): Promise<void> => opened.user.click(await byId(id));
const enter = async (id: string, value: string): Promise<void> => {
  await fireEvent.input(await byId(id), { target: { value } });
};
const toUnlocked = async (opened: Opened): Promise<void> => {
  await press(opened, "place-pick");
  await enter("unlock-password", SAMPLE_PASSWORD);
  await press(opened, "unlock-submit");
};
const toWay = async (opened: Opened): Promise<void> => press(opened, "place-pick");
const toKey = async (opened: Opened): Promise<void> => {
  await toWay(opened);
  await press(opened, "choose-key");
};

const looks: Look[] = [
  { name: "welcome", hash: "", options: { scene: "fresh" }, shows: "start-add" },
  { name: "locked", hash: "", options: { scene: "locked" }, shows: "unlock-password" },
  { name: "chats", hash: "#/chats", options: { scene: "chats" }, shows: "search" },
  { name: "chats, none", hash: "#/chats", options: { scene: "fresh" }, shows: "chats-empty" },
  { name: "chats, filters", hash: "#/chats", options: { scene: "chats" }, act: async (o) => press(o, "filters"), shows: "search" },
  { name: "chats, found", hash: "#/chats", options: { scene: "chats" }, act: async () => enter("search", "umbrella"), shows: "search-hit" },
  { name: "chats, nothing found", hash: "#/chats", options: { scene: "chats" }, act: async () => enter("search", "zzz"), shows: "search-none" },
  { name: "reader", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, shows: "missing-media" },
  { name: "reader, find", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, act: async (o) => press(o, "find-open"), shows: "find" },
  { name: "reader, jump to date", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, act: async (o) => press(o, "jump-date"), shows: "jump-dialog" },
  { name: "reader, media", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, act: async (o) => press(o, "media"), shows: "media-grid" },
  { name: "reader, export", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, act: async (o) => press(o, "export-chat"), shows: "export-dialog" },
  { name: "add", hash: "#/add", options: { scene: "fresh" }, shows: "drop-zone" },
  { name: "add, preview", hash: "#/add", options: { scene: "fresh" }, act: async (o) => press(o, "source-pick"), shows: "import-order" },
  {
    name: "add, several chats",
    hash: "#/add",
    options: { scene: "fresh" },
    host: (host) => {
      host.preview = { chats: [0, 1, 2].map((index) => ({ index, title: `Chat ${String(index)}`, messages: 12, first: null, last: null })), dates: null };
    },
    act: async (o) => press(o, "source-pick"),
    shows: "import-preview",
  },
  {
    name: "add, running",
    hash: "#/add",
    options: { scene: "fresh", step: 100_000 },
    act: async (o) => {
      await press(o, "source-pick");
      await press(o, "import-start");
    },
    shows: "backup-progress",
  },
  {
    name: "add, report",
    hash: "#/add",
    options: { scene: "fresh" },
    host: (host) => {
      host.importReport = { undecided: ["overlap", "something_new"], mediaOmitted: 3, updated: 2 };
    },
    act: async (o) => {
      await press(o, "source-pick");
      await press(o, "import-start");
    },
    shows: "import-report",
  },
  { name: "backup, running", hash: "#/backup", host: (host) => void host.holdJob("backup", "encrypting", 62, 100, 290_000), shows: "backup-progress" },
  { name: "backup, check dialog", hash: "#/backup", act: async (o) => press(o, "verify-now"), shows: "check-dialog" },
  { name: "backup, all backups", hash: "#/backup", act: async (o) => press(o, "backup-list"), shows: "backups-dialog" },
  { name: "backup, done", hash: "#/backup", act: async (o) => press(o, "backup-now"), shows: "backup-report" },
  {
    name: "backup, damage found",
    hash: "#/backup",
    host: (host) => {
      host.checkReport = { isOk: false, damaged: [{ file: "packs/3f.pack", what: "damaged", affects: ["Anna Reyes"] }] };
    },
    act: async (o) => {
      await press(o, "verify-now");
      await press(o, "check-start");
    },
    shows: "check-report",
  },
  { name: "protection, off", hash: "#/backup/e2ee", options: { scene: "chats" }, shows: "method-key" },
  { name: "protection, on", hash: "#/backup/e2ee", shows: "turn-off" },
  { name: "protection, at risk", hash: "#/backup/e2ee", options: { scene: "at_risk" }, shows: "at-risk" },
  { name: "protection, remove", hash: "#/backup/e2ee", act: async (o) => o.user.click(await screen.findByRole("button", { name: "Remove Password" })), shows: "remove-dialog" },
  { name: "protection, rename", hash: "#/backup/e2ee", act: async (o) => o.user.click(await screen.findByRole("button", { name: "Rename Password" })), shows: "rename-field" },
  { name: "protection, test", hash: "#/backup/e2ee", act: async (o) => o.user.click(await screen.findByRole("button", { name: "Test Password" })), shows: "test-sheet" },
  { name: "protection, turn off", hash: "#/backup/e2ee", act: async (o) => press(o, "turn-off"), shows: "turn-off-dialog" },
  {
    name: "unlock sheet, digits with a mistake",
    hash: "#/backup/e2ee",
    act: async (o) => {
      await press(o, "turn-off");
      await press(o, "turn-off-yes");
      await o.user.click(inside(await byId("unlock-with-recovery_key")).getByRole("radio"));
      await enter("unlock-digits", "1234567012345670");
    },
    shows: "unlock-sheet",
  },
  { name: "set-up, place", hash: "#/backup/e2ee/setup", options: { scene: "chats" }, shows: "setup-place" },
  {
    name: "set-up, place with other files",
    hash: "#/backup/e2ee/setup",
    options: { scene: "chats" },
    host: (host) => host.picks.push("/home/sam/Documents"),
    act: toWay,
    shows: "place-use-sub",
  },
  {
    name: "set-up, place with backups",
    hash: "#/backup/e2ee/setup",
    options: { scene: "chats" },
    host: (host) => host.picks.push("/media/sam/Blue drive/Coffer backups"),
    act: toWay,
    shows: "place-open",
  },
  { name: "set-up, way", hash: "#/backup/e2ee/setup", options: { scene: "chats" }, act: toWay, shows: "choose-password" },
  {
    name: "set-up, password",
    hash: "#/backup/e2ee/setup",
    options: { scene: "chats" },
    act: async (o) => {
      await toWay(o);
      await press(o, "choose-password");
      await enter("password", "short");
      await press(o, "password-save");
    },
    shows: "setup-password",
  },
  { name: "set-up, key hidden", hash: "#/backup/e2ee/setup", options: { scene: "chats" }, act: toKey, shows: "setup-key" },
  {
    name: "set-up, key shown",
    hash: "#/backup/e2ee/setup",
    options: { scene: "chats" },
    act: async (o) => {
      await toKey(o);
      await press(o, "key-show");
    },
    shows: "key-grid",
  },
  {
    name: "set-up, key confirm, wrong group",
    hash: "#/backup/e2ee/setup",
    options: { scene: "chats" },
    act: async (o) => {
      await toKey(o);
      await press(o, "key-next");
      await enter("confirm-first", "0000");
      await press(o, "confirm-yes");
    },
    shows: "setup-confirm",
  },
  { name: "restore, place", hash: "#/restore", options: { scene: "fresh" }, shows: "restore-place" },
  {
    name: "restore, no backup there",
    hash: "#/restore",
    options: { scene: "fresh" },
    host: (host) => host.picks.push("/home/sam/Backups"),
    act: async (o) => press(o, "place-pick"),
    shows: "place-error",
  },
  {
    name: "restore, unlock",
    hash: "#/restore",
    options: { scene: "fresh" },
    host: (host) => {
      host.opened = { notes: [{ file: "keyslots/4a", what: "syncing", affects: [] }], alsoFound: ["/media/sam/Blue drive/old"] };
    },
    act: async (o) => press(o, "place-pick"),
    shows: "restore-unlock",
  },
  { name: "restore, backups", hash: "#/restore", options: { scene: "fresh" }, act: toUnlocked, shows: "restore-backups" },
  {
    name: "restore, look inside",
    hash: "#/restore",
    options: { scene: "fresh" },
    act: async (o) => {
      await toUnlocked(o);
      await press(o, "look");
      await o.user.click((await screen.findAllByTestId("chat-row"))[0] ?? document.body);
    },
    shows: "reader",
  },
  {
    name: "restore, choose",
    hash: "#/restore",
    options: { scene: "fresh" },
    act: async (o) => {
      await toUnlocked(o);
      await press(o, "restore-continue");
    },
    shows: "restore-counts",
  },
  {
    name: "restore, done with loss",
    hash: "#/restore",
    options: { scene: "fresh" },
    host: (host) => {
      host.restoreReport = { missing: [{ file: "packs/aa.pack", what: "missing", affects: ["Family"] }] };
    },
    act: async (o) => {
      await toUnlocked(o);
      await press(o, "restore-continue");
      await press(o, "restore-start");
    },
    shows: "protect-here",
  },
  { name: "settings", hash: "#/settings", shows: "theme" },
  { name: "settings, chats", hash: "#/settings/chats", shows: "settings-backup" },
];

describe("each screen", () => {
  it.each(looks)("$name is clean", async ({ hash, options, host, act, shows }) => {
    const opened = await open(hash, options, host);

    await act?.(opened);

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
  it.each(ERROR_CODES)("adding chats explains %s and stays usable", async (code) => {
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
    const wasAsked = screen.queryByText(/Tick the box/u) !== null;
    await user.click(await byId("remove-understood"));
    await user.click(await byId("remove-yes"));
    await user.click(inside(await byId("unlock-with-recovery_key")).getByRole("radio"));
    await enter("unlock-digits", SAMPLE_DIGITS);
    await user.click(await byId("unlock-submit"));

    expect(wasAsked).toBe(true);
    await waitFor(() => expect(screen.queryByRole("button", { name: "Test Password" })).toBeNull());
    expect(host.calls).toContain("removeWay");
    expect(await byId("at-risk")).toBeInTheDocument();
  });
});
