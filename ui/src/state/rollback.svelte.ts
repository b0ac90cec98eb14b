// A place that went back in time: both states side by side, and the person's decision.
import { toHostError, type HostError, type RollbackChoice, type RollbackView, type Unlock } from "../host/host";
import { t } from "../i18n/i18n";
import type { AppState } from "./app.svelte";

type Stage =
  | { kind: "loading" }
  /** The two states cannot be read before a way to unlock is used. */
  | { kind: "sealed" }
  | { kind: "shown"; view: RollbackView; error: HostError | null }
  /** The decision needs a way to unlock. */
  | { kind: "deciding"; view: RollbackView; choice: RollbackChoice }
  | { kind: "settled" }
  | { kind: "failed"; error: HostError };

export class RollbackState {
  readonly #app: AppState;
  stage: Stage = $state.raw({ kind: "loading" });

  constructor(app: AppState) {
    this.#app = app;
  }

  async load(): Promise<void> {
    this.stage = { kind: "loading" };
    try {
      const view = await this.#app.host.getRollback();
      if (view === null) await this.#finish();
      else this.stage = { kind: "shown", view, error: null };
    } catch (thrown) {
      const error = toHostError(thrown);
      this.stage = error.code === "needs_unlock" ? { kind: "sealed" } : { kind: "failed", error };
    }
  }

  /** Opens what is sealed; a wrong secret is the caller's to show. */
  async unseal(unlock: Unlock): Promise<void> {
    this.#app.protection.take(await this.#app.host.freshUnlock(unlock));
    await this.load();
  }

  /** Takes the decision; taking the older state for right always asks for a way to unlock first. */
  async choose(choice: RollbackChoice): Promise<void> {
    if (this.stage.kind !== "shown") return;
    const { view } = this.stage;
    if (choice === "it_is_right") {
      this.stage = { kind: "deciding", view, choice };
      return;
    }
    try {
      await this.#settle(choice, null);
    } catch (thrown) {
      const error = toHostError(thrown);
      this.stage = error.code === "needs_unlock" ? { kind: "deciding", view, choice } : { kind: "shown", view, error };
    }
  }

  /** The same with a way to unlock; a wrong secret is the caller's to show. */
  async confirm(unlock: Unlock): Promise<void> {
    if (this.stage.kind === "deciding") await this.#settle(this.stage.choice, unlock);
  }

  back(): void {
    if (this.stage.kind === "deciding") this.stage = { kind: "shown", view: this.stage.view, error: null };
  }

  async #settle(choice: RollbackChoice, unlock: Unlock | null): Promise<void> {
    await this.#app.host.settleRollback(choice, unlock);
    this.#app.note(t(choice === "keep_newer" ? "rollback.settled_newer" : "rollback.settled_right"));
    await this.#finish();
  }

  async #finish(): Promise<void> {
    this.stage = { kind: "settled" };
    await Promise.all([this.#app.backup.refresh(), this.#app.protection.refresh()]);
  }
}
