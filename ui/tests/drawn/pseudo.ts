// Languages nobody speaks: en-XA is longer and accented, ar-XB runs from right to left. They show what no translation was asked for.
import type { MessageKey } from "../../src/i18n/i18n";

export type Words = "en" | "en-XA" | "ar-XB";
type Message = string | Record<string, string>;

const ACUTE = "\u0301";
/** Right-to-left mark and override, as CLDR's own ar-XB has them; the last one ends the override. */
const MIRROR = ["\u200f\u202e", "\u202c\u200f"] as const;
/** Placeholders stay as they are. */
const PARTS = /(\{\w+\})/u;

/** A third longer, and every vowel with an accent. */
function lengthen(text: string): string {
  const accented = text
    .split(PARTS)
    .map((part) => (PARTS.test(part) ? part : part.replace(/[aeiouyAEIOUY]/gu, (vowel) => (vowel + ACUTE).normalize("NFC"))))
    .join("");
  const more = Math.ceil(text.replace(PARTS, "").length * 0.35);
  const words = "~~~~~ ".repeat(Math.ceil(more / 6)).slice(0, more).trimEnd();
  return words === "" ? `[${accented}]` : `[${accented} ${words}]`;
}

function mirror(text: string): string {
  return text
    .split(/(\{\w+\}|\s+)/u)
    .map((part) => (part === "" || PARTS.test(part) || /^\s+$/u.test(part) ? part : MIRROR[0] + part + MIRROR[1]))
    .join("");
}

/** All messages in one of the languages. */
export function pseudo(messages: Record<MessageKey, Message>, words: Words): Record<string, Message> {
  if (words === "en") return messages;
  const change = words === "en-XA" ? lengthen : mirror;
  return Object.fromEntries(
    Object.entries(messages).map(([key, message]) => [
      key,
      typeof message === "string" ? change(message) : Object.fromEntries(Object.entries(message).map(([form, text]) => [form, change(text)])),
    ]),
  );
}

/** The English a changed text came from. */
export function plain(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/[\u200e\u200f\u202a-\u202e[\]]|(?: ?~+)+/gu, "")
    .trim();
}
