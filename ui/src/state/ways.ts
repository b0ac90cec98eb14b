// Which ways to unlock are offered, and in which order.
import type { PasskeyKind, WayKind, WayView } from "../host/host";

/** A passkey of the computer itself may be a synced one, which a phone holds as well, and the other way round. */
function canUse(here: readonly PasskeyKind[], wanted: PasskeyKind): boolean {
  if (wanted === "security_key") return here.includes("security_key");
  return here.includes("platform") || here.includes("phone");
}

/** Each kind once: a passkey this computer can use first, one it cannot use last. */
export function bestFirst(ways: readonly WayView[], here: readonly PasskeyKind[]): WayKind[] {
  const kinds = [...new Set(ways.map((way) => way.kind))];
  if (!kinds.includes("passkey")) return kinds;
  const others = kinds.filter((kind) => kind !== "passkey");
  const canUseOne = ways.some((way) => way.kind === "passkey" && (way.passkeyKind === null ? here.length > 0 : canUse(here, way.passkeyKind)));
  return canUseOne ? ["passkey", ...others] : [...others, "passkey"];
}

/** It stays behind when this computer is lost. */
export function worksElsewhere(way: WayView): boolean {
  return way.reach !== "this_computer";
}
