// Sentences that several screens share.
import type { BackupItem, BackupStatus, CheckReport, Damage, Loss } from "../host/host";
import { formatWhen } from "../i18n/format";
import { hasMessage, t, type MessageKey } from "../i18n/i18n";

/** The backup's state in a few words. */
export function shortStatus(status: BackupStatus | null): string | undefined {
  const words: Record<string, MessageKey> = {
    off: "backup.off",
    protected: "backup.protected",
    at_risk: "backup.at_risk",
    failed: "backup.failed",
    place_missing: "backup.place_missing",
    rolled_back: "backup.rolled_back",
    locked: "backup.locked",
    running: "backup.running",
  };
  const key = status === null ? undefined : words[status.state];
  return key === undefined ? undefined : t(key);
}

/** "12,480 messages" or, when not all went in, "12,403 of 12,480 messages". */
export function messagesOf(item: BackupItem): string {
  if (item.libraryMessages === item.messages) return t("backup.messages", { count: item.messages });
  return t("backup.messages_of", { count: item.messages, all: item.libraryMessages });
}

export function checkLine(check: CheckReport, now: number): string {
  const when = formatWhen(check.time, now);
  if (!check.isOk) return t("backup.last_check_bad", { when, count: check.damaged.length });
  if (check.withoutKey) return t("backup.last_check_without_key", { when });
  return t(check.everyByte ? "backup.last_check_ok" : "backup.last_check_quick_ok", { when });
}

export function damageLine(damage: Damage): string {
  const key = `damage.${damage.what}`;
  return t("damage.line", { file: damage.file, what: t(hasMessage(key) ? key : "damage.other") });
}

/** "12 photos in Family". */
export function lossLine(loss: Loss): string {
  const things = t(`loss.${loss.what}`, { count: loss.count });
  if (loss.chat !== null) return t("loss.in_chat", { things, chat: loss.chat });
  return loss.name === null ? things : t("loss.named", { things, name: loss.name });
}

/** The last part of a path, for a line that has no room for all of it. */
export function lastPart(path: string): string {
  return path.split(/[\\/]/u).filter(Boolean).at(-1) ?? path;
}

/** A sentence with its first letter as a capital. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
