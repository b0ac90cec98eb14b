// Every screen in every state a person can bring it to: how to get there, and what then stands there.
// Drives the tests in jsdom (screens.test.ts) and the pages drawn by a real engine (drawn/).
import { SAMPLE_PASSWORD, type FakeHost, type FakeOptions } from "../src/host/fake";
import type { Beat } from "../src/host/fake/authenticator";
import { HostError } from "../src/host/host";

const ANNA = "a1".repeat(16);

/** Somebody at the window, who finds things by their test id or by their name. */
export type Person = {
  press(id: string): Promise<void>;
  /** Presses the button with this name. */
  pressNamed(name: string): Promise<void>;
  /** Presses the radio button inside the choice with this test id. */
  choose(id: string): Promise<void>;
  enter(id: string, value: string): Promise<void>;
};

export type Look = {
  name: string;
  hash: string;
  options?: FakeOptions;
  host?: (host: FakeHost) => void;
  act?: (person: Person) => Promise<void>;
  /** The test id of what must stand there in the end. */
  shows: string;
};

const toUnlocked = async (p: Person): Promise<void> => {
  await p.press("place-pick");
  await p.enter("unlock-password", SAMPLE_PASSWORD);
  await p.press("unlock-submit");
};
const toWay = (p: Person): Promise<void> => p.press("place-pick");
const toKey = async (p: Person): Promise<void> => {
  await toWay(p);
  await p.press("choose-key");
};

