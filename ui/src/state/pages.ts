// Pages of a long list: loaded when near the view, the least recently seen forgotten.

export class Pages<T> {
  readonly #size: number;
  readonly #keep: number;
  readonly #read: (offset: number, limit: number) => Promise<readonly T[]>;
  readonly #onload: () => void;
  readonly #onfail: (thrown: unknown) => void;
  readonly #held = new Map<number, readonly T[]>();
  readonly #asked = new Set<number>();
  #generation = 0;

  constructor(
    read: (offset: number, limit: number) => Promise<readonly T[]>,
    onload: () => void,
    onfail: (thrown: unknown) => void,
    size = 200,
    keep = 20,
  ) {
    this.#read = read;
    this.#onload = onload;
    this.#onfail = onfail;
    this.#size = size;
    this.#keep = keep;
  }

  /** What lies at a position, when its page is here. */
  at(position: number): T | undefined {
    return this.#held.get(Math.floor(position / this.#size))?.[position % this.#size];
  }

  get pages(): number {
    return this.#held.size;
  }

  get isLoading(): boolean {
    return this.#asked.size > 0;
  }

  /** Loads the pages of a range that are not here; the pages of the range are seen last, so kept longest. */
  want(first: number, last: number): void {
    for (let page = Math.floor(Math.max(0, first) / this.#size); page <= Math.floor(last / this.#size); page += 1) {
      const held = this.#held.get(page);
      if (held !== undefined) {
        this.#held.delete(page);
        this.#held.set(page, held);
      } else if (!this.#asked.has(page)) void this.#load(page);
    }
  }

  /** Loads one position's page and waits for it. */
  async bring(position: number): Promise<T | undefined> {
    const page = Math.floor(position / this.#size);
    if (!this.#held.has(page)) await this.#load(page);
    return this.at(position);
  }

  clear(): void {
    this.#held.clear();
    this.#asked.clear();
    this.#generation += 1;
  }

  async #load(page: number): Promise<void> {
    const generation = this.#generation;
    this.#asked.add(page);
    try {
      const rows = await this.#read(page * this.#size, this.#size);
      if (generation !== this.#generation) return;
      this.#held.set(page, rows);
      for (const oldest of this.#held.keys()) {
        if (this.#held.size <= this.#keep) break;
        this.#held.delete(oldest);
      }
    } catch (thrown) {
      this.#onfail(thrown);
    } finally {
      this.#asked.delete(page);
      if (generation === this.#generation) this.#onload();
    }
  }
}
