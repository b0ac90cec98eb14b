// The app as a whole: which screen is open, whether the chats are locked, what was said to the person.
import { HostError, toHostError, type AppView, type Host, type Unlock } from "../host/host";
import { t } from "../i18n/i18n";
import { AddState } from "./add.svelte";
import { BackupState } from "./backup.svelte";
import { CeremonyTurn } from "./ceremony.svelte";
import { ChatsState } from "./chats.svelte";
import { explain } from "./explain";
import { FoundState } from "./found.svelte";
import { Jobs } from "./jobs.svelte";
import { ProtectionState } from "./protection.svelte";
import { RestoreState } from "./restore.svelte";
import { parseRoute, PATHS, type Route } from "./route";

export type Theme = "system" | "light" | "dark";
export type Toast = { id: number; text: string; action: { label: string; run: () => void } | null };

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const THEME_KEY = "coffer.theme";
/** Sizes of the text in percent; tokens.css holds a rule for each. */
export const TEXT_SIZES: readonly number[] = [90, 100, 115, 130, 150, 175, 200];
const TEXT_KEY = "coffer.text_size";
const IDLE_KEY = "coffer.lock_after";
/** Minutes without a touch before Coffer locks itself; 0 is never. */
export const IDLE_CHOICES: readonly number[] = [5, 15, 60, 0];
const IDLE_DEFAULT = 15;
const IDLE_LOOK = 15_000;
const MINUTE = 60_000;
const TOAST_TIME = 10_000;

type Stage = { kind: "starting" } | { kind: "failed"; error: HostError } | { kind: "ready"; view: AppView };

