// One open chat: its messages by pages, the day and the sender they stand under, and looking something up in it.
import { toHostError, type ChatRow, type DayCount, type HostError, type MessageView, type SearchHit } from "../host/host";
import { dayKey, wallClock } from "../i18n/format";
import { Pages } from "./pages";
import type { ChatSource } from "./source";

const FIND_LIMIT = 200;
const RUN_GAP = 10 * 60_000;

/** A message with what its neighbours mean for it. */
export type Framed = { message: MessageView; startsDay: Date | null; startsRun: boolean; endsRun: boolean };

type Find =
  | { kind: "closed" }
  | { kind: "open"; text: string; hits: readonly SearchHit[]; at: number; hasMore: boolean; isSearching: boolean };

export class ReaderState {
  readonly chat: ChatRow;
  readonly source: ChatSource;
  readonly #pages: Pages<MessageView>;
  #loads = $state(0);
  error: HostError | null = $state.raw(null);
  view: "messages" | "media" = $state("messages");
  find: Find = $state.raw({ kind: "closed" });
  days: readonly DayCount[] | null = $state.raw(null);
  /** The message shown because somebody asked for it. */
  marked: number | null = $state(null);
  #reveal: (position: number) => void = () => undefined;

  constructor(source: ChatSource, chat: ChatRow) {
    this.source = source;
    this.chat = chat;
    this.#pages = new Pages(
      async (offset, limit) => (await source.messages(chat.id, offset, limit)).messages,
      () => (this.#loads += 1),
      (thrown) => (this.error = toHostError(thrown)),
    );
  }

  get isLoading(): boolean {
    return this.#loads >= 0 && this.#pages.isLoading;
  }

  /** The list that can bring a position into view. */
  attach(reveal: (position: number) => void): void {
    this.#reveal = reveal;
  }

  want(first: number, last: number): void {
    this.#pages.want(Math.max(0, first - 1), Math.min(this.chat.messages - 1, last + 1));
  }

  isHere(position: number): boolean {
    return this.#pages.at(position) !== undefined;
  }

  framed(position: number): Framed | null {
    if (this.#loads < 0) return null;
    const message = this.#pages.at(position);
    if (message === undefined) return null;
    const before = position > 0 ? this.#pages.at(position - 1) : undefined;
    const after = this.#pages.at(position + 1);
    const moment = wallClock(message.time, message.localTime);
    const earlier = before === undefined ? null : wallClock(before.time, before.localTime);
    const isNewDay = moment !== null && (earlier === null || dayKey(earlier) !== dayKey(moment));
    return {
      message,
      startsDay: isNewDay && (before !== undefined || position === 0) ? moment : null,
      startsRun: before === undefined || isNewDay || !sameRun(before, message),
      endsRun: after === undefined || !sameRun(message, after),
    };
  }

  retry(): void {
    this.error = null;
    this.#pages.clear();
    this.#loads += 1;
  }

  show(position: number): void {
    this.view = "messages";
    this.marked = position;
    this.#reveal(position);
  }

  async loadDays(): Promise<void> {
    if (this.source.more === null || this.days !== null) return;
    try {
      this.days = await this.source.more.days(this.chat.id);
    } catch (thrown) {
      this.error = toHostError(thrown);
    }
  }

  /** Shows the first message of a day, or of the next day that has any. */
  jumpTo(day: string): boolean {
    const found = this.days?.find((one) => one.day >= day);
    if (found === undefined) return false;
    this.show(found.position);
    return true;
  }

  openFind(): void {
    if (this.find.kind === "closed") this.find = { kind: "open", text: "", hits: [], at: 0, hasMore: false, isSearching: false };
  }

  closeFind(): void {
    this.find = { kind: "closed" };
    this.marked = null;
  }

  async findText(text: string): Promise<void> {
    if (text.trim() === "") {
      this.find = { kind: "open", text, hits: [], at: 0, hasMore: false, isSearching: false };
      return;
    }
    this.find = { kind: "open", text, hits: [], at: 0, hasMore: false, isSearching: true };
    try {
      const page = await this.source.search({ text, chat: this.chat.id, limit: FIND_LIMIT, offset: 0 });
      if (this.find.kind !== "open" || this.find.text !== text) return;
      this.find = { kind: "open", text, hits: page.hits, at: 0, hasMore: page.hasMore, isSearching: false };
      const first = page.hits[0];
      if (first !== undefined) this.show(first.position);
    } catch (thrown) {
      this.error = toHostError(thrown);
      this.find = { kind: "open", text, hits: [], at: 0, hasMore: false, isSearching: false };
    }
  }

  findNext(step: 1 | -1): void {
    if (this.find.kind !== "open" || this.find.hits.length === 0) return;
    const at = (this.find.at + step + this.find.hits.length) % this.find.hits.length;
    this.find = { ...this.find, at };
    const hit = this.find.hits[at];
    if (hit !== undefined) this.show(hit.position);
  }
}

function sameRun(first: MessageView, second: MessageView): boolean {
  if (isCentred(first) || isCentred(second)) return false;
  if (first.sender !== second.sender || first.isMe !== second.isMe) return false;
  return first.time === null || second.time === null || second.time - first.time < RUN_GAP;
}

/** System lines and calls stand in the middle, without a bubble. */
export function isCentred(message: MessageView): boolean {
  return message.kind === "system" || message.kind === "call";
}
