// Contrast of every pair of colours that meet on a screen, in both schemes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const css = readFileSync(join(import.meta.dirname, "../src/tokens.css"), "utf8");
const colours = new Map([...css.matchAll(/--c-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/gu)].map((match) => [match[1] ?? "", [match[2] ?? "", match[3] ?? ""]]));

function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(first: string, second: string): number {
  const [low = 0, high = 0] = [luminance(first), luminance(second)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const SURFACES = ["canvas", "surface", "sunken", "raised"];
const TEXT: [string, string[]][] = [
  ["text", [...SURFACES, "selected", "bubble-in", "bubble-out", "brass-soft", "track", "accent-soft", "info-soft", "success-soft", "warning-soft", "danger-soft"]],
  ["text2", [...SURFACES, "selected", "bubble-in", "bubble-out", "accent-soft"]],
  ["text3", [...SURFACES]],
  ["accent-text", [...SURFACES, "selected", "accent-soft", "bubble-in", "bubble-out"]],
  ["on-accent", ["accent", "accent-hover"]],
  ["on-danger", ["danger"]],
  ["on-mark", ["mark"]],
  ["brass", [...SURFACES, "brass-soft"]],
  ["success", [...SURFACES, "success-soft"]],
  ["warning", [...SURFACES, "warning-soft", "accent-soft"]],
  ["danger", [...SURFACES, "danger-soft"]],
  ["info", [...SURFACES, "info-soft"]],
];
const PARTS: [string, string[]][] = [
  ["control", [...SURFACES]],
  ["accent", [...SURFACES, "track"]],
  ["focus", [...SURFACES, "selected", "bubble-in", "bubble-out"]],
];

const pairs = (table: [string, string[]][]): { front: string; back: string; scheme: string; at: number }[] =>
  table.flatMap(([front, backs]) => backs.flatMap((back) => ["light", "dark"].map((scheme, at) => ({ front, back, scheme, at }))));
const between = (front: string, back: string, at: number): number => contrast(colours.get(front)?.[at] ?? "", colours.get(back)?.[at] ?? "");

/** What more contrast puts in the place of a colour. */
const raised = new Map(
  [...(/@media \(prefers-contrast: more\) \{([\s\S]*?)\n\}/u.exec(css)?.[1] ?? "").matchAll(/--c-([\w-]+): var\(--c-([\w-]+)\)/gu)].map((match) => [match[1] ?? "", match[2] ?? ""]),
);
const withMore = (name: string): string => raised.get(name) ?? name;

describe("tokens", () => {
  it("hold the whole table", () => {
    expect(colours.size).toBe(32);
  });

  it.each(pairs(TEXT))("$front reads on $back, $scheme", ({ front, back, at }) => {
    expect(between(front, back, at)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(pairs(PARTS))("$front is seen on $back, $scheme", ({ front, back, at }) => {
    expect(between(front, back, at)).toBeGreaterThanOrEqual(3);
  });

  it("know what more contrast changes", () => {
    expect(raised.size).toBe(12);
    expect([...raised.values()].filter((name) => !colours.has(name))).toEqual([]);
  });

  // The track is a line then, nothing is written on it.
  it.each(pairs(TEXT).filter(({ back }) => back !== "track"))("with more contrast $front reads on $back, $scheme", ({ front, back, at }) => {
    expect(between(withMore(front), withMore(back), at)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(pairs([["border", SURFACES], ["control", SURFACES]]))("with more contrast $front is seen on $back, $scheme", ({ front, back, at }) => {
    expect(between(withMore(front), withMore(back), at)).toBeGreaterThanOrEqual(3);
  });
});
