// The status card: what is saved, what runs, what went wrong.
import { HostError, toHostError, type BackupReport, type BackupStatus, type CheckReport, type RollbackView, type Unlock } from "../host/host";
import { t } from "../i18n/i18n";
import type { AppState } from "./app.svelte";
import { explain } from "./explain";
import { jobError, type JobRun } from "./jobs.svelte";

type Stage = { kind: "loading" } | { kind: "ready"; status: BackupStatus } | { kind: "failed"; error: HostError };
type Result =
  | { kind: "none" }
  | { kind: "backup"; report: BackupReport }
  | { kind: "check"; report: CheckReport }
  | { kind: "stopped" }
  | { kind: "failed"; error: HostError };

export class BackupState {
  readonly #app: AppState;
  stage: Stage = $state.raw({ kind: "loading" });
  run: JobRun | null = $state.raw(null);
  /** What a place that went back in time showed before and shows now, where it can be read. */
  rollback: RollbackView | null = $state.raw(null);
  result: Result = $state.raw({ kind: "none" });
  /** A way to unlock is wanted before the run can begin. */
  isAsking = $state(false);

  constructor(app: AppState) {
    this.#app = app;
  }

  get status(): BackupStatus | null {
    return this.stage.kind === "ready" ? this.stage.status : null;
  }

  /** Something here wants the person. */
  get needsAttention(): boolean {
    const state = this.status?.state;
    return state === "at_risk" || state === "failed" || state === "place_missing" || state === "rolled_back" || this.status?.lastCheck?.isOk === false;
  }

  async refresh(): Promise<void> {
    try {
      const status = await this.#app.host.getBackupStatus();
      this.rollback = status.state === "rolled_back" ? await this.#app.host.getRollback().catch(() => null) : null;
      this.stage = { kind: "ready", status };
      if (status.running !== null && this.run === null) void this.#watch(this.#app.jobs.adopt(status.running));
    } catch (thrown) {
      this.stage = { kind: "failed", error: toHostError(thrown) };
    }
  }

  /** Backs up now; asks for a way to unlock first when this computer cannot do it by itself. */
  async start(unlock: Unlock | null = null): Promise<void> {
    if (unlock === null && this.status?.needsUnlock === true) {
      await this.#app.protection.refresh();
      this.isAsking = true;
      return;
    }
    try {
      const id = await this.#app.host.startBackup(unlock);
      this.isAsking = false;
      this.result = { kind: "none" };
      await this.#watch(await this.#app.jobs.follow(id));
    } catch (thrown) {
      const error = toHostError(thrown);
      if (unlock !== null) throw error;
      if (error.code === "needs_unlock") this.isAsking = true;
      else this.result = { kind: "failed", error };
    }
  }

  async check(everyByte: boolean): Promise<void> {
    try {
      const id = await this.#app.host.startCheck(everyByte);
      this.result = { kind: "none" };
      await this.#watch(await this.#app.jobs.follow(id));
    } catch (thrown) {
      this.result = { kind: "failed", error: toHostError(thrown) };
    }
  }

  async cancel(): Promise<void> {
    if (this.run !== null) await this.#app.jobs.cancel(this.run);
  }

  async #watch(run: JobRun): Promise<void> {
    this.run = run;
    const view = await run.ended;
    this.run = null;
    if (view.outcome?.kind === "backup") this.result = { kind: "backup", report: view.outcome.report };
    else if (view.outcome?.kind === "check") this.result = { kind: "check", report: view.outcome.report };
    else if (view.state === "cancelled") this.result = { kind: "stopped" };
    else if (view.kind === "backup" || view.kind === "check") this.result = { kind: "failed", error: jobError(view) };
    this.#speak();
    await this.refresh();
  }

  #speak(): void {
    const tell = (text: string): void => this.#app.report(text, "backup");
    if (this.result.kind === "backup") tell(t("backup.done"));
    if (this.result.kind === "check") tell(this.result.report.isOk ? t("backup.check_ok") : t("backup.check_bad"));
    if (this.result.kind === "stopped") tell(t("backup.stopped"));
    if (this.result.kind === "failed") tell(explain(this.result.error));
  }
}
