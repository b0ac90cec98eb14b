// Jobs as they go on: one JobRun for each, fed by the host's events.
import { HostError, toHostError, type Host, type JobView, type Unsubscribe } from "../host/host";

const STALL = 10_000;
const QUARTERS = [0.25, 0.5, 0.75];

/** One job. Its share never goes back. */
export class JobRun {
  view: JobView = $state.raw() as JobView;
  share: number | null = $state(null);
  isStalled = $state(false);
  readonly #ended: Promise<JobView>;
  #end: (view: JobView) => void = () => undefined;
  #stall: ReturnType<typeof setTimeout> | undefined;

  constructor(view: JobView) {
    this.#ended = new Promise((resolve) => (this.#end = resolve));
    this.take(view);
  }

  /** Resolves when it is over: done, failed or cancelled. */
  get ended(): Promise<JobView> {
    return this.#ended;
  }

  get isRunning(): boolean {
    return this.view.state === "running";
  }

  take(view: JobView): void {
    const hasMoved = view.done !== (this.view as JobView | undefined)?.done || view.phase !== this.view.phase;
    this.view = view;
    if (view.total > 0) this.share = Math.max(this.share ?? 0, Math.min(1, view.done / view.total));
    clearTimeout(this.#stall);
    if (hasMoved) this.isStalled = false;
    if (view.state === "running") this.#stall = setTimeout(() => (this.isStalled = true), STALL);
    else this.#end(view);
  }

  /** The last quarter passed, for announcements: 0, 25, 50 or 75. */
  get quarter(): number {
    return (QUARTERS.filter((mark) => (this.share ?? 0) >= mark).at(-1) ?? 0) * 100;
  }
}

export class Jobs {
  readonly #host: Host;
  readonly #unsubscribe: Unsubscribe;
  #runs: Record<number, JobRun> = $state.raw({});

  constructor(host: Host) {
    this.#host = host;
    this.#unsubscribe = host.onJob((view) => this.#take(view));
  }

  get isBusy(): boolean {
    return Object.values(this.#runs).some((run) => run.isRunning);
  }

  /** Follows a job from its number, even when it ended before anybody listened. */
  async follow(id: number): Promise<JobRun> {
    const known = this.#runs[id];
    if (known !== undefined) return known;
    return this.#take(await this.#host.job(id));
  }

  /** A job seen in a status. */
  adopt(view: JobView): JobRun {
    return this.#runs[view.id] ?? this.#take(view);
  }

  async cancel(run: JobRun): Promise<void> {
    await this.#host.cancelJob(run.view.id);
  }

  dispose(): void {
    this.#unsubscribe();
  }

  #take(view: JobView): JobRun {
    const known = this.#runs[view.id];
    if (known !== undefined) {
      if (known.isRunning) known.take(view);
      return known;
    }
    const run = new JobRun(view);
    this.#runs = { ...this.#runs, [view.id]: run };
    return run;
  }
}

/** The error a job ended with. */
export function jobError(view: JobView): HostError {
  return view.state === "cancelled" ? new HostError("cancelled") : toHostError(view.error);
}
