// Words about passkeys that are true for this computer.
import { CircleCheck, CircleX, Fingerprint, Info, LoaderCircle, Password, Pointer, Smartphone, TriangleAlert, Usb, type IconType } from "../components/icons";
import type { AppView, PasskeyKind, PinProblem, WayView } from "../host/host";
import { formatAny, t, type MessageKey } from "../i18n/i18n";
import type { CeremonyStage, CeremonyState } from "../state/ceremony.svelte";
import type { FailureAction } from "../state/failures";

type Here = Pick<AppView, "platform" | "passkeyKinds">;

/** How the system calls its own way to confirm who somebody is. */
export function platformWord(platform: string): string {
  if (platform === "macos") return t("device.touch_id");
  return t(platform === "windows" ? "device.windows_hello" : "device.this_computer");
}

export function deviceWord(kind: PasskeyKind | null): string {
  return t(kind === null ? "device.any" : `device.${kind}`);
}

export function kindIcon(kind: PasskeyKind | null): IconType {
  if (kind === "security_key") return Usb;
  return kind === "phone" ? Smartphone : Fingerprint;
}

const isKeyOnly = (here: Here): boolean => here.passkeyKinds.length === 1 && here.passkeyKinds[0] === "security_key";

/** The picture of the passkey way where no single one is meant. */
export function wayIcon(here: Here): IconType {
  return isKeyOnly(here) ? Usb : Fingerprint;
}

/** "Passkey", or what it is where it can be only one thing. */
export function wayTitle(here: Here): string {
  return t(isKeyOnly(here) ? "protect.security_key" : "protect.passkey");
}

export function wayDetail(here: Here): string {
  if (isKeyOnly(here)) return t("protect.passkey_detail_key");
  const devices = here.passkeyKinds.map((kind) =>
    kind === "platform" ? platformWord(here.platform) : t(kind === "phone" ? "device.your_phone" : "device.a_security_key"),
  );
  return t("protect.passkey_detail", { devices: formatAny(devices) });
}

export function wayCreate(here: Here): string {
  return t(isKeyOnly(here) ? "protect.security_key_create" : "protect.passkey_create");
}

/** The heading of the page that adds one. */
export function wayHeading(here: Here): string {
  return t(isKeyOnly(here) ? "setup.title_security_key" : "setup.title_passkey");
}

export function wayAnother(here: Here): string {
  return t(isKeyOnly(here) ? "protect.security_key_another" : "protect.passkey_another");
}

/** What will happen when the backup is unlocked with a passkey. */
export function unlockLead(here: Here): string {
  const platform = platformWord(here.platform);
  if (!here.passkeyKinds.includes("platform")) return t(here.passkeyKinds.includes("security_key") ? "ceremony.ready_security_key" : "ceremony.ready_phone");
  return t(here.passkeyKinds.includes("security_key") ? "ceremony.ready_any" : "ceremony.ready_platform", { platform });
}

export function unlockStart(here: Here): string {
  if (isKeyOnly(here)) return t("unlock.start_security_key");
  const isPlatformOnly = here.passkeyKinds.length === 1 && here.passkeyKinds[0] === "platform";
  return isPlatformOnly ? t("unlock.start_platform", { platform: platformWord(here.platform) }) : t("unlock.start_passkey");
}

/** What will happen when a passkey is made. */
export function createLead(kind: PasskeyKind, platform: string): string {
  return t(`ceremony.create_${kind}`, { platform: platformWord(platform) });
}

export function createStart(kind: PasskeyKind, platform: string): string {
  return t(`setup.passkey_start_${kind}`, { platform: platformWord(platform) });
}

/** Where a passkey works; null for a way that is none. */
export function passkeyReach(way: WayView): MessageKey | null {
  if (way.passkeyKind === null || way.reach !== "this_key") return null;
  return way.passkeyKind === "phone" ? "protect.reach_this_phone" : "protect.reach_this_key";
}

/** Who else keeps the passkey when it is removed here; null when nobody does: a Mac's own quick unlock is kept nowhere else. */
export function managerWord(way: WayView, platform: string): string | null {
  if (way.passkeyKind !== "platform") return t(`protect.manager_${way.passkeyKind ?? "other"}`);
  if (platform === "windows") return t("protect.manager_windows");
  if (way.reach !== "synced") return null;
  return t(platform === "macos" ? "protect.manager_macos" : "protect.manager_other");
}

