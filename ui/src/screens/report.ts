// Reports in words: on the screen line by line, and as a text to keep.
import type { ImportReport, RestoreReport } from "../host/host";
import { formatDateAndTime } from "../i18n/format";
import { formatList, formatNumber, hasMessage, t } from "../i18n/i18n";
import { damageLine, lossLine } from "./words";

export type Line = { label: string; count: number };

/** Entries that are in no record; some reasons also count entries that were kept. */
const lostOf = (report: ImportReport): number => report.read - report.added - report.updated - report.present;

/** What an import did, in one sentence. */
export function importHeadline(report: ImportReport): string {
  if (report.isCancelled) return t("add.report_cancelled");
  if (report.added === 0 && report.updated === 0) return t("add.report_nothing", { count: report.present });
  return t("add.report_complete", { count: report.read });
}

/** The counts of an import; some are said only when there is something to say. */
export function importLines(report: ImportReport): Line[] {
  const always = (label: string, count: number): Line[] => [{ label, count }];
  const some = (label: string, count: number): Line[] => (count > 0 ? [{ label, count }] : []);
  return [
    ...always(t("add.report_read"), report.read),
    ...always(t("add.report_added"), report.added),
    ...some(t("add.report_system"), report.added === 0 ? 0 : report.system),
    ...some(t("add.report_updated"), report.updated),
    ...always(t("add.report_present"), report.present),
    ...always(t("add.report_skipped"), lostOf(report)),
    ...always(t("add.report_media"), report.mediaFound),
    ...some(t("add.report_media_missing"), report.mediaMissing),
    ...some(t("add.report_media_omitted"), report.mediaOmitted),
  ];
}

/** Why entries were not kept. */
export function reasonOf(one: ImportReport["skipped"][number]): string {
  const key = `reason.${one.reason}`;
  return hasMessage(key) ? t(key, { count: one.count }) : t("reason.other", { count: one.count, reason: one.reason.replaceAll("_", " ") });
}

/** Where the first of them stand; none when nobody noted it. */
export function placesOf(one: ImportReport["skipped"][number]): string {
  return one.examples.length === 0 ? "" : t("add.report_first_at", { places: formatList(one.examples) });
}

/** What the file left open. */
export function undecidedOf(what: string): string {
  const key = `undecided.${what}`;
  return hasMessage(key) ? t(key) : t("undecided.other", { what: what.replaceAll("_", " ") });
}

/** What the app left out on its own. */
export function noteOf(what: string): string {
  const key = `note.${what}`;
  return hasMessage(key) ? t(key) : t("note.other", { what: what.replaceAll("_", " ") });
}

const head = (title: string, now: number): string[] => [
  t("report.title", { title }),
  formatDateAndTime(now),
  "",
];
const counted = (line: Line): string => t("report.line", { label: line.label, count: formatNumber(line.count) });
const block = (title: string, lines: string[]): string[] => (lines.length === 0 ? [] : ["", title, ...lines.map((line) => t("report.item", { line }))]);

/** The report of an import as a text to keep. */
export function importText(report: ImportReport, now: number): string {
  return [
    ...head(t("add.report"), now),
    importHeadline(report),
    "",
    ...importLines(report).map(counted),
    ...block(t("add.report_reasons"), report.skipped.flatMap((one) => [reasonOf(one), placesOf(one)].filter((line) => line !== ""))),
    ...block(t("add.report_undecided"), report.undecided.map(undecidedOf)),
    ...block(t("add.report_notes"), report.notes.map(noteOf)),
    "",
  ].join("\n");
}

/** What a restore did, in one sentence. */
export function restoreHeadline(report: RestoreReport): string {
  if (report.isCancelled) return t("restore.done_cancelled");
  return report.added === 0 && report.media === 0 ? t("restore.done_nothing") : t("restore.done");
}

export function restoreSentence(report: RestoreReport): string {
  return t("restore.done_text", {
    messages: t("backup.messages", { count: report.added }),
    media: t("backup.media", { count: report.media }),
    chats: t("backup.chats", { count: report.chats }),
  });
}

/** The report of a restore as a text to keep. */
export function restoreText(report: RestoreReport, now: number): string {
  const counts: Line[] = [
    { label: t("report.restore_added"), count: report.added },
    { label: t("report.restore_present"), count: report.present },
    { label: t("report.restore_differ"), count: report.differ },
    { label: t("report.restore_media"), count: report.media },
    { label: t("report.restore_missing"), count: report.missing.length },
  ];
  const missing = report.missing.flatMap((one) => [
    damageLine(one),
    ...(one.affects.length === 0 ? [] : [t("damage.affects", { things: formatList(one.affects.map(lossLine)) })]),
  ]);
  return [...head(restoreHeadline(report), now), restoreSentence(report), "", ...counts.map(counted), ...block(t("restore.done_missing"), missing), ""].join("\n");
}
