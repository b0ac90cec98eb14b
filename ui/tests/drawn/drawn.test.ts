// Every screen in every state, drawn by WebKit: axe finds nothing, nothing runs out of the window, nothing is cut off, nothing is said but messages;
// in English and in two languages nobody speaks, light and dark, with large text, and 320 px wide.
// COFFER_SHOTS=folder keeps a picture of each.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { looks } from "../looks";
import { Browser } from "./browser";
import type { Seen } from "./look";
import type { Words } from "./pseudo";
import { words } from "./words";

type Variant = { words: Words; theme: "light" | "dark"; text: number; size: [number, number]; axe: boolean };

/** Each value of each column of SCREENS, 4, at least once; the whole product is a matter of hours. */
const variants: Variant[] = [
  { words: "en", theme: "light", text: 100, size: [1120, 760], axe: true },
  { words: "en", theme: "dark", text: 100, size: [720, 560], axe: true },
  { words: "en-XA", theme: "dark", text: 100, size: [320, 560], axe: false },
  { words: "en-XA", theme: "light", text: 200, size: [1120, 760], axe: false },
  { words: "ar-XB", theme: "dark", text: 200, size: [720, 560], axe: true },
];
const folder = process.env["COFFER_SHOTS"];
const DRAW = "const done = arguments[arguments.length - 1]; draw(arguments[0], arguments[1]).then(done, (failed) => done({ axe: [String(failed)], sideways: [], cut: [], strange: [] }));";

let server: ViteDevServer;
let browser: Browser | undefined;

beforeAll(async () => {
  server = await createServer({
    configFile: false,
    root: join(import.meta.dirname, "../.."),
    plugins: [words(), svelte()],
    server: { host: "127.0.0.1", port: 0, strictPort: false, hmr: false, watch: null },
    logLevel: "error",
  });
  await server.listen();
  browser = await Browser.start();
});

afterAll(async () => {
  await browser?.close();
  await server.close();
});

const titled = (variant: Variant): string => `${variant.words} ${variant.theme} ${String(variant.text)} ${variant.size.join("x")}`;

const drawer = (): Browser => {
  if (browser === undefined) throw new Error("the browser did not start");
  return browser;
};

async function opens(variant: Variant): Promise<void> {
  const address = server.resolvedUrls?.local[0] ?? "";
  await drawer().open(`${address}tests/drawn/frame.html?words=${variant.words}`, ...variant.size);
  await drawer().runUntilCalled("const done = arguments[0]; const wait = () => (typeof draw === 'function' ? done() : setTimeout(wait, 50)); wait();");
}

describe.each(variants.map((variant) => ({ title: titled(variant), variant })))("$title", ({ title, variant }) => {
  beforeAll(() => opens(variant));

  it.each(looks)("$name", async ({ name }) => {
    const seen = (await drawer().runUntilCalled(DRAW, [name, { theme: variant.theme, text: variant.text, axe: variant.axe }])) as Seen;
    if (folder !== undefined) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${name.replace(/\W+/gu, "-")} ${title}.png`), await drawer().picture());
    }

    expect(seen).toEqual({ axe: [], sideways: [], cut: [], strange: [] });
  });
});
