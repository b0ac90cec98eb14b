// Turning protection on, or adding a way: place, passkey, password or key, proof, second way, done.
// Holds no secret: what is typed stays in the step that shows it.
import { toHostError, type HostError, type PasskeyKind, type PlaceView, type ProtectionView, type WayKind, type WayView } from "../host/host";
import type { AppState } from "./app.svelte";

export type FirstWay = Extract<WayKind, "passkey" | "password" | "recovery_key">;

type Stage =
  | { kind: "place"; found: PlaceView | null; error: HostError | null }
  | { kind: "way" }
  | { kind: "password" }
  | { kind: "key" }
  | { kind: "passkey_kind" }
  | { kind: "passkey"; holder: PasskeyKind }
  | { kind: "passkey_made"; view: ProtectionView; way: WayView | null }
  | { kind: "offer_second" }
  | { kind: "offer_password" }
  | { kind: "try" }
  | { kind: "done"; view: ProtectionView };

/** The step of the stepper a stage belongs to. */
const STEP: Record<Stage["kind"], number> = {
  place: 0, way: 1, password: 1, key: 1, passkey_kind: 1, passkey: 1, passkey_made: 1, offer_second: 2, offer_password: 2, try: 3, done: 4,
};

export class SetupState {
  readonly #app: AppState;
  /** Only one way is added to a backup that already has others. */
  readonly only: FirstWay | null;
  stage: Stage = $state.raw({ kind: "place", found: null, error: null });
  isBusy = $state(false);
  /** The kind of way that was chosen last. */
  added: FirstWay = $state("password");

  /** The way that goes once the new one is proved. */
  readonly #replaces: string | null;
  #first: FirstWay | null;

  constructor(app: AppState, only: FirstWay | null, first: FirstWay | null = null, replaces: string | null = null) {
    this.#app = app;
    this.only = only;
    this.#first = first;
    this.#replaces = replaces;
    if (only !== null) this.choose(only);
    else if (app.protection.view?.place != null) this.#chooseWay();
  }

  get step(): number {
    const isWay = STEP[this.stage.kind] === 1 && this.stage.kind !== "passkey_made";
    const isSecond = this.stage.kind !== "way" && isWay && (this.#app.protection.view?.ways.length ?? 0) > 0;
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
    this.added = way;
    if (way === "passkey") this.#choosePasskey();
    else if (way === "password" && this.stage.kind === "offer_second") this.stage = { kind: "offer_password" };
    else this.stage = { kind: way === "password" ? "password" : "key" };
  }

  /** What holds the new passkey. */
  chooseHolder(holder: PasskeyKind): void {
    this.stage = { kind: "passkey", holder };
  }

  back(): void {
    const { kind } = this.stage;
    if (kind === "passkey" && this.#kinds.length > 1) this.stage = { kind: "passkey_kind" };
    else if (kind === "password" || kind === "key" || kind === "passkey" || kind === "passkey_kind") this.#leaveWay();
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

  /** Makes the passkey; the computer asks for it once more and opens the backup with it before it counts. */
  async makePasskey(holder: PasskeyKind): Promise<void> {
    const before = new Set(this.#app.protection.view?.ways.map((way) => way.id));
    const view = await this.#app.host.addPasskey(holder);
    this.#app.protection.take(view);
    const way = view.ways.find((one) => one.kind === "passkey" && !before.has(one.id)) ?? null;
    this.stage = { kind: "passkey_made", view: this.only === null ? view : await this.#withoutOld(view), way };
    this.#refresh();
  }

  /** The person has read where the new passkey works. */
  passkeySeen(view: ProtectionView): void {
    if (this.only !== null) this.#finish(view);
    else this.stage = this.#has("recovery_key", view) ? { kind: "try" } : { kind: "key" };
  }

  /** The 64 digits were confirmed. */
  keyConfirmed(view: ProtectionView): void {
    this.#app.protection.take(view);
    if (this.only !== null) void this.#replace(view);
    else if (view.ways.length > 1) this.stage = { kind: "try" };
    else this.stage = { kind: this.#kinds.length > 0 ? "offer_second" : "offer_password" };
  }

  /** Goes on with one way only; the person ticked that they know. */
  skip(): void {
    this.stage = { kind: "try" };
  }

  tried(view: ProtectionView): void {
    this.#app.protection.take(view);
    this.#finish(view);
  }

  async #replace(view: ProtectionView): Promise<void> {
    this.#finish(await this.#withoutOld(view));
  }

  /** Removes the way that is replaced, now that the new one opened the backup. */
  async #withoutOld(view: ProtectionView): Promise<ProtectionView> {
    const old = view.ways.find((way) => way.id === this.#replaces);
    if (old === undefined) return view;
    try {
      const left = await this.#app.host.removeWay(old.id, "still_mine", view.ways.length <= 2);
      this.#app.protection.take(left);
      return left;
    } catch (thrown) {
      this.#app.fail(thrown);
      return view;
    }
  }

  get #kinds(): readonly PasskeyKind[] {
    return this.#app.view?.passkeyKinds ?? [];
  }

  #choosePasskey(): void {
    const [first, second] = this.#kinds;
    if (first === undefined || second !== undefined) this.stage = { kind: "passkey_kind" };
    else this.stage = { kind: "passkey", holder: first };
  }

  /** Back to the ways: all of them at first, the second one later. */
  #leaveWay(): void {
    const hasOne = (this.#app.protection.view?.ways.length ?? 0) > 0;
    this.stage = { kind: hasOne && this.only === null ? "offer_second" : "way" };
  }

  #has(kind: WayKind, view: ProtectionView): boolean {
    return view.ways.some((way) => way.kind === kind);
  }

  #finish(view: ProtectionView): void {
    this.stage = { kind: "done", view };
    this.#refresh();
  }

  #refresh(): void {
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
