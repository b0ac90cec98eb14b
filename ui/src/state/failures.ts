// Every way a passkey fails, and what can be done then. The table with who produces each in tests: src-tauri/docs/0014-passkey-screens.md.
import type { HostError } from "../host/host";

/** What a person can press. Most begin again and differ in their words; `how_…` show what to do outside of Coffer. */
export type FailureAction =
  | "again"
  | "another_way"
  | "another_device"
  | "use_key"
  | "set_pin"
  | "use_pin"
  | "new_code"
  | "how_udev"
  | "how_cards"
  | "ok";

/** What the ceremony was for. */
export type Aim = "unlock" | "create";
export type System = "linux" | "macos" | "windows";

type Failure = { systems: readonly System[] } & Record<Aim, readonly FailureAction[]>;

const ALL: readonly System[] = ["linux", "macos", "windows"];
/** Where Coffer itself talks to security keys; on Windows the system does. */
const OWN: readonly System[] = ["linux", "macos"];
const LINUX: readonly System[] = ["linux"];
/** Where the system has passkeys of its own, and reaches phones. */
const SYSTEM: readonly System[] = ["macos", "windows"];

const AGAIN: readonly FailureAction[] = ["again", "another_way"];
const AGAIN_OR_DEVICE: readonly FailureAction[] = ["again", "another_device", "another_way"];
const OTHER_WAY: readonly FailureAction[] = ["another_way"];
const OTHER_DEVICE: readonly FailureAction[] = ["another_device", "another_way"];
const DEVICE_OR_KEY: readonly FailureAction[] = ["another_device", "use_key"];
const FIND_KEY: readonly FailureAction[] = ["again", "how_udev", "another_way"];
const ALLOW_KEY: readonly FailureAction[] = ["how_udev", "again", "another_way"];
const START_CARDS: readonly FailureAction[] = ["how_cards", "again", "another_way"];
const SET_PIN: readonly FailureAction[] = ["set_pin", "another_device", "another_way"];
const USE_PIN: readonly FailureAction[] = ["use_pin", "another_way"];

/** By the word of the failure; its sentence is `passkey.<word>`. */
export const FAILURES = {
  cancelled: { systems: ALL, unlock: AGAIN, create: AGAIN },
  timed_out: { systems: ALL, unlock: AGAIN, create: AGAIN },
  no_authenticator: { systems: ALL, unlock: FIND_KEY, create: FIND_KEY },
  no_permission: { systems: LINUX, unlock: ALLOW_KEY, create: ALLOW_KEY },
  no_smart_card_service: { systems: LINUX, unlock: START_CARDS, create: START_CARDS },
  removed: { systems: ALL, unlock: AGAIN, create: AGAIN },
  no_bluetooth: { systems: SYSTEM, unlock: AGAIN, create: AGAIN_OR_DEVICE },
  phone_unreachable: { systems: SYSTEM, unlock: ["new_code", "another_way"], create: ["new_code", "another_device", "another_way"] },
  no_credential: { systems: ALL, unlock: OTHER_DEVICE, create: OTHER_DEVICE },
  already_registered: { systems: ALL, unlock: ["ok"], create: ["another_device", "ok"] },
  pin_paused: { systems: OWN, unlock: AGAIN, create: AGAIN },
  pin_blocked: { systems: ALL, unlock: OTHER_WAY, create: OTHER_DEVICE },
  pin_not_set: { systems: OWN, unlock: SET_PIN, create: SET_PIN },
  pin_policy: { systems: OWN, unlock: SET_PIN, create: SET_PIN },
  fingerprint_blocked: { systems: ALL, unlock: USE_PIN, create: USE_PIN },
  no_prf_at_creation: { systems: ALL, unlock: OTHER_WAY, create: DEVICE_OR_KEY },
  no_prf: { systems: ALL, unlock: OTHER_WAY, create: DEVICE_OR_KEY },
  prf_mismatch: { systems: ALL, unlock: OTHER_WAY, create: DEVICE_OR_KEY },
  not_verified: { systems: ALL, unlock: AGAIN, create: AGAIN_OR_DEVICE },
  key_full: { systems: ALL, unlock: OTHER_DEVICE, create: DEVICE_OR_KEY },
  platform_too_old: { systems: SYSTEM, unlock: OTHER_WAY, create: DEVICE_OR_KEY },
  platform_refused: { systems: SYSTEM, unlock: AGAIN, create: AGAIN_OR_DEVICE },
  refused: { systems: OWN, unlock: AGAIN, create: AGAIN_OR_DEVICE },
  malformed: { systems: OWN, unlock: AGAIN, create: AGAIN_OR_DEVICE },
  wrong_passkey: { systems: ALL, unlock: OTHER_WAY, create: OTHER_WAY },
} as const satisfies Record<string, Failure>;

export type FailureWord = keyof typeof FAILURES;

function isFailureWord(word: string): word is FailureWord {
  return Object.hasOwn(FAILURES, word);
}

/** The word of a refusal that is about the passkey; null when it is about something else. */
export function failureOf(error: HostError): FailureWord | null {
  if (error.code === "wrong_passkey") return "wrong_passkey";
  if (error.code !== "passkey") return null;
  // A word of a newer computer has no sentence here: "refused" says as much as is known.
  return error.detail !== null && isFailureWord(error.detail) ? error.detail : "refused";
}

/** What can be pressed after a refusal, the main thing first. */
export function actionsOf(error: HostError, aim: Aim, platform: string): readonly FailureAction[] {
  const word = failureOf(error);
  if (word === null) return AGAIN;
  const isOnLinux = platform === "linux";
  return FAILURES[word][aim].filter((action: FailureAction) => isOnLinux || !action.startsWith("how_"));
}

/** How serious it is to the eye: the person's own wish, something to try again, or something that stays so. */
export function toneOf(word: FailureWord | null): "info" | "warning" | "danger" {
  if (word === "cancelled" || word === "already_registered") return "info";
  if (word === "pin_blocked" || word === "prf_mismatch" || word === "wrong_passkey") return "danger";
  return "warning";
}
