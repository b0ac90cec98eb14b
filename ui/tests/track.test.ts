import { describe, expect, it } from "vitest";
import { LIMIT, Track } from "../src/components/track";

const VIEW = 700;

describe("a list of a million rows", () => {
  it("clamps its track below every engine's cap", () => {
    const track = new Track(1_000_000, 62);

    expect(track.height).toBe(62_000_000);
    expect(track.trackHeight).toBe(LIMIT);
  });

  it("reaches row 999,999 at the end of the scroll bar", () => {
    const track = new Track(1_000_000, 62);

    const offset = track.toOffset(LIMIT - VIEW, VIEW);

    expect(track.rowAt(offset + VIEW - 1)).toBe(999_999);
    expect(track.rowAt(track.toOffset(0, VIEW))).toBe(0);
  });

  it("comes back to the same offset from the scroll position", () => {
    const track = new Track(1_000_000, 62);

    const offset = track.offsetOf(654_321);

    expect(track.toOffset(track.toScroll(offset, VIEW), VIEW)).toBeCloseTo(offset, 3);
    expect(track.rowAt(offset)).toBe(654_321);
  });

  it("moves one to one when near and scaled when far", () => {
    const track = new Track(1_000_000, 62);

    expect(track.follow(1_000_000, 5000, 5120, VIEW)).toBe(1_000_120);
    expect(track.follow(1_000_000, 5000, 7_500_000, VIEW)).toBeCloseTo(track.toOffset(7_500_000, VIEW), 6);
  });

  it("never moves beyond its ends", () => {
    const track = new Track(1_000_000, 62);

    expect(track.follow(50, 100, 0, VIEW)).toBe(0);
    expect(track.follow(track.end(VIEW), 100, 900, VIEW)).toBe(track.end(VIEW));
  });
});

describe("rows of different heights", () => {
  it("stand where their measured heights put them", () => {
    const track = new Track(1000, 60);

    track.measure(0, 100);
    track.measure(10, 30);
    track.measure(999, 200);

    expect(track.offsetOf(1)).toBe(100);
    expect(track.offsetOf(11)).toBe(60 * 11 + 40 - 30);
    expect(track.height).toBe(60_000 + 40 - 30 + 140);
    expect(track.rowAt(99)).toBe(0);
    expect(track.rowAt(100)).toBe(1);
  });

  it("are found like by a plain sum, whatever was measured", () => {
    const heights = Array.from({ length: 777 }, (_, row) => 20 + ((row * 7919) % 300));
    const track = new Track(777, 64);

    heights.forEach((height, row) => track.measure(row, height));

    let top = 0;
    const wrong = heights.flatMap((height, row) => {
      const isRight = track.offsetOf(row) === top && track.rowAt(top) === row && track.rowAt(top + height - 1) === row;
      top += height;
      return isRight ? [] : [row];
    });
    expect(wrong).toEqual([]);
  });

  it("say when a measure changes nothing", () => {
    const track = new Track(10, 60);

    expect(track.measure(3, 90)).toBe(true);
    expect(track.measure(3, 90)).toBe(false);
    expect(track.measure(99, 90)).toBe(false);
  });
});

it("an empty list has no height and no rows beyond the first", () => {
  const track = new Track(0, 60);

  expect(track.height).toBe(0);
  expect(track.rowAt(500)).toBe(0);
});
