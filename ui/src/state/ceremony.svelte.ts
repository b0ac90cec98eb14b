// One use of a passkey, step by step. The table of steps and events: src-tauri/docs/0014-passkey-screens.md.
// Holds no secret: a PIN goes from its field to the computer.
import { HostError, toHostError, type Host, type PasskeyKind, type PinProblem, type PromptPurpose, type PromptView, type Unsubscribe } from "../host/host";

export type CeremonyStage =
  | { kind: "ready" }
  | { kind: "working" }
  | { kind: "insert" }
  | { kind: "touch"; device: string | null; several: boolean }
  | { kind: "pin"; device: string | null; wasWrong: boolean; triesLeft: number | null; round: number }
  | { kind: "new_pin"; device: string | null; minLength: number; problem: PinProblem | null; round: number }
  | { kind: "fingerprint"; device: string | null; wasWrong: boolean; triesLeft: number | null }
  | { kind: "platform" }
  | { kind: "qr"; text: string }
  | { kind: "phone_connected" }
  | { kind: "stopping" }
  | { kind: "failed"; error: HostError }
  | { kind: "done" };

export type CeremonyEvent =
  | { kind: "start" }
  | { kind: "step"; prompt: PromptView }
  | { kind: "over" }
  | { kind: "answer" }
  | { kind: "cancel" }
  | { kind: "result" }
  | { kind: "refusal"; error: HostError };

/** Fewest characters of a PIN where the key does not say (CTAP 2.1, 6.5.1). */
const LEAST_PIN = 4;
let round = 0;

/** The stage a prompt asks for. A prompt this window does not know is work that goes on. */
function stageOf(prompt: PromptView): CeremonyStage {
  const { device, several, wasWrong, triesLeft, problem, qr } = prompt;
  switch (prompt.step) {
    case "insert":
    case "platform":
    case "phone_connected":
      return { kind: prompt.step };
    case "touch":
      return { kind: "touch", device, several };
    case "pin":
      return { kind: "pin", device, wasWrong, triesLeft, round: (round += 1) };
    case "new_pin":
      return { kind: "new_pin", device, minLength: prompt.minLength ?? LEAST_PIN, problem, round: (round += 1) };
    case "fingerprint":
      return { kind: "fingerprint", device, wasWrong, triesLeft };
    case "qr":
      return { kind: "qr", text: qr ?? "" };
    default:
      return { kind: "working" };
  }
}

/** Where an event leads. */
export function after(stage: CeremonyStage, event: CeremonyEvent): CeremonyStage {
  if (stage.kind === "done") return stage;
  if (stage.kind === "ready" || stage.kind === "failed") return event.kind === "start" ? { kind: "working" } : stage;
  if (event.kind === "result") return { kind: "done" };
  if (event.kind === "refusal") return { kind: "failed", error: event.error };
  if (stage.kind === "stopping") return stage;
  if (event.kind === "cancel") return { kind: "stopping" };
  if (event.kind === "step") return stageOf(event.prompt);
  if (event.kind === "over") return { kind: "working" };
  if (event.kind === "answer" && (stage.kind === "pin" || stage.kind === "new_pin")) return { kind: "working" };
  return stage;
}

/** What a step says about the thing that holds the passkey. */
const HOLDER: Partial<Record<PromptView["step"], PasskeyKind>> = {
  insert: "security_key",
  touch: "security_key",
  pin: "security_key",
  new_pin: "security_key",
  fingerprint: "security_key",
  platform: "platform",
  qr: "phone",
  phone_connected: "phone",
};

/** One ceremony at a time: the next waits until the last is over, and does not take what is still said about it for its own. */
export class CeremonyTurn {
  /** The highest number heard. Numbers only rise. */
  latest = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Runs a call in its turn; `free` lets the next one begin before the call has ended: what follows a ceremony may take long. */
  take(run: (free: () => void) => Promise<void>): Promise<void> {
    let free = (): void => undefined;
    const freed = new Promise<void>((resolve) => (free = resolve));
    const mine = this.#last.then(() => run(free));
    this.#last = Promise.race([freed, mine.catch(() => undefined)]);
    return mine;
  }
}

