// One screen in one state, mounted for a real engine to draw. `draw` is called by drawn.test.ts, or by hand:
// npx vite, then /tests/drawn/index.html?words=ar-XB&theme=dark&text=200&look=reader
import "../../src/tokens.css";
import "../../src/base.css";
import { mount, unmount } from "svelte";
import App from "../../src/App.svelte";
import { FakeHost } from "../../src/host/fake";
import { AppState } from "../../src/state/app.svelte";
import { looks, type Person } from "../looks";
import { look, type Seen } from "./look";
import { plain, type Words } from "./pseudo";
import { Recorder } from "./recorder";

const NOW = Date.UTC(2026, 10, 20, 15, 0);
const PATIENCE = 10_000;

export type Drawing = { theme: "light" | "dark"; text: number; axe: boolean };

const words = (new URLSearchParams(location.search).get("words") ?? "en") as Words;
document.documentElement.lang = words === "ar-XB" ? "ar" : "en";
document.documentElement.dir = words === "ar-XB" ? "rtl" : "ltr";

const frames = (): Promise<void> => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))));

async function found<T>(what: string, find: () => T | null | undefined): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const it = find();
    if (it !== null && it !== undefined) return it;
    if (performance.now() - begun > PATIENCE) throw new Error(`${what} does not come up`);
    await frames();
  }
}

const byId = (id: string): Promise<HTMLElement> => found(id, () => document.querySelector<HTMLElement>(`[data-testid="${id}"]`));
const buttons = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("button, a")];

const person: Person = {
  press: async (id) => (await byId(id)).click(),
  pressNamed: async (name) =>
    (await found(name, () => buttons().find((one) => plain(one.getAttribute("aria-label") ?? one.textContent) === name))).click(),
  choose: async (id) => (await found(id, () => document.querySelector<HTMLElement>(`[data-testid="${id}"] [type="radio"]`))).click(),
  enter: async (id, value) => {
    const field = (await byId(id)) as HTMLInputElement;
    field.value = value;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  },
};

/** Brings everything that fades or slides to its end, so that no colour is judged half way. What turns for ever is left alone. */
function settle(): void {
  for (const moving of document.getAnimations()) {
    if (Number.isFinite(Number(moving.effect?.getComputedTiming().endTime))) moving.finish();
  }
}

let before: Record<string, unknown> | null = null;

/** Mounts a look, goes where it leads, and says what is wrong with it. */
export async function draw(name: string, drawing: Drawing): Promise<Seen> {
  if (before !== null) await unmount(before);
  localStorage.clear();
  localStorage.setItem("coffer.theme", drawing.theme);
  localStorage.setItem("coffer.text_size", String(drawing.text));
  const one = looks.find((each) => each.name === name);
  if (one === undefined) throw new Error(`there is no look ${name}`);
  const host = new FakeHost({ now: () => NOW, ...one.options });
  one.host?.(host);
  history.replaceState(null, "", one.hash === "" ? location.pathname + location.search : one.hash);
  const target = await byId("stage");
  const recorder = new Recorder();
  before = mount(App, { target, props: { app: new AppState(recorder.listenTo(host), () => NOW) } });
  await found("the window", () => (document.documentElement.dataset["ready"] === "true" ? true : null));
  await one.act?.(person);
  await byId(one.shows);
  await frames();
  settle();
  await frames();
  return look({ axe: drawing.axe, words: words === "en-XA" }, recorder);
}

Object.assign(window, { draw, looks: looks.map((one) => one.name) });
const by = new URLSearchParams(location.search);
const first = by.get("look");
if (first !== null) {
  void draw(first, { theme: by.get("theme") === "dark" ? "dark" : "light", text: Number(by.get("text") ?? 100), axe: false });
}
