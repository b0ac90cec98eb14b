// The ways to unlock: what there is, and every change, which asks for a fresh unlock first.
import { toHostError, type HostError, type ProtectionView, type RemovalReason, type Unlock, type WayKind, type WayTest, type WayView } from "../host/host";
import type { AppState } from "./app.svelte";
import { bestFirst } from "./ways";

type Stage = { kind: "loading" } | { kind: "ready"; view: ProtectionView } | { kind: "failed"; error: HostError };
/** What waits for a fresh unlock. */
type Waiting = { run: () => Promise<void> };

export class ProtectionState {
  readonly #app: AppState;
  stage: Stage = $state.raw({ kind: "loading" });
  waiting: Waiting | null = $state.raw(null);
  error: HostError | null = $state.raw(null);

  constructor(app: AppState) {
    this.#app = app;
  }

  get view(): ProtectionView | null {
    return this.stage.kind === "ready" ? this.stage.view : null;
  }

  /** The kinds of way there are, the best for this computer first. */
  get kinds(): WayKind[] {
    return bestFirst(this.view?.ways ?? [], this.#app.view?.passkeyKinds ?? []);
  }

  get passkeys(): WayView[] {
    return this.view?.ways.filter((way) => way.kind === "passkey") ?? [];
  }

  take(view: ProtectionView): void {
    this.stage = { kind: "ready", view };
  }

  async refresh(): Promise<void> {
    try {
      this.take(await this.#app.host.getProtection());
    } catch (thrown) {
      this.stage = { kind: "failed", error: toHostError(thrown) };
    }
  }

  /** Runs a change; when it needs a fresh unlock, the sheet opens and the change follows it. */
  async change(run: () => Promise<void>): Promise<void> {
    this.error = null;
    if (this.view?.needsUnlock === true) {
      this.waiting = { run };
      return;
    }
    await this.#attempt(run);
  }

  async unlockFresh(unlock: Unlock): Promise<void> {
    this.take(await this.#app.host.freshUnlock(unlock));
    const waiting = this.waiting;
    this.waiting = null;
    if (waiting !== null) await this.#attempt(waiting.run);
  }

  dropWaiting(): void {
    this.waiting = null;
  }

  rename(id: string, name: string): Promise<void> {
    return this.change(async () => this.take(await this.#app.host.renameWay(id, name)));
  }

  remove(id: string, reason: RemovalReason, atRiskAcknowledged: boolean): Promise<void> {
    return this.change(async () => this.take(await this.#app.host.removeWay(id, reason, atRiskAcknowledged)));
  }

  turnOff(): Promise<void> {
    return this.change(async () => {
      this.take(await this.#app.host.turnOffProtection());
      await this.#app.refresh();
    });
  }

  async test(unlock: Unlock): Promise<WayTest> {
    const test = await this.#app.host.testWay(unlock);
    await this.refresh();
    return test;
  }

  async #attempt(run: () => Promise<void>): Promise<void> {
    try {
      await run();
      void this.#app.backup.refresh();
    } catch (thrown) {
      const error = toHostError(thrown);
      if (error.code === "needs_unlock") {
        this.waiting = { run };
        return;
      }
      // What another computer changed is shown beside the sentence that says so.
      if (error.code === "ways_changed") await this.refresh();
      this.error = error;
    }
  }
}
