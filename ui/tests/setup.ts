// What jsdom lacks, and a clean page for each test.
import "@testing-library/jest-dom/vitest";
import { afterEach, beforeEach, vi } from "vitest";

HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement): void {
  this.setAttribute("open", "");
};
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement): void {
  this.removeAttribute("open");
};
URL.createObjectURL ??= () => "blob:made";
URL.revokeObjectURL ??= () => undefined;
Element.prototype.scrollIntoView ??= () => undefined;
HTMLMediaElement.prototype.play = () => Promise.resolve();
HTMLMediaElement.prototype.pause = () => undefined;

beforeEach(() => {
  document.documentElement.lang = "en";
  document.title = "Coffer";
  localStorage.clear();
  location.hash = "";
});

afterEach(() => {
  vi.useRealTimers();
});
