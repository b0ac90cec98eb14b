// Sentences by id. Numbers, plurals, dates and sizes follow Intl.
import en from "./en.json";

export type MessageKey = keyof typeof en;
export type Values = Readonly<Record<string, string | number>>;
type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

const messages: Record<MessageKey, string | Plural> = en;

/** The reader's own English, for dates and numbers; British where the system speaks another language. */
export const locale =
  (typeof navigator === "undefined" ? [] : navigator.languages).find((tag) => tag.startsWith("en-")) ?? "en-GB";

const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

/** A number as people write it: 12,480. */
export function formatNumber(value: number): string {
  return numbers.format(value);
}

function fill(template: string, values: Values): string {
  return template.replace(/\{(\w+)\}/gu, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? formatNumber(value) : value;
  });
}

/** The sentence with this id; a plural is chosen by the value `count`. */
export function t(key: MessageKey, values: Values = {}): string {
  const message = messages[key];
  if (typeof message === "string") return fill(message, values);
  const count = typeof values["count"] === "number" ? values["count"] : 0;
  const form = count === 0 && message.zero !== undefined ? message.zero : (message[plurals.select(count)] ?? message.other);
  return fill(form, values);
}

/** True when there is a sentence with this id: for words the computer sends that an older window may not know. */
export function hasMessage(key: string): key is MessageKey {
  return Object.hasOwn(messages, key);
}

/** Joins parts as people do: "a, b and c". */
export function formatList(parts: readonly string[]): string {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(parts);
}

/** Joins choices as people do: "a, b or c". */
export function formatAny(parts: readonly string[]): string {
  return new Intl.ListFormat(locale, { type: "disjunction" }).format(parts);
}
