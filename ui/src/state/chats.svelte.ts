// The list of chats, searching across them, and the chat that is open.
import { toHostError, type ChatRow, type HostError, type SearchHit } from "../host/host";
import type { AppState } from "./app.svelte";
import { MediaShelf } from "./media";
import { ReaderState } from "./reader.svelte";
import { librarySource, type ChatSource } from "./source";

const PAGE = 50;
const PAUSE = 160;

export type Sort = "recent" | "name" | "size";
type Stage = { kind: "loading" } | { kind: "ready"; rows: readonly ChatRow[] } | { kind: "failed"; error: HostError };
type Search =
  | { kind: "none" }
  | { kind: "searching" }
  | { kind: "found"; hits: readonly SearchHit[]; hasMore: boolean }
  | { kind: "failed"; error: HostError };
export type HitGroup = { chat: string; title: string; hits: SearchHit[] };

export class ChatsState {
  readonly #app: AppState;
  readonly source: ChatSource;
  readonly shelf: MediaShelf;
  stage: Stage = $state.raw({ kind: "loading" });
  search: Search = $state.raw({ kind: "none" });
  reader: ReaderState | null = $state.raw(null);
  sort: Sort = $state("recent");
  text = $state("");
  app = $state("");
  person = $state("");
  after = $state("");
  before = $state("");
  hasMedia = $state(false);
  #pause: ReturnType<typeof setTimeout> | undefined;
  #question = "";
  #isLoading = false;
  #isStale = false;

  constructor(app: AppState, source: ChatSource = librarySource(app.host)) {
    this.#app = app;
    this.source = source;
    this.shelf = new MediaShelf((hash, offset, len) => source.bytes(hash, offset, len));
  }

  get rows(): readonly ChatRow[] {
    return this.stage.kind === "ready" ? this.stage.rows : [];
  }

  readonly sorted: readonly ChatRow[] = $derived.by(() => {
    const rows = this.rows.filter((row) => this.app === "" || row.app === this.app);
    if (this.sort === "name") return rows.toSorted((a, b) => a.title.localeCompare(b.title));
    if (this.sort === "size") return rows.toSorted((a, b) => b.messages - a.messages);
    return rows.toSorted((a, b) => (b.last ?? 0) - (a.last ?? 0));
  });

  readonly apps: readonly string[] = $derived([...new Set(this.rows.map((row) => row.app))].toSorted());

  readonly people: readonly string[] = $derived([...new Set(this.rows.flatMap((row) => row.people))].toSorted((a, b) => a.localeCompare(b)));

  /** The words with the filters written in, as the library reads them. */
  get question(): string {
    const parts = [this.text.trim()];
    if (this.person !== "") parts.push(`from:"${this.person.replaceAll('"', "")}"`);
    if (this.app !== "") parts.push(`app:"${this.app}"`);
    if (this.after !== "") parts.push(`after:${this.after}`);
    if (this.before !== "") parts.push(`before:${this.before}`);
    if (this.hasMedia) parts.push("has:media");
    return parts.filter(Boolean).join(" ");
  }

  /** Something besides the app is asked for: then messages are shown, not chats. */
  get isSearching(): boolean {
    return this.text.trim() !== "" || this.person !== "" || this.after !== "" || this.before !== "" || this.hasMedia;
  }

  get filterCount(): number {
    return [this.person, this.app, this.after, this.before].filter(Boolean).length + (this.hasMedia ? 1 : 0);
  }

  readonly groups: readonly HitGroup[] = $derived.by(() => {
    if (this.search.kind !== "found") return [];
    const groups: HitGroup[] = [];
    for (const hit of this.search.hits) {
      const group = groups.find((one) => one.chat === hit.chat);
      if (group === undefined) groups.push({ chat: hit.chat, title: hit.title, hits: [hit] });
      else group.hits.push(hit);
    }
    return groups;
  });

  /** Reads the list; a call while one is under way is answered by that one. */
  async load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    this.#isStale = false;
    if (this.stage.kind === "failed") this.stage = { kind: "loading" };
    try {
      this.stage = { kind: "ready", rows: await this.source.chats() };
    } catch (thrown) {
      this.stage = { kind: "failed", error: toHostError(thrown) };
    } finally {
      this.#isLoading = false;
    }
    if (this.#isStale) this.invalidate();
  }

  /** Chats came or changed: the list is read again when it is next shown. */
  invalidate(): void {
    this.#isStale = true;
    this.stage = { kind: "loading" };
    this.reader = null;
  }

  /** Opens a chat, at a message when one is asked for. */
  open(chat: string | null, at: number | null): void {
    if (chat === null) {
      this.reader = null;
      return;
    }
    const row = this.rows.find((one) => one.id === chat);
    if (row === undefined) return;
    if (this.reader?.chat.id !== chat) {
      this.reader = new ReaderState(this.source, row);
      this.reader.marked = at;
    } else if (at !== null) this.reader.show(at);
  }

  clearFilters(): void {
    this.person = "";
    this.app = "";
    this.after = "";
    this.before = "";
    this.hasMedia = false;
    this.ask();
  }

  /** Asks after a pause in typing. */
  ask(): void {
    clearTimeout(this.#pause);
    if (!this.isSearching) {
      this.search = { kind: "none" };
      return;
    }
    this.#pause = setTimeout(() => void this.#find(0), PAUSE);
  }

  async more(): Promise<void> {
    if (this.search.kind === "found") await this.#find(this.search.hits.length);
  }

  dispose(): void {
    clearTimeout(this.#pause);
    this.shelf.dispose();
  }

  async #find(offset: number): Promise<void> {
    const question = this.question;
    this.#question = question;
    const before = offset > 0 && this.search.kind === "found" ? this.search.hits : [];
    if (offset === 0 && this.search.kind !== "found") this.search = { kind: "searching" };
    try {
      const page = await this.source.search({ text: question, chat: null, limit: PAGE, offset });
      if (question !== this.#question || !this.isSearching) return;
      this.search = { kind: "found", hits: [...before, ...page.hits], hasMore: page.hasMore };
      if (offset === 0) this.#app.say(this.spokenCount(page.hits.length, page.hasMore));
    } catch (thrown) {
      if (question === this.#question) this.search = { kind: "failed", error: toHostError(thrown) };
    }
  }

  /** Set by the screen: the words for "n found". */
  spokenCount: (count: number, hasMore: boolean) => string = String;
}
