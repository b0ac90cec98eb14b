// Turning protection on, or adding a way: place, password or key, proof, second way, done.
// Holds no secret: what is typed stays in the step that shows it.
import { toHostError, type HostError, type PlaceView, type ProtectionView, type WayKind } from "../host/host";
import type { AppState } from "./app.svelte";

export type FirstWay = Extract<WayKind, "password" | "recovery_key">;

type Stage =
  | { kind: "place"; found: PlaceView | null; error: HostError | null }
  | { kind: "way" }
  | { kind: "password" }
  | { kind: "key" }
  | { kind: "offer_password" }
  | { kind: "try" }
  | { kind: "done"; view: ProtectionView };

/** The step of the stepper a stage belongs to. */
const STEP: Record<Stage["kind"], number> = { place: 0, way: 1, password: 1, key: 1, offer_password: 2, try: 3, done: 4 };

export class SetupState {
  readonly #app: AppState;
  /** Only one way is added to a backup that already has others. */
  readonly only: FirstWay | null;
  stage: Stage = $state.raw({ kind: "place", found: null, error: null });
  isBusy = $state(false);

  /** The way that goes once the new one is proved. */
  readonly #replaces: string | null;
  #first: FirstWay | null;

  constructor(app: AppState, only: FirstWay | null, first: FirstWay | null = null, replaces: string | null = null) {
    this.#app = app;
    this.only = only;
    this.#first = first;
    this.#replaces = replaces;
    if (only !== null) this.stage = { kind: only === "password" ? "password" : "key" };
    else if (app.protection.view?.place != null) this.#chooseWay();
  }

  get step(): number {
    const isSecond = this.stage.kind === "key" && (this.#app.protection.view?.ways.length ?? 0) > 0;
    return isSecond ? 2 : STEP[this.stage.kind];
  }

  async pickPlace(): Promise<void> {
    await this.#work(async () => {
      const path = await this.#app.host.pickFolder("place");
      if (path === null) return;
      const found = await this.#app.host.inspectPlace(path);
      this.stage = { kind: "place", found, error: null };
      if (found.kind === "empty") await this.#take(found, false);
    });
  }

  /** Uses the place that was found: itself, or the folder suggested inside it. */
  async usePlace(useSubfolder: boolean): Promise<void> {
    const found = this.stage.kind === "place" ? this.stage.found : null;
    if (found !== null) await this.#work(() => this.#take(found, useSubfolder));
  }

  choose(way: FirstWay): void {
    this.stage = { kind: way === "password" ? "password" : "key" };
  }

  back(): void {
    if (this.stage.kind === "password" || this.stage.kind === "key") this.stage = { kind: "way" };
    else if (this.stage.kind === "way") this.stage = { kind: "place", found: null, error: null };
  }

  /** The way the person already pressed, or the question which. */
  #chooseWay(): void {
    const first = this.#first;
    this.#first = null;
    if (first === null) this.stage = { kind: "way" };
    else this.choose(first);
  }

  /** A password was set and typed a second time. */
  passwordProved(view: ProtectionView): void {
    this.#app.protection.take(view);
    if (this.only !== null) void this.#replace(view);
    else this.stage = this.#has("recovery_key", view) ? { kind: "try" } : { kind: "key" };
  }

  /** The 64 digits were confirmed. */
  keyConfirmed(view: ProtectionView): void {
    this.#app.protection.take(view);
    if (this.only !== null) void this.#replace(view);
    else this.stage = this.#has("password", view) ? { kind: "try" } : { kind: "offer_password" };
  }

  /** Goes on with one way only; the person ticked that they know. */
  skip(): void {
    this.stage = { kind: "try" };
  }

  tried(view: ProtectionView): void {
    this.#app.protection.take(view);
    this.#finish(view);
  }

  /** Removes the old way, now that the new one opened the backup. */
  async #replace(view: ProtectionView): Promise<void> {
    const old = view.ways.find((way) => way.id === this.#replaces);
    if (old === undefined) {
      this.#finish(view);
      return;
    }
    try {
      const left = await this.#app.host.removeWay(old.id, view.ways.length <= 2);
      this.#app.protection.take(left);
      this.#finish(left);
    } catch (thrown) {
      this.#app.fail(thrown);
      this.#finish(view);
    }
  }

  #has(kind: WayKind, view: ProtectionView): boolean {
    return view.ways.some((way) => way.kind === kind);
  }

  #finish(view: ProtectionView): void {
    this.stage = { kind: "done", view };
    void this.#app.refresh();
    void this.#app.backup.refresh();
  }

  async #take(found: PlaceView, useSubfolder: boolean): Promise<void> {
    this.#app.protection.take(await this.#app.host.choosePlace(found.path, useSubfolder));
    this.#chooseWay();
  }

  async #work(run: () => Promise<void>): Promise<void> {
    this.isBusy = true;
    try {
      await run();
    } catch (thrown) {
      const found = this.stage.kind === "place" ? this.stage.found : null;
      this.stage = { kind: "place", found, error: toHostError(thrown) };
    } finally {
      this.isBusy = false;
    }
  }
}
