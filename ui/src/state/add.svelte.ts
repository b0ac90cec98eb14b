// Adding chats: pick, look, answer what the file leaves open, import, report.
import { toHostError, type AppKey, type HostError, type ImportPreview, type ImportReport } from "../host/host";
import { t } from "../i18n/i18n";
import type { AppState } from "./app.svelte";
import { explain } from "./explain";
import { jobError, type JobRun } from "./jobs.svelte";

/** What the app that encrypted a backup gives to open it. */
type KeyKind = "digits" | "file" | "phrase";

const KEY_KINDS: Record<string, KeyKind> = { whatsapp_digits: "digits", signal_recovery_key: "phrase" };

type Stage =
  | { kind: "choose"; error: HostError | null }
  | { kind: "looking"; path: string }
  | { kind: "key"; path: string; wanted: KeyKind; error: HostError | null }
  | { kind: "preview"; preview: ImportPreview; error: HostError | null }
  | { kind: "importing"; run: JobRun }
  | { kind: "report"; report: ImportReport };

export class AddState {
  readonly #app: AppState;
  stage: Stage = $state.raw({ kind: "choose", error: null });
  me = $state("");
  zone = $state("");
  dateOrder = $state("");
  keepOriginals = $state(true);
  chosen: number[] = $state.raw([]);

  constructor(app: AppState) {
    this.#app = app;
  }

  async pick(what: "file" | "folder"): Promise<void> {
    try {
      const path = what === "file" ? await this.#app.host.pickFile("chats") : await this.#app.host.pickFolder("chats");
      if (path !== null) await this.look(path);
    } catch (thrown) {
      this.stage = { kind: "choose", error: toHostError(thrown) };
    }
  }

  async look(path: string): Promise<void> {
    this.stage = { kind: "looking", path };
    try {
      const preview = await this.#app.host.previewImport(path, null, null);
      this.me = preview.meGuess ?? "";
      this.zone = preview.zoneGuess;
      this.dateOrder = preview.dates?.order ?? "";
      this.keepOriginals = true;
      this.chosen = preview.chats.map((chat) => chat.index);
      this.stage = { kind: "preview", preview, error: null };
    } catch (thrown) {
      const error = toHostError(thrown);
      this.stage =
        error.code === "needs_app_key"
          ? { kind: "key", path, wanted: KEY_KINDS[error.detail ?? ""] ?? "file", error: null }
          : { kind: "choose", error };
    }
  }

  /** Takes the key of the app that made the backup, and looks again. */
  async giveKey(key: AppKey): Promise<void> {
    if (this.stage.kind !== "key") return;
    const asked = this.stage;
    try {
      await this.#app.host.giveAppKey(asked.path, key);
      await this.look(asked.path);
      if (this.#failure()?.code === "wrong_app_key") this.stage = { ...asked, error: this.#failure() };
    } catch (thrown) {
      this.stage = { ...asked, error: toHostError(thrown) };
    }
  }

  async pickKey(): Promise<void> {
    if (this.stage.kind !== "key") return;
    const asked = this.stage;
    try {
      const path = await this.#app.host.pickFile("app_key");
      if (path !== null) await this.giveKey({ kind: "file", path });
    } catch (thrown) {
      this.stage = { ...asked, error: toHostError(thrown) };
    }
  }

  #failure(): HostError | null {
    return this.stage.kind === "choose" ? this.stage.error : null;
  }

  /** Reads the dates again in the order the person says. */
  async setDateOrder(order: string): Promise<void> {
    if (this.stage.kind !== "preview") return;
    const { preview: before } = this.stage;
    this.dateOrder = order;
    try {
      const preview = await this.#app.host.previewImport(before.path, order, this.zone || null);
      this.stage = { kind: "preview", preview, error: null };
    } catch (thrown) {
      this.stage = { kind: "preview", preview: before, error: toHostError(thrown) };
    }
  }

  choose(index: number, isChosen: boolean): void {
    this.chosen = isChosen ? [...this.chosen, index].sort((a, b) => a - b) : this.chosen.filter((one) => one !== index);
  }

  async start(): Promise<void> {
    if (this.stage.kind !== "preview") return;
    const { preview } = this.stage;
    try {
      const id = await this.#app.host.startImport({
        path: preview.path,
        zone: preview.needsZone ? this.zone : null,
        me: this.me || null,
        dateOrder: preview.dates === null ? null : this.dateOrder,
        keepOriginals: this.keepOriginals,
        chats: this.chosen.length === preview.chats.length ? null : this.chosen,
      });
      const run = await this.#app.jobs.follow(id);
      this.stage = { kind: "importing", run };
      await this.#finish(run, preview);
    } catch (thrown) {
      this.stage = { kind: "preview", preview, error: toHostError(thrown) };
    }
  }

  async cancel(): Promise<void> {
    if (this.stage.kind === "importing") await this.#app.jobs.cancel(this.stage.run);
  }

  restart(): void {
    this.stage = { kind: "choose", error: null };
  }

  async #finish(run: JobRun, preview: ImportPreview): Promise<void> {
    const view = await run.ended;
    await this.#app.refresh();
    this.#app.chats.invalidate();
    if (view.outcome?.kind === "import") {
      this.stage = { kind: "report", report: view.outcome.report };
      this.#app.report(t("add.report"), "add");
    } else {
      this.stage = { kind: "preview", preview, error: jobError(view) };
      this.#app.report(explain(jobError(view)), "add");
    }
  }
}