/** A ceremony that stays at one step, or ends by a failure. */
const plays = (...beats: Beat[]) => (host: FakeHost): void => void host.authenticator.scripts.push(beats);
const withKey = { kinds: ["security_key"], hasPasskey: true } satisfies FakeOptions;
const onWindows = { kinds: ["platform", "security_key", "phone"], platform: "windows" } satisfies FakeOptions;
const unlockWithKey = (p: Person): Promise<void> => p.press("unlock-passkey");
const makePasskey = async (p: Person): Promise<void> => {
  await toWay(p);
  await p.press("passkey-create");
};
const HELD: [string, Beat][] = [
  ["insert", { step: "insert", isHeld: true }],
  ["touch", { step: "touch", device: "YubiKey 5 NFC", isHeld: true }],
  ["touch, several", { step: "touch", several: true, isHeld: true }],
  ["PIN", { step: "pin", triesLeft: 8 }],
  ["wrong PIN", { step: "pin", wasWrong: true, triesLeft: 1 }],
  ["new PIN", { step: "new_pin", minLength: 6 }],
  ["new PIN refused", { step: "new_pin", minLength: 6, problem: "refused" }],
  ["fingerprint", { step: "fingerprint", isHeld: true }],
  ["wrong fingerprint", { step: "fingerprint", wasWrong: true, triesLeft: 2, isHeld: true }],
  ["working", { step: "working", isHeld: true }],
];
const HELD_ELSEWHERE: [string, Beat][] = [
  ["system dialog", { step: "platform", isHeld: true }],
  ["code", { step: "qr", qr: "FIDO:/0123456789", isHeld: true }],
  ["phone connected", { step: "phone_connected", isHeld: true }],
];
const stepLooks: Look[] = [
  ...HELD.map(([name, beat]): Look => ({ name: `lock, ${name}`, hash: "", options: { scene: "locked", ...withKey }, host: plays(beat), act: unlockWithKey, shows: "ceremony-cancel" })),
  ...HELD_ELSEWHERE.map(([name, beat]): Look => ({
    name: `lock on Windows, ${name}`, hash: "", options: { scene: "locked", hasPasskey: true, ...onWindows }, host: plays(beat), act: unlockWithKey, shows: "ceremony-cancel",
  })),
];
const passkeyLooks: Look[] = [
  { name: "lock, passkey first", hash: "", options: { scene: "locked", ...withKey }, shows: "unlock-passkey" },
  { name: "lock, passkey first, on Windows", hash: "", options: { scene: "locked", hasPasskey: true, ...onWindows }, shows: "unlock-passkey" },
  { name: "lock, another way", hash: "", options: { scene: "locked", ...withKey }, act: (p) => p.press("unlock-other"), shows: "unlock-with-passkey" },
  { name: "lock, passkey of elsewhere", hash: "", options: { scene: "locked", hasPasskey: true }, shows: "passkey-elsewhere" },
  ...stepLooks,
  { name: "lock, failed", hash: "", options: { scene: "locked", ...withKey }, host: plays({ fails: "pin_blocked" }), act: unlockWithKey, shows: "ceremony-failure" },
  {
    name: "lock, failed, how to fix it",
    hash: "",
    options: { scene: "locked", ...withKey },
    host: plays({ fails: "no_permission" }),
    act: async (p) => {
      await unlockWithKey(p);
      await p.press("do-how-udev");
    },
    shows: "fix-command",
  },
  { name: "protection, off, with passkeys", hash: "#/backup/e2ee", options: { scene: "chats", ...onWindows }, shows: "method-passkey" },
  { name: "protection, off, with security keys", hash: "#/backup/e2ee", options: { scene: "chats", kinds: ["security_key"] }, shows: "method-passkey" },
  { name: "protection, on, with a passkey", hash: "#/backup/e2ee", options: withKey, shows: "add-passkey" },
  { name: "protection, on, bound to this computer", hash: "#/backup/e2ee", options: { scene: "at_risk", hasPasskey: true, ...onWindows }, shows: "turn-off" },
  { name: "protection, test a passkey", hash: "#/backup/e2ee", options: withKey, act: (p) => p.pressNamed("Test Security key"), shows: "unlock-passkey" },
  { name: "protection, remove a passkey", hash: "#/backup/e2ee", options: withKey, act: (p) => p.pressNamed("Remove Security key"), shows: "remove-manager" },
  {
    name: "unlock sheet, touch",
    hash: "#/backup/e2ee",
    options: withKey,
    host: plays({ step: "touch", isHeld: true }),
    act: async (p) => {
      await p.press("turn-off");
      await p.press("turn-off-yes");
      await unlockWithKey(p);
    },
    shows: "ceremony-cancel",
  },
  {
    name: "unlock sheet, not this key",
    hash: "#/backup/e2ee",
    options: withKey,
    host: plays({ fails: "no_credential" }),
    act: async (p) => {
      await p.press("turn-off");
      await p.press("turn-off-yes");
      await unlockWithKey(p);
    },
    shows: "ceremony-failure",
  },
  { name: "set-up, way, with passkeys", hash: "#/backup/e2ee/setup", options: { scene: "chats", ...onWindows }, act: toWay, shows: "choose-passkey" },
  { name: "set-up, what holds the passkey", hash: "#/backup/e2ee/setup?first=passkey", options: { scene: "chats", ...onWindows }, act: toWay, shows: "passkey-kinds" },
  { name: "set-up, security key", hash: "#/backup/e2ee/setup?first=passkey", options: { scene: "chats", kinds: ["security_key"] }, act: toWay, shows: "passkey-create" },
  {
    name: "set-up, security key, failed",
    hash: "#/backup/e2ee/setup?first=passkey",
    options: { scene: "chats", kinds: ["security_key"] },
    host: plays({ fails: "no_prf_at_creation" }),
    act: makePasskey,
    shows: "unused-passkey",
  },
  {
    name: "set-up, security key, made",
    hash: "#/backup/e2ee/setup?first=passkey",
    options: { scene: "chats", kinds: ["security_key"] },
    host: plays({ step: "touch" }, { step: "touch" }),
    act: makePasskey,
    shows: "device-bound",
  },
  { name: "restore, passkey first", hash: "#/restore", options: { scene: "fresh", ...withKey }, act: (p) => p.press("place-pick"), shows: "unlock-passkey" },
  { name: "restore, passkey of elsewhere", hash: "#/restore", options: { scene: "fresh", hasPasskey: true }, act: (p) => p.press("place-pick"), shows: "passkey-elsewhere" },
];

