import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_CODES, HostError } from "../src/host/host";
import en from "../src/i18n/en.json";
import { dayKey, formatBytes, formatDuration, formatLeft, formatSpan, formatWhen, wallClock } from "../src/i18n/format";
import { hasMessage, t } from "../src/i18n/i18n";
import { explain } from "../src/state/explain";

const sources = readdirSync(join(import.meta.dirname, "../src"), { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(svelte|ts)$/u.test(file))
  .map((file) => readFileSync(join(import.meta.dirname, "../src", file), "utf8"))
  .join("\n");
/** The native menus speak by the same messages. */
const menus = readFileSync(join(import.meta.dirname, "../../src-tauri/src/menu.rs"), "utf8");

describe("messages", () => {
  it.each(ERROR_CODES)("say what to do about %s", (code) => {
    const sentence = explain(new HostError(code));

    expect(sentence.length).toBeGreaterThan(20);
    expect(sentence).toMatch(/\.$/u);
  });

  it("name the row and the group of a typing mistake", () => {
    expect(explain(new HostError("digits_typo", "3"))).toContain("Row 3");
    expect(explain(new HostError("digits_typo", "3, 5"))).toContain("Rows 3, 5");
    expect(explain(new HostError("groups_mismatch", "11"))).toContain("Group 11");
  });

  it("exist for every id the code asks for", () => {
    const asked = [...sources.matchAll(/\bt\(\s*"([\w.]+)"/gu)].map((match) => match[1] ?? "");

    expect(asked.length).toBeGreaterThan(300);
    expect(asked.filter((key) => !hasMessage(key))).toEqual([]);
  });

  it("are all used", () => {
    const families = [...sources.matchAll(/`([a-z_]+\.(?:[a-z]+_)*)\$\{/gu)].map((match) => match[1] ?? "");

    const unused = Object.keys(en).filter((key) => !(sources + menus).includes(`"${key}"`) && !families.some((family) => key.startsWith(family)));

    expect(unused).toEqual([]);
  });

  it("use plain words only", () => {
    const said = Object.values(en).flatMap((message) => (typeof message === "string" ? [message] : Object.values(message)));

    expect(said.filter((text) => /credential|\bPRF\b|vault|repository|snapshot|passcode|keyslot|passphrase/iu.test(text))).toEqual([]);
  });

  it("choose the plural by the count", () => {
    expect(t("backup.chats", { count: 1 })).toBe("1 chat");
    expect(t("backup.chats", { count: 12_480 })).toBe("12,480 chats");
    expect(t("protect.off_text", { count: 0 })).toBe("Coffer will stop making backups.");
  });
});

describe("formats", () => {
  it("count bytes in tens like the operating system", () => {
    expect(formatBytes(999)).toBe("999 bytes");
    expect(formatBytes(3_214_000_000)).toBe("3.2 GB");
    expect(formatBytes(318_000_000)).toBe("318 MB");
  });

  it("say how long ago in words", () => {
    const now = new Date(2026, 10, 20, 15, 0).getTime();

    expect(formatWhen(now - 20_000, now)).toBe("just now");
    expect(formatWhen(new Date(2026, 10, 20, 2, 14).getTime(), now)).toMatch(/^today at/u);
    expect(formatWhen(new Date(2026, 10, 19, 23, 59).getTime(), now)).toMatch(/^yesterday at/u);
    expect(formatWhen(new Date(2026, 10, 16, 8, 0).getTime(), now)).toContain("2026");
  });

  it("guess what is left only when something is known", () => {
    expect(formatLeft(50, 100, 2000)).toBeNull();
    expect(formatLeft(1, 100, 60_000)).toBeNull();
    expect(formatLeft(62, 100, 290_000)).toBe("about 3 minutes left");
    expect(formatLeft(99, 100, 60_000)).toBe("less than a minute left");
  });

  it("show a message at the time its source wrote", () => {
    const moment = wallClock(0, "2019-03-14T23:59:00");

    expect(moment === null ? "" : dayKey(moment)).toBe("2019-03-14");
    expect(wallClock(null, null)).toBeNull();
  });

  it("write durations and spans", () => {
    expect(formatDuration(125_000)).toBe("2:05");
    expect(formatDuration(3_725_000)).toBe("1:02:05");
    expect(formatSpan(null, null)).toBe("no dates");
  });
});
