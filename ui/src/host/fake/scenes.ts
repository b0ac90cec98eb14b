// Where `npm run dev` begins: /?scene=fresh, /?scene=at_risk&place=missing, /?scene=protected&latency=300,
// /?scene=locked&kinds=security_key&passkey&play=touch ("touch" is held; "fails:pin_blocked" ends it; PIN 2468) ...
import { HostError, type PasskeyKind, type PromptStep } from "../host";
import type { Beat } from "./authenticator";
import type { FakeHost, FakeOptions, Scene } from "../fake";

const SCENES: readonly Scene[] = ["fresh", "chats", "at_risk", "protected", "locked"];

const KINDS: readonly PasskeyKind[] = ["platform", "security_key", "phone"];
const STEPS: readonly Exclude<PromptStep, "done">[] = ["insert", "touch", "pin", "new_pin", "fingerprint", "working", "platform", "qr", "phone_connected"];
/** The text of a code has this form (CTAP 2.2, 11.5). */
const CODE = `FIDO:/${"0123456789".repeat(15)}`;

/** "touch", "touch:several", "pin:wrong", "new_pin:too_short", "fails:timed_out". */
function beat(text: string): Beat {
  const [first = "", second = ""] = text.split(":");
  const step = STEPS.find((one) => one === first);
  if (step === undefined) return { fails: second };
  const problem = (["too_short", "too_long", "refused"] as const).find((one) => one === second) ?? null;
  return {
    step, isHeld: true, several: second === "several", wasWrong: second === "wrong", triesLeft: step === "pin" ? 5 : step === "fingerprint" ? 3 : null, minLength: 6,
    problem, device: step === "touch" ? "YubiKey 5 NFC" : null, qr: step === "qr" ? CODE : null,
  };
}

export function scenes(query: URLSearchParams, Fake: new (options: FakeOptions) => FakeHost): FakeHost {
  const scene = SCENES.find((one) => one === query.get("scene")) ?? "protected";
  const host = new Fake({
    scene,
    latency: Number(query.get("latency") ?? 40),
    step: Number(query.get("step") ?? 500),
    steps: 14,
    platform: query.get("platform") ?? "linux",
    kinds: KINDS.filter((kind) => query.get("kinds")?.split(",").includes(kind)),
    hasPasskey: query.get("passkey") !== null,
  });
  const play = query.get("play");
  if (play !== null) host.authenticator.scripts.push(play.split(",").map(beat));
  host.authenticator.pace = 1500;
  if (query.get("place") === "missing") host.removePlace();
  if (query.get("rolled_back") !== null) host.rollBack(query.get("rolled_back") === "ways");
  if (query.get("failed") !== null) host.failLastBackup(new HostError("place_full"));
  if (query.get("keychain") === "no") host.keychain = false;
  if (query.get("run") !== null) host.holdJob(query.get("run") ?? "backup", "encrypting", 1.9e9, 3.1e9, 290_000);
  if (query.get("damage") !== null) {
    host.checkReport = {
      isOk: false,
      damaged: [{ file: "packs/3f/3f9a77c1.pack", what: "damaged", affects: [
        { what: "message", count: 214, chat: "Anna Reyes", name: null },
        { what: "photo", count: 12, chat: "Family", name: null },
      ] }],
    };
  }
  return host;
}
