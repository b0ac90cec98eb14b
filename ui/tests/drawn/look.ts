// What is wrong with a drawn page: axe's findings, what runs out of the window, what is cut off, what no message says.
import axe from "axe-core";
import type { Recorder } from "./recorder";

export type Seen = { axe: string[]; sideways: string[]; cut: string[]; strange: string[] };

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const told = (element: Element): string => {
  const words = (element.textContent || element.getAttribute("aria-label") || "").replace(/\s+/gu, " ").trim().slice(0, 40);
  const id = element.closest("[data-testid]")?.getAttribute("data-testid") ?? "";
  return `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") ?? ""}"> in ${id}: “${words}”`;
};

const isSeen = (element: Element): boolean =>
  element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
  element.closest(".unseen, .skip, [inert]") === null &&
  getComputedStyle(element).clipPath === "none";
const hasOwnText = (element: Element): boolean => [...element.childNodes].some((node) => node instanceof Text && node.data.trim() !== "");

/** What a person can read or press, beyond the edge of the window or inside something that must be scrolled sideways. */
function sideways(all: Element[]): string[] {
  const scope = document.querySelector("dialog[open]") ?? document;
  return all
    .filter((element) => scope.contains(element))
    .filter((element) => {
      const style = getComputedStyle(element);
      if (element.scrollWidth > element.clientWidth + 1 && /auto|scroll/u.test(style.overflowX) && element.clientWidth > 0) return true;
      if (!hasOwnText(element) && !element.matches("button, input, select, textarea, a")) return false;
      if (element.parentElement !== null && getComputedStyle(element.parentElement).textOverflow === "ellipsis") return false;
      const box = element.getBoundingClientRect();
      return box.width > 0 && (box.left < -1 || box.right > innerWidth + 1);
    })
    .map(told);
}

/** Text that is clipped without a sign that there is more. */
function cut(all: Element[]): string[] {
  return all
    .filter((element) => {
      const style = getComputedStyle(element);
      const isClipped = /hidden|clip/u.test(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
      const isLow = /hidden|clip/u.test(style.overflowY) && hasOwnText(element) && element.scrollHeight > element.clientHeight + 2;
      const hasSign = style.textOverflow === "ellipsis" || style.getPropertyValue("-webkit-line-clamp") !== "none";
      return element !== document.body && !hasSign && element.clientWidth > 0 && ((isClipped && element.textContent.trim() !== "") || isLow);
    })
    .map(told);
}

/** What is read or heard, element by element; commands to copy are the same in every language. */
function spoken(): string[] {
  return [...document.body.querySelectorAll("*:not(script, pre)")].flatMap((element) => [
    ...[...element.childNodes].filter((node) => node instanceof Text).map((node) => node.data),
    ...["aria-label", "title", "placeholder", "alt", "aria-valuetext"].map((name) => element.getAttribute(name) ?? ""),
  ]);
}

async function violations(): Promise<string[]> {
  const found = await axe.run(document, { runOnly: { type: "tag", values: TAGS }, resultTypes: ["violations"] });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary ?? ""}`).join(" | ")}`);
}

export type Wanted = { axe: boolean; words: boolean };

export async function look(wanted: Wanted, recorder: Recorder): Promise<Seen> {
  const all = [...document.body.querySelectorAll("*")].filter(isSeen);
  return {
    axe: wanted.axe ? await violations() : [],
    sideways: sideways(all),
    cut: cut(all),
    strange: wanted.words ? spoken().flatMap((text) => recorder.strange(text).map((word) => `${word} in “${text.trim()}”`)) : [],
  };
}
