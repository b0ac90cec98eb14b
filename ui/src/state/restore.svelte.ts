// Bringing chats back: where, unlock, which backup, what of it; then the run and its report.
import {
  toHostError,
  type BackupItem,
  type ChatRow,
  type HostError,
  type OpenedBackup,
  type ProtectionView,
  type RestoreReport,
  type RestoreRequest,
  type Unlock,
} from "../host/host";
import { t } from "../i18n/i18n";
import type { AppState } from "./app.svelte";
import { ChatsState } from "./chats.svelte";
import { jobError, type JobRun } from "./jobs.svelte";
import { backupSource } from "./source";

const DAY = 86_400_000;

type Stage =
  | { kind: "place"; error: HostError | null; path: string | null }
  | { kind: "opening"; path: string }
  | { kind: "unlock"; opened: OpenedBackup }
  | { kind: "backups"; opened: OpenedBackup; items: readonly BackupItem[] }
  | { kind: "looking"; opened: OpenedBackup; items: readonly BackupItem[]; chats: ChatsState }
  | { kind: "choose"; opened: OpenedBackup; items: readonly BackupItem[]; chats: readonly ChatRow[] }
  | { kind: "running"; opened: OpenedBackup; run: JobRun }
  | { kind: "done"; opened: OpenedBackup; report: RestoreReport; protection: ProtectionView | null };

type Plan = { kind: "counting" } | { kind: "ready"; report: RestoreReport } | { kind: "failed"; error: HostError };

export class RestoreState {
  readonly #app: AppState;
  stage: Stage = $state.raw({ kind: "place", error: null, path: null });
  plan: Plan = $state.raw({ kind: "counting" });
  backup = $state("");
  chosen: readonly string[] = $state.raw([]);
  withMedia = $state(true);
  from = $state("");
  to = $state("");
  error: HostError | null = $state.raw(null);
  isBusy = $state(false);
  #counts = 0;

  constructor(app: AppState) {
    this.#app = app;
  }

  get item(): BackupItem | null {
    const items = this.stage.kind === "backups" || this.stage.kind === "choose" || this.stage.kind === "looking" ? this.stage.items : [];
    return items.find((one) => one.id === this.backup) ?? null;
  }

  async pick(): Promise<void> {
    try {
      const path = await this.#app.host.pickFolder("restore");
      if (path !== null) await this.open(path);
    } catch (thrown) {
      this.stage = { kind: "place", error: toHostError(thrown), path: null };
    }
  }

  async open(path: string): Promise<void> {
    this.error = null;
    this.stage = { kind: "opening", path };
    try {
      this.stage = { kind: "unlock", opened: await this.#app.host.openBackup(path) };
    } catch (thrown) {
      this.stage = { kind: "place", error: toHostError(thrown), path };
    }
  }

  /** Unlocks the place; a wrong secret is the caller's to show. */
  async unlock(unlock: Unlock): Promise<void> {
    if (this.stage.kind !== "unlock") return;
    const { opened } = this.stage;
    const items = (await this.#app.host.unlockBackup(opened.session, unlock)).toSorted((a, b) => b.time - a.time);
    this.backup = items[0]?.id ?? "";
    this.stage = { kind: "backups", opened, items };
  }

  async look(): Promise<void> {
    if (this.stage.kind !== "backups" && this.stage.kind !== "choose") return;
    const { opened, items } = this.stage;
    const chats = new ChatsState(this.#app, backupSource(this.#app.host, opened.session, this.backup));
    this.stage = { kind: "looking", opened, items, chats };
    await chats.load();
  }

  backToBackups(): void {
    if (this.stage.kind !== "looking" && this.stage.kind !== "choose") return;
    if (this.stage.kind === "looking") this.stage.chats.dispose();
    const { opened, items } = this.stage;
    this.stage = { kind: "backups", opened, items };
  }

  async choose(): Promise<void> {
    if (this.stage.kind !== "backups" && this.stage.kind !== "looking") return;
    const { opened, items } = this.stage;
    this.error = null;
    this.isBusy = true;
    try {
      const chats = await this.#app.host.lookChats(opened.session, this.backup);
      this.chosen = chats.map((chat) => chat.id);
      this.withMedia = true;
      this.from = "";
      this.to = "";
      this.stage = { kind: "choose", opened, items, chats };
      void this.count();
    } catch (thrown) {
      this.error = toHostError(thrown);
    } finally {
      this.isBusy = false;
    }
  }

  toggle(chat: string, isChosen: boolean): void {
    this.chosen = isChosen ? [...this.chosen, chat] : this.chosen.filter((one) => one !== chat);
    void this.count();
  }

  toggleAll(isChosen: boolean): void {
    if (this.stage.kind !== "choose") return;
    this.chosen = isChosen ? this.stage.chats.map((chat) => chat.id) : [];
    void this.count();
  }

  /** Counts what the restore would do, without doing it. */
  async count(): Promise<void> {
    const request = this.#request();
    if (request === null) return;
    const count = (this.#counts += 1);
    this.plan = { kind: "counting" };
    try {
      const report = await this.#app.host.planRestore(request);
      if (count === this.#counts) this.plan = { kind: "ready", report };
    } catch (thrown) {
      if (count === this.#counts) this.plan = { kind: "failed", error: toHostError(thrown) };
    }
  }

  async start(): Promise<void> {
    const request = this.#request();
    if (request === null || this.stage.kind !== "choose") return;
    const before = this.stage;
    this.error = null;
    try {
      const run = await this.#app.jobs.follow(await this.#app.host.startRestore(request));
      this.stage = { kind: "running", opened: before.opened, run };
      const view = await run.ended;
      await this.#app.refresh();
      this.#app.chats.invalidate();
      if (view.outcome?.kind === "restore") {
        this.stage = { kind: "done", opened: before.opened, report: view.outcome.report, protection: null };
        this.#app.report(t("restore.done"), "restore");
      } else {
        this.error = jobError(view);
        this.stage = before;
      }
    } catch (thrown) {
      this.error = toHostError(thrown);
      this.stage = before;
    }
  }

  async cancel(): Promise<void> {
    if (this.stage.kind === "running") await this.#app.jobs.cancel(this.stage.run);
  }

  /** Backs up from here on to the same place, with the same ways to unlock. */
  async protectHere(): Promise<void> {
    if (this.stage.kind !== "done") return;
    const { stage } = this;
    this.error = null;
    this.isBusy = true;
    try {
      const protection = await this.#app.host.protectHere(stage.opened.session);
      this.stage = { ...stage, protection };
      this.#app.protection.take(protection);
      await this.#app.refresh();
      void this.#app.backup.refresh();
    } catch (thrown) {
      this.error = toHostError(thrown);
    } finally {
      this.isBusy = false;
    }
  }

  /** Forgets the opened place and begins again. */
  async restart(): Promise<void> {
    const { stage } = this;
    this.error = null;
    this.stage = { kind: "place", error: null, path: null };
    if (stage.kind === "looking") stage.chats.dispose();
    if (stage.kind !== "place" && stage.kind !== "opening") await this.#app.host.closeBackup(stage.opened.session).catch(() => undefined);
  }

  #request(): RestoreRequest | null {
    if (this.stage.kind !== "choose") return null;
    const all = this.stage.chats.length === this.chosen.length;
    return {
      session: this.stage.opened.session,
      backup: this.backup,
      chats: all ? null : [...this.chosen],
      withMedia: this.withMedia,
      from: this.from === "" ? null : new Date(`${this.from}T00:00`).getTime(),
      to: this.to === "" ? null : new Date(`${this.to}T00:00`).getTime() + DAY,
    };
  }
}