export const looks: Look[] = [
  ...passkeyLooks,
  { name: "welcome", hash: "", options: { scene: "fresh" }, shows: "start-add" },
  { name: "locked", hash: "", options: { scene: "locked" }, shows: "unlock-password" },
  { name: "chats", hash: "#/chats", options: { scene: "chats" }, shows: "search" },
  { name: "chats, none", hash: "#/chats", options: { scene: "fresh" }, shows: "chats-empty" },
  { name: "chats, filters", hash: "#/chats", options: { scene: "chats" }, act: (p) => p.press("filters"), shows: "search" },
  { name: "chats, found", hash: "#/chats", options: { scene: "chats" }, act: (p) => p.enter("search", "umbrella"), shows: "search-hit" },
  { name: "chats, nothing found", hash: "#/chats", options: { scene: "chats" }, act: (p) => p.enter("search", "zzz"), shows: "search-none" },
  { name: "reader", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, shows: "missing-media" },
  { name: "reader, find", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, act: (p) => p.press("find-open"), shows: "find" },
  { name: "reader, jump to date", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, act: (p) => p.press("jump-date"), shows: "jump-dialog" },
  { name: "reader, media", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, act: (p) => p.press("media"), shows: "media-grid" },
  { name: "reader, export", hash: `#/chats/${ANNA}`, options: { scene: "chats" }, act: (p) => p.press("export-chat"), shows: "export-dialog" },
  { name: "add", hash: "#/add", options: { scene: "fresh" }, shows: "drop-zone" },
  { name: "add, preview", hash: "#/add", options: { scene: "fresh" }, act: (p) => p.press("source-pick"), shows: "import-order" },
  {
    name: "add, several chats",
    hash: "#/add",
    options: { scene: "fresh" },
    host: (host) => {
      host.preview = { chats: [0, 1, 2].map((index) => ({ index, title: `Chat ${String(index)}`, messages: 12, first: null, last: null })), dates: null };
    },
    act: (p) => p.press("source-pick"),
    shows: "import-preview",
  },
  {
    name: "add, running",
    hash: "#/add",
    options: { scene: "fresh", step: 100_000 },
    act: async (p) => {
      await p.press("source-pick");
      await p.press("import-start");
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
    act: async (p) => {
      await p.press("source-pick");
      await p.press("import-start");
    },
    shows: "import-report",
  },
  { name: "backup, running", hash: "#/backup", host: (host) => void host.holdJob("backup", "encrypting", 62, 100, 290_000), shows: "backup-progress" },
  { name: "backup, check dialog", hash: "#/backup", act: (p) => p.press("verify-now"), shows: "check-dialog" },
  { name: "backup, all backups", hash: "#/backup", act: (p) => p.press("backup-list"), shows: "backups-dialog" },
  { name: "backup, done", hash: "#/backup", act: (p) => p.press("backup-now"), shows: "backup-report" },
  {
    name: "backup, damage found",
    hash: "#/backup",
    host: (host) => {
      host.checkReport = { isOk: false, damaged: [{ file: "packs/3f.pack", what: "damaged", affects: [{ what: "message", count: 214, chat: "Anna Reyes", name: null }] }] };
    },
    act: async (p) => {
      await p.press("verify-now");
      await p.press("check-start");
    },
    shows: "check-report",
  },
  { name: "protection, off", hash: "#/backup/e2ee", options: { scene: "chats" }, shows: "method-key" },
  { name: "protection, on", hash: "#/backup/e2ee", shows: "turn-off" },
  { name: "protection, at risk", hash: "#/backup/e2ee", options: { scene: "at_risk" }, shows: "at-risk" },
  { name: "protection, remove", hash: "#/backup/e2ee", act: (p) => p.pressNamed("Remove Password"), shows: "remove-dialog" },
  {
    name: "protection, remove, lost",
    hash: "#/backup/e2ee",
    act: async (p) => {
      await p.pressNamed("Remove Password");
      await p.press("remove-yes");
      await p.choose("remove-lost_or_known");
    },
    shows: "remove-new-key",
  },
  { name: "protection, rename", hash: "#/backup/e2ee", act: (p) => p.pressNamed("Rename Password"), shows: "rename-field" },
  { name: "protection, test", hash: "#/backup/e2ee", act: (p) => p.pressNamed("Test Password"), shows: "test-sheet" },
  { name: "protection, turn off", hash: "#/backup/e2ee", act: (p) => p.press("turn-off"), shows: "turn-off-dialog" },
  {
    name: "unlock sheet, digits with a mistake",
    hash: "#/backup/e2ee",
    act: async (p) => {
      await p.press("turn-off");
      await p.press("turn-off-yes");
      await p.choose("unlock-with-recovery_key");
      await p.enter("unlock-digits", "1234567012345670");
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
    act: async (p) => {
      await toWay(p);
      await p.press("choose-password");
      await p.enter("password", "short");
      await p.press("password-save");
    },
    shows: "setup-password",
  },
  { name: "set-up, key hidden", hash: "#/backup/e2ee/setup", options: { scene: "chats" }, act: toKey, shows: "setup-key" },
  {
    name: "set-up, key shown",
    hash: "#/backup/e2ee/setup",
    options: { scene: "chats" },
    act: async (p) => {
      await toKey(p);
      await p.press("key-show");
    },
    shows: "key-grid",
  },
  {
    name: "set-up, key confirm, wrong group",
    hash: "#/backup/e2ee/setup",
    options: { scene: "chats" },
    act: async (p) => {
      await toKey(p);
      await p.press("key-next");
      await p.enter("confirm-first", "0000");
      await p.press("confirm-yes");
    },
    shows: "setup-confirm",
  },
  { name: "restore, place", hash: "#/restore", options: { scene: "fresh" }, shows: "restore-place" },
  {
    name: "restore, no backup there",
    hash: "#/restore",
    options: { scene: "fresh" },
    host: (host) => host.picks.push("/home/sam/Backups"),
    act: (p) => p.press("place-pick"),
    shows: "place-error",
  },
  {
    name: "restore, unlock",
    hash: "#/restore",
    options: { scene: "fresh" },
    host: (host) => {
      host.opened = { notes: [{ file: "keyslots/4a", what: "syncing", affects: [] }], alsoFound: ["/media/sam/Blue drive/old"] };
    },
    act: (p) => p.press("place-pick"),
    shows: "restore-unlock",
  },
  { name: "restore, backups", hash: "#/restore", options: { scene: "fresh" }, act: toUnlocked, shows: "restore-backups" },
  {
    name: "restore, look inside",
    hash: "#/restore",
    options: { scene: "fresh" },
    act: async (p) => {
      await toUnlocked(p);
      await p.press("look");
      await p.press("chat-row");
    },
    shows: "reader",
  },
  {
    name: "restore, choose",
    hash: "#/restore",
    options: { scene: "fresh" },
    act: async (p) => {
      await toUnlocked(p);
      await p.press("restore-continue");
    },
    shows: "restore-counts",
  },
  {
    name: "restore, done with loss",
    hash: "#/restore",
    options: { scene: "fresh" },
    host: (host) => {
      host.restoreReport = { missing: [{ file: "packs/aa.pack", what: "missing", affects: [{ what: "photo", count: 12, chat: "Family", name: null }] }] };
    },
    act: async (p) => {
      await toUnlocked(p);
      await p.press("restore-continue");
      await p.press("restore-start");
    },
    shows: "protect-here",
  },
  { name: "settings", hash: "#/settings", shows: "theme" },
  { name: "settings, chats", hash: "#/settings/chats", shows: "settings-backup" },
  { name: "backup, off", hash: "#/backup", options: { scene: "chats" }, shows: "backup-turn-on" },
  { name: "backup, protected", hash: "#/backup", shows: "verify-now" },
  { name: "backup, at risk", hash: "#/backup", options: { scene: "at_risk" }, shows: "backup-add-way" },
  { name: "backup, failed", hash: "#/backup", host: (host) => host.failLastBackup(new HostError("place_full")), shows: "backup-now" },
  { name: "backup, place missing", hash: "#/backup", host: (host) => host.removePlace(), shows: "backup-now" },
  { name: "backup, rolled back", hash: "#/backup", host: (host) => host.rollBack(), shows: "rollback-open" },
  { name: "rollback, both states", hash: "#/backup", host: (host) => host.rollBack(true), act: (p) => p.press("rollback-open"), shows: "rollback-go" },
  {
    name: "rollback, older ways, confirm",
    hash: "#/backup",
    host: (host) => host.rollBack(true),
    act: async (p) => {
      await p.press("rollback-open");
      await p.choose("rollback-right");
      await p.press("rollback-go");
    },
    shows: "unlock-submit",
  },
  {
    name: "welcome, backup found",
    hash: "",
    options: { scene: "fresh" },
    host: (host) => void host.foundBackups.push({ path: "/media/sam/Blue drive/Coffer backups", changed: Date.UTC(2026, 10, 18, 9) }),
    shows: "start-found",
  },
  {
    name: "restore, found",
    hash: "#/restore",
    options: { scene: "fresh" },
    host: (host) =>
      void host.foundBackups.push(
        { path: "/media/sam/Blue drive/Coffer backups", changed: Date.UTC(2026, 10, 18, 9) },
        { path: "/home/sam/Nextcloud/Coffer backups", changed: null },
      ),
    shows: "found-backups",
  },
  {
    name: "add, found",
    hash: "#/add",
    options: { scene: "fresh" },
    host: (host) =>
      void host.foundSources.push(
        { path: "/home/sam/Downloads/WhatsApp Chat - Anna Reyes.zip", source: "whatsapp_export", bytes: 318e6, changed: Date.UTC(2026, 10, 18, 9) },
        { path: "/home/sam/Downloads/ChatExport_2026-11-18", source: "telegram_export", bytes: null, changed: Date.UTC(2026, 10, 18, 9) },
      ),
    shows: "found-sources",
  },
  { name: "shortcuts", hash: "#/settings", act: (p) => p.pressNamed("Show"), shows: "shortcut-sheet" },
];
