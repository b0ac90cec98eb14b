// Where the rows of a very long list are. Engines cap the height of an element (about 16 M px), so the track is clamped
// and the offset scaled; between jumps the list moves one to one and drifts from the scroll bar until it rests.

/** The tallest track: below every engine's cap. */
export const LIMIT = 15_000_000;

/** Rows of different heights: estimated until measured. Sums by a Fenwick tree, so a million rows cost microseconds. */
export class Track {
  readonly count: number;
  readonly #estimate: number;
  readonly #more: Float64Array;
  readonly #own: Float32Array;
  #total: number;

  constructor(count: number, estimate: number) {
    this.count = count;
    this.#estimate = estimate;
    this.#more = new Float64Array(count + 1);
    this.#own = new Float32Array(count);
    this.#total = count * estimate;
  }

  /** Height of all rows. */
  get height(): number {
    return this.#total;
  }

  /** Height of the element that scrolls. */
  get trackHeight(): number {
    return Math.min(this.#total, LIMIT);
  }

  /** Top of a row among all rows. */
  offsetOf(row: number): number {
    const at = Math.max(0, Math.min(row, this.count));
    let sum = at * this.#estimate;
    for (let node = at; node > 0; node -= node & -node) sum += this.#more[node] ?? 0;
    return sum;
  }

  /** The row at an offset; the last one beyond the end. */
  rowAt(offset: number): number {
    let row = 0;
    let left = Math.max(0, offset);
    for (let step = 2 ** Math.floor(Math.log2(Math.max(1, this.count))); step >= 1; step /= 2) {
      if (row + step > this.count) continue;
      const span = step * this.#estimate + (this.#more[row + step] ?? 0);
      if (span > left) continue;
      row += step;
      left -= span;
    }
    return Math.max(0, Math.min(row, this.count - 1));
  }

  heightOf(row: number): number {
    return this.#estimate + (this.#own[row] ?? 0);
  }

  /** Takes a row's real height; true when it was another one. */
  measure(row: number, height: number): boolean {
    if (row < 0 || row >= this.count) return false;
    const change = Math.fround(height - this.#estimate) - (this.#own[row] ?? 0);
    if (Math.abs(change) < 0.5) return false;
    this.#own[row] = (this.#own[row] ?? 0) + change;
    this.#total += change;
    for (let node = row + 1; node <= this.count; node += node & -node) this.#more[node] = (this.#more[node] ?? 0) + change;
    return true;
  }

  /** The furthest offset a view can have. */
  end(view: number): number {
    return Math.max(0, this.#total - view);
  }

  /** The scroll position that shows an offset. */
  toScroll(offset: number, view: number): number {
    const end = this.end(view);
    return end === 0 ? 0 : (Math.max(0, Math.min(offset, end)) * Math.max(0, this.trackHeight - view)) / end;
  }

  /** The offset a scroll position shows after a jump of the scroll bar. */
  toOffset(scroll: number, view: number): number {
    const room = Math.max(0, this.trackHeight - view);
    return room === 0 ? 0 : (Math.max(0, Math.min(scroll, room)) * this.end(view)) / room;
  }

  /** The offset after the scroll position went from one to another: one to one when near, scaled when far. */
  follow(offset: number, from: number, to: number, view: number): number {
    if (Math.abs(to - from) > 1.5 * view) return this.toOffset(to, view);
    return Math.max(0, Math.min(offset + to - from, this.end(view)));
  }
}
