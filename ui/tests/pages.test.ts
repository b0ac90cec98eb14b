import { expect, it, vi } from "vitest";
import { Pages } from "../src/state/pages";

const rows = (offset: number, limit: number): Promise<number[]> => Promise.resolve(Array.from({ length: limit }, (_, row) => offset + row));

it("loads the pages of a range once", async () => {
  const read = vi.fn(rows);
  const pages = new Pages(read, () => undefined, () => undefined);

  pages.want(150, 450);
  pages.want(150, 450);
  await vi.waitFor(() => expect(pages.isLoading).toBe(false));

  expect(read.mock.calls).toEqual([[0, 200], [200, 200], [400, 200]]);
  expect(pages.at(431)).toBe(431);
});

it("keeps twenty pages, the ones seen last", async () => {
  const pages = new Pages(rows, () => undefined, () => undefined);

  for (let page = 0; page < 40; page += 1) await pages.bring(page * 200);

  expect(pages.pages).toBe(20);
  expect(pages.at(39 * 200)).toBe(7800);
  expect(pages.at(0)).toBeUndefined();
});

it("keeps a page that is looked at again and again", async () => {
  const pages = new Pages(rows, () => undefined, () => undefined);
  await pages.bring(0);

  for (let page = 1; page < 40; page += 1) {
    pages.want(0, 10);
    await pages.bring(page * 200);
  }

  expect(pages.at(5)).toBe(5);
});

it("tells of a failed page and can try it again", async () => {
  let isBroken = true;
  const failed = vi.fn();
  const pages = new Pages((offset, limit) => (isBroken ? Promise.reject(new Error("torn")) : rows(offset, limit)), () => undefined, failed);
  await pages.bring(3);

  isBroken = false;
  await pages.bring(3);

  expect(failed).toHaveBeenCalledOnce();
  expect(pages.at(3)).toBe(3);
});

it("drops an answer that comes after everything was forgotten", async () => {
  let answer: (value: number[]) => void = () => undefined;
  const pages = new Pages(() => new Promise<number[]>((resolve) => (answer = resolve)), () => undefined, () => undefined);
  const brought = pages.bring(0);

  pages.clear();
  answer([1, 2, 3]);
  await brought;

  expect(pages.at(0)).toBeUndefined();
});