export type Picture = { icon: IconType; motion: "still" | "waits" | "works"; tone: "brass" | "info" | "warning" | "danger" | "success" };

/** The picture of a step. */
export function pictureOf(stage: CeremonyStage, tone: Picture["tone"]): Picture {
  const waits = (icon: IconType): Picture => ({ icon, motion: "waits", tone: "brass" });
  switch (stage.kind) {
    case "insert":
      return waits(Usb);
    case "touch":
      return waits(Pointer);
    case "fingerprint":
    case "platform":
      return waits(Fingerprint);
    case "qr":
    case "phone_connected":
      return waits(Smartphone);
    case "pin":
    case "new_pin":
      return { icon: Password, motion: "still", tone: "brass" };
    case "failed":
      return { icon: tone === "danger" ? CircleX : tone === "info" ? Info : TriangleAlert, motion: "still", tone };
    case "done":
      return { icon: CircleCheck, motion: "still", tone: "success" };
    case "ready":
    case "working":
    case "stopping":
      return { icon: LoaderCircle, motion: "works", tone: "brass" };
  }
}

export type Saying = { title: string; detail: string };

/** What a step says. Steps that prove a new passkey say that it is the second time. */
export function sayingOf(ceremony: CeremonyState, platform: string): Saying {
  const { stage, purpose } = ceremony;
  const isAgain = purpose === "prove";
  const values = { platform: platformWord(platform) };
  const say = (title: MessageKey, detail: MessageKey | null = null): Saying => ({ title: t(title, values), detail: detail === null ? "" : t(detail, values) });
  switch (stage.kind) {
    case "insert":
      return say("ceremony.insert", "ceremony.insert_detail");
    case "touch":
      if (stage.several && !isAgain) return say("ceremony.touch_several", "ceremony.touch_several_detail");
      return isAgain ? say("ceremony.touch_again", "ceremony.touch_again_detail") : say("ceremony.touch", "ceremony.touch_detail");
    case "pin":
      return say("ceremony.pin", "ceremony.pin_detail");
    case "new_pin":
      return say("ceremony.new_pin", "ceremony.new_pin_detail");
    case "fingerprint":
      return say("ceremony.fingerprint", "ceremony.fingerprint_detail");
    case "platform":
      return isAgain ? say("ceremony.platform_again", "ceremony.platform_again_detail") : say("ceremony.platform", "ceremony.platform_detail");
    case "qr":
      return isAgain ? say("ceremony.qr_again", "ceremony.qr_again_detail") : say("ceremony.qr", "ceremony.qr_detail");
    case "phone_connected":
      return say("ceremony.phone_connected", "ceremony.phone_connected_detail");
    case "stopping":
      return say("ceremony.stopping");
    case "ready":
    case "working":
    case "failed":
    case "done":
      return say("ceremony.working", "ceremony.working_detail");
  }
}

/** A wrong finger is told in the step itself. */
export function fingerError(stage: CeremonyStage): string | null {
  if (stage.kind !== "fingerprint" || !stage.wasWrong) return null;
  return stage.triesLeft === null ? t("ceremony.fingerprint_wrong") : t("ceremony.fingerprint_wrong_tries", { count: stage.triesLeft });
}

export function pinError(wasWrong: boolean, triesLeft: number | null): string | null {
  if (!wasWrong) return null;
  return triesLeft === null ? t("ceremony.pin_wrong") : t("ceremony.pin_wrong_tries", { count: triesLeft });
}

export function pinProblem(problem: PinProblem | null, minLength: number): string | null {
  return problem === null ? null : t(`ceremony.new_pin_${problem}`, { count: minLength });
}

/** The words of a button after a failure. */
export function actionLabel(action: FailureAction, isKeyOnly: boolean, isCreating: boolean): string {
  if (action === "another_device") return t(isKeyOnly ? "ceremony.do_another_key" : "ceremony.do_another_device");
  if (action === "another_way") return t(isCreating ? "ceremony.do_choose_another" : "ceremony.do_another_way");
  if (action === "how_udev" || action === "how_cards") return t("ceremony.do_how");
  return t(`ceremony.do_${action}`);
}