export class CeremonyState {
  stage: CeremonyStage = $state.raw({ kind: "ready" });
  purpose: PromptPurpose | null = $state(null);
  /** What holds the passkey, as far as it is known. */
  holder: PasskeyKind | null = $state(null);
  readonly #host: Host;
  readonly #turn: CeremonyTurn;
  readonly #unsubscribe: Unsubscribe;
  #isMyTurn = false;
  #free = (): void => undefined;
  #isGone = false;
  #current: number | null = null;
  #past = 0;

  constructor(host: Host, turn: CeremonyTurn, holder: PasskeyKind | null = null) {
    this.#host = host;
    this.#turn = turn;
    this.holder = holder;
    this.#unsubscribe = host.onPrompt((prompt) => this.#hear(prompt));
  }

  get isRunning(): boolean {
    return this.stage.kind !== "ready" && this.stage.kind !== "failed" && this.stage.kind !== "done";
  }

  /** Runs the call that holds the ceremony. A refusal stays here, except that a fresh unlock is wanted first. */
  async start(call: () => Promise<void>): Promise<void> {
    if (this.isRunning || this.stage.kind === "done") return;
    this.#take({ kind: "start" });
    try {
      await this.#turn.take((free) => this.#run(call, free));
      this.#take({ kind: "result" });
    } catch (thrown) {
      const error = toHostError(thrown);
      this.#take({ kind: "refusal", error });
      if (error.code === "needs_unlock") {
        this.reset();
        throw error;
      }
    } finally {
      if (this.#isGone) this.#unsubscribe();
    }
  }

  /** Sends a PIN. */
  async answer(text: string): Promise<void> {
    const ceremony = this.#current;
    if (ceremony === null || (this.stage.kind !== "pin" && this.stage.kind !== "new_pin")) return;
    this.#take({ kind: "answer" });
    // A ceremony that is over meanwhile says so by its own refusal.
    await this.#host.answerPrompt(ceremony, text).catch(() => undefined);
  }

  cancel(): void {
    if (!this.isRunning || this.#isStopping) return;
    this.#take({ kind: "cancel" });
    this.#sendCancel();
  }

  /** Back to the beginning, after a failure or a success. */
  reset(): void {
    if (!this.isRunning) this.stage = { kind: "ready" };
  }

  /** The screen goes: what runs is cancelled, with its first prompt at the latest. */
  dispose(): void {
    this.#isGone = true;
    if (this.isRunning) this.cancel();
    else this.#unsubscribe();
  }

  get #isStopping(): boolean {
    return this.stage.kind === "stopping";
  }

  async #run(call: () => Promise<void>, free: () => void): Promise<void> {
    if (this.#isStopping) throw new HostError("passkey", "cancelled");
    this.#past = this.#turn.latest;
    this.#isMyTurn = true;
    this.#free = free;
    try {
      await call();
    } finally {
      this.#leaveTurn();
    }
  }

  #leaveTurn(): void {
    this.#isMyTurn = false;
    this.#current = null;
    this.#free();
  }

  #hear(prompt: PromptView): void {
    const { ceremony } = prompt;
    this.#turn.latest = Math.max(this.#turn.latest, ceremony);
    if (!this.#isMyTurn || ceremony <= this.#past || ceremony < (this.#current ?? 0)) return;
    if (prompt.step === "done") {
      this.#leaveTurn();
      this.#take({ kind: "over" });
      return;
    }
    const isFirst = this.#current !== ceremony;
    this.#current = ceremony;
    this.purpose = prompt.purpose;
    this.holder = HOLDER[prompt.step] ?? this.holder;
    if (isFirst && this.#isStopping) this.#sendCancel();
    this.#take({ kind: "step", prompt });
  }

  #sendCancel(): void {
    if (this.#current !== null) void this.#host.cancelCeremony(this.#current).catch(() => undefined);
  }

  #take(event: CeremonyEvent): void {
    this.stage = after(this.stage, event);
    if (event.kind === "start") this.purpose = null;
  }
}
