// Opens the whole window over the fake host, and looks at it as axe does.
import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import axe from "axe-core";
import { expect } from "vitest";
import App from "../src/App.svelte";
import { FakeHost, type FakeOptions } from "../src/host/fake";
import { AppState } from "../src/state/app.svelte";
import type { Person } from "./looks";

export const NOW = Date.UTC(2026, 10, 20, 15, 0);

export type Opened = { host: FakeHost; app: AppState; user: UserEvent };

/** The window at an address; `change` scripts the computer first. */
export async function open(hash: string, options: FakeOptions = {}, change: (host: FakeHost) => void = () => undefined): Promise<Opened> {
  const host = new FakeHost({ now: () => NOW, ...options });
  change(host);
  location.hash = hash;
  const app = new AppState(host, () => NOW);
  render(App, { app });
  await waitFor(() => expect(document.documentElement.dataset["ready"]).toBe("true"));
  return { host, app, user: userEvent.setup() };
}

/** axe finds nothing. Colours are jsdom's blind spot: tokens.test.ts looks at them. */
export async function expectClean(): Promise<void> {
  const found = await axe.run(document, {
    runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
    rules: { "color-contrast": { enabled: false } },
    resultTypes: ["violations"],
  });
  expect(found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary ?? ""}`).join(" | ")}`)).toEqual([]);
}

export const byId = (id: string): Promise<HTMLElement> => screen.findByTestId(id, {}, { timeout: 5000 });
export const enter = async (id: string, value: string): Promise<void> => {
  await fireEvent.input(await byId(id), { target: { value } });
};
export const inside = (element: HTMLElement) => within(element);
export { screen, waitFor };

/** Somebody who goes where a look leads, in jsdom. */
export const person = (user: UserEvent): Person => ({
  press: async (id) => user.click((await screen.findAllByTestId(id, {}, { timeout: 5000 }))[0] ?? document.body),
  pressNamed: async (name) => user.click(await screen.findByRole("button", { name })),
  choose: async (id) => user.click(inside(await byId(id)).getByRole("radio")),
  enter,
});
