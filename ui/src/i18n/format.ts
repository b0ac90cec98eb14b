// Dates, times, sizes and spans as people say them.
import { formatNumber, locale, t } from "./i18n";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = ["format.bytes", "format.kb", "format.mb", "format.gb", "format.tb"] as const;

function dates(options: Intl.DateTimeFormatOptions): (time: number | Date) => string {
  const format = new Intl.DateTimeFormat(locale, options);
  return (time) => format.format(time);
}

const inUtc = { timeZone: "UTC" } as const;
export const formatTime = dates({ hour: "2-digit", minute: "2-digit" });
export const formatDate = dates({ day: "numeric", month: "long", year: "numeric" });
export const formatShortDate = dates({ day: "numeric", month: "short", year: "numeric" });
export const formatMoment = dates({ dateStyle: "full", timeStyle: "short" });
const formatWeekday = dates({ weekday: "short" });
const formatDayOfYear = dates({ day: "numeric", month: "short" });
const formatMonthNarrow = dates({ month: "short", ...inUtc });
const formatMonthLong = dates({ month: "short", year: "numeric", ...inUtc });
const formatLongDay = dates({ weekday: "long", day: "numeric", month: "long", year: "numeric", ...inUtc });
/** "20 November 2026 at 15:00", within a sentence. */
export const formatDateAndTime = (time: number): string => t("format.on_date", { date: formatDate(time), time: formatTime(time) });
/** A day of a chat, at the clock its source wrote: "14 Mar 2019". */
export const formatDay = dates({ day: "numeric", month: "short", year: "numeric", ...inUtc });
/** A date for a file name: "2026-11-20". */
export function formatFileDate(time: number): string {
  const moment = wallClock(time, null);
  return moment === null ? "" : dayKey(moment);
}

const formatLocalTime = dates({ hour: "2-digit", minute: "2-digit", ...inUtc });

/** Decimal sizes as the operating system shows them: 3.2 GB. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  const text = new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
  return t(UNITS[unit] ?? "format.bytes", { value: text });
}

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

/** "today at 14:02", "yesterday at 09:10", "16 November 2026 at 08:00". */
export function formatWhen(time: number, now: number): string {
  const days = Math.round((startOfDay(now) - startOfDay(time)) / DAY);
  const clock = formatTime(time);
  if (days === 0 && now - time < MINUTE && now >= time) return t("format.now");
  if (days === 0) return t("format.today", { time: clock });
  if (days === 1) return t("format.yesterday", { time: clock });
  return t("format.on_date", { date: formatDate(time), time: clock });
}

/** For a narrow column: "14:02", "Tue", "12 Oct", "3 Sep 2024". */
export function formatBrief(time: number, now: number): string {
  const days = Math.round((startOfDay(now) - startOfDay(time)) / DAY);
  if (days === 0) return formatTime(time);
  if (days > 0 && days < 7) return formatWeekday(time);
  return new Date(time).getFullYear() === new Date(now).getFullYear() ? formatDayOfYear(time) : formatShortDate(time);
}

/** A first and a last date: "14 Mar 2019 – 20 Nov 2026". */
export function formatSpan(first: number | null, last: number | null): string {
  if (first === null || last === null) return t("format.no_dates");
  const format = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
  return format.formatRange(Math.min(first, last), Math.max(first, last));
}

/** The same where there is little room: "Mar 2019 – Nov 2026". */
export function formatSpanBrief(first: number | null, last: number | null): string {
  if (first === null || last === null) return t("format.no_dates");
  const format = new Intl.DateTimeFormat(locale, { month: "short", year: "numeric" });
  return format.formatRange(Math.min(first, last), Math.max(first, last));
}

/** "2:05", "1:02:05". */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  if (hours > 0) return `${String(hours)}:${two(minutes)}:${two(seconds % 60)}`;
  return `${String(minutes)}:${two(seconds % 60)}`;
}

/** What is left of a run, in words; null while nobody can know. */
export function formatLeft(done: number, total: number, milliseconds: number): string | null {
  if (total <= 0 || milliseconds < 5000 || done / total < 0.03) return null;
  const left = (milliseconds / done) * (total - done);
  if (left < MINUTE) return t("format.under_a_minute");
  if (left < HOUR) return t("format.minutes_left", { count: Math.ceil(left / MINUTE) });
  return t("format.hours_left", { count: Math.ceil(left / HOUR) });
}

/** "1.2 s" or "4 min". */
export function formatTook(milliseconds: number): string {
  if (milliseconds < 60_000) {
    return t("format.seconds", {
      value: new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(Math.max(milliseconds, 100) / 1000),
    });
  }
  return t("format.minutes", { value: formatNumber(Math.round(milliseconds / 60_000)) });
}

/** The wall-clock moment of a message: the source's own when it wrote one, else this computer's. */
export function wallClock(time: number | null, localTime: string | null): Date | null {
  if (localTime !== null) {
    const parsed = Date.parse(`${localTime.replace(" ", "T").slice(0, 19)}${localTime.length > 10 ? "" : "T00:00"}Z`);
    if (!Number.isNaN(parsed)) return new Date(parsed);
  }
  if (time === null) return null;
  return new Date(time - new Date(time).getTimezoneOffset() * MINUTE);
}

/** A day key of a wall-clock moment: "2026-11-20". */
export function dayKey(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

export const formatWallDay = formatLongDay;
export const formatWallTime = formatLocalTime;
export const formatMonth = formatMonthNarrow;
export const formatMonthOfYear = formatMonthLong;