export class AppState {
  readonly host: Host;
  readonly now: () => number;
  readonly jobs: Jobs;
  readonly ceremonies = new CeremonyTurn();
  stage: Stage = $state.raw({ kind: "starting" });
  route: Route = $state.raw({ name: "chats", chat: null, at: null });
  theme: Theme = $state("system");
  textSize = $state(100);
  lockAfter = $state(IDLE_DEFAULT);
  toasts: Toast[] = $state.raw([]);
  spoken = $state("");
  add: AddState = $state.raw() as AddState;
  readonly backup: BackupState;
  readonly protection: ProtectionState;
  readonly found: FoundState;
  restore: RestoreState = $state.raw() as RestoreState;
  chats: ChatsState = $state.raw() as ChatsState;
  /** What the open screen does for a shortcut. */
  readonly #commands = new Map<string, () => void>();
  readonly #watch: ReturnType<typeof setInterval>;
  #touched: number;
  #nextToast = 1;
  #isHeld = false;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  constructor(host: Host, now: () => number = Date.now) {
    this.host = host;
    this.now = now;
    this.jobs = new Jobs(host);
    this.add = new AddState(this);
    this.backup = new BackupState(this);
    this.protection = new ProtectionState(this);
    this.found = new FoundState(host);
    this.restore = new RestoreState(this);
    this.chats = new ChatsState(this);
    const minutes = Number(localStorage.getItem(IDLE_KEY) ?? IDLE_DEFAULT);
    this.lockAfter = IDLE_CHOICES.find((choice) => choice === minutes) ?? IDLE_DEFAULT;
    this.#touched = now();
    this.#watch = setInterval(() => this.#lockWhenIdle(), IDLE_LOOK);
    const stored = localStorage.getItem(THEME_KEY);
    this.theme = THEMES.find((theme) => theme === stored) ?? "system";
    const size = Number(localStorage.getItem(TEXT_KEY));
    this.textSize = TEXT_SIZES.find((one) => one === size) ?? 100;
  }

  get view(): AppView | null {
    return this.stage.kind === "ready" ? this.stage.view : null;
  }

  get isLocked(): boolean {
    return this.view?.isLocked ?? false;
  }

  async start(hash: string): Promise<void> {
    this.stage = { kind: "starting" };
    try {
      this.take(await this.host.app());
    } catch (thrown) {
      this.stage = { kind: "failed", error: toHostError(thrown) };
      return;
    }
    this.open(hash);
    if (this.view?.isProtected === true && !this.isLocked) void this.backup.refresh();
  }

  /** Goes where an address leads; with nothing in Coffer yet, that is the welcome. */
  open(hash: string): void {
    const route = parseRoute(hash);
    const isNew = this.view !== null && !this.view.hasChats && !this.view.isProtected && !this.view.isLocked;
    this.route = isNew && route.name === "chats" && hash.replace(/^#?\/?/u, "") === "" ? { name: "welcome" } : route;
  }

  go(path: string): void {
    if (location.hash === path) this.open(path);
    else location.hash = path;
  }

  take(view: AppView): void {
    this.stage = { kind: "ready", view };
  }

  /** Reads the app's state again after something changed it. */
  async refresh(): Promise<void> {
    try {
      this.take(await this.host.app());
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  async lock(): Promise<void> {
    try {
      this.take(await this.host.lock());
      this.#forget();
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  async unlock(unlock: Unlock): Promise<void> {
    this.take(await this.host.unlock(unlock));
    this.touch();
    this.say(t("lock.opened"));
    void this.backup.refresh();
  }

  async openSamples(): Promise<void> {
    this.take(await this.host.openSamples());
    this.#forget();
    this.go(PATHS.chats);
  }

  async closeSamples(): Promise<void> {
    this.take(await this.host.closeSamples());
    this.#forget();
    this.go(this.view?.hasChats === true ? PATHS.chats : PATHS.welcome);
  }

  /** The person is here. */
  touch(): void {
    this.#touched = this.now();
  }

  setLockAfter(minutes: number): void {
    this.lockAfter = minutes;
    localStorage.setItem(IDLE_KEY, String(minutes));
  }

  /** Locks when nobody touched anything for a while; not in the middle of a job. */
  #lockWhenIdle(): void {
    if (this.lockAfter === 0 || this.view?.isProtected !== true || this.isLocked || this.jobs.isBusy) return;
    if (this.now() - this.#touched >= this.lockAfter * MINUTE) void this.lock();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(THEME_KEY, theme);
  }

  setTextSize(percent: number): void {
    this.textSize = percent;
    localStorage.setItem(TEXT_KEY, String(percent));
  }

  /** Lets a screen answer a shortcut while it is open. */
  answer(command: string, run: () => void): () => void {
    this.#commands.set(command, run);
    return () => {
      if (this.#commands.get(command) === run) this.#commands.delete(command);
    };
  }

  /** Runs what the open screen does for a shortcut; false when it does nothing. */
  command(command: string): boolean {
    const run = this.#commands.get(command);
    run?.();
    return run !== undefined;
  }

  /** Says something to screen readers. */
  say(text: string): void {
    this.spoken = text;
  }

  /** Shows a short note, and says it. */
  note(text: string, action: Toast["action"] = null): void {
    const id = this.#nextToast++;
    this.toasts = [...this.toasts, { id, text, action }];
    this.say(text);
    if (!this.#isHeld) this.#arm(id);
  }

  /** Says it to screen readers; shows it too when the person is on another screen. */
  report(text: string, route: Route["name"]): void {
    if (this.route.name === route) this.say(text);
    else this.note(text);
  }

  fail(thrown: unknown): void {
    this.note(explain(toHostError(thrown)));
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    if (this.toasts.length === 0) this.#isHeld = false;
  }

  holdToasts(isHeld: boolean): void {
    this.#isHeld = isHeld;
    for (const toast of this.toasts) {
      clearTimeout(this.#timers.get(toast.id));
      if (!isHeld) this.#arm(toast.id);
    }
  }

  dispose(): void {
    clearInterval(this.#watch);
    this.jobs.dispose();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #arm(id: number): void {
    this.#timers.set(id, setTimeout(() => this.dismiss(id), TOAST_TIME));
  }

  /** Nothing of what was open stays in memory: no picture, no opened backup. */
  #forget(): void {
    this.chats.dispose();
    void this.restore.restart();
    this.chats = new ChatsState(this);
    this.restore = new RestoreState(this);
    this.add = new AddState(this);
  }
}
