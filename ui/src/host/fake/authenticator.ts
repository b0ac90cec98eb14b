// What holds passkeys, in memory: it asks for what a real one asks, waits for a person, and fails when told to.
import { HostError, type PasskeyKind, type PromptPurpose, type PromptStep, type PromptView } from "../host";

/** One step of a script: something that is asked, or the end. `isHeld` waits for `proceed`. */
type Asked = { step: Exclude<PromptStep, "done">; isHeld?: boolean } & Partial<Omit<PromptView, "step" | "ceremony" | "purpose">>;
export type Beat = Asked | { fails: string };

const TRIES = 8;
/** Wrong PINs before the key wants to be taken out (CTAP 2.1, 6.5.2.2). */
const TRIES_IN_A_ROW = 3;
const LEAST_PIN = 4;

type Running = { id: number; purpose: PromptPurpose; proceed: () => void; answer: (text: string) => void; fail: (error: HostError) => void };

export class FakeAuthenticator {
  /** What this computer can use. */
  kinds: PasskeyKind[] = [];
  /** Null: the key has none yet. */
  pin: string | null = "2468";
  triesLeft = TRIES;
  /** What the next ceremonies do, in turn; then what a security key does. */
  readonly scripts: Beat[][] = [];
  /** Every step that was shown, for the tests. */
  readonly shown: PromptView[] = [];
  /** Milliseconds a person takes for a step that is not held. */
  pace = 0;
  readonly #listeners = new Set<(prompt: PromptView) => void>();
  #last = 0;
  #running: Running | null = null;

  listen(listener: (prompt: PromptView) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Runs one ceremony to its end; a creation uses the new passkey once as well. */
  async perform(purpose: "create" | "unlock"): Promise<void> {
    if (this.#running !== null) throw new HostError("busy");
    const script = this.scripts.shift() ?? this.#usual(purpose);
    const id = (this.#last += 1);
    let fail: Running["fail"] = () => undefined;
    const stopped = new Promise<never>((_, reject) => (fail = reject));
    stopped.catch(() => undefined);
    const running: Running = { id, purpose, proceed: () => undefined, answer: () => undefined, fail };
    this.#running = running;
    try {
      await Promise.race([this.#play(script, running), stopped]);
    } finally {
      this.#running = null;
      this.#show(running, { step: "done" });
    }
  }

  /** The person does what a held step asks for. */
  proceed(): void {
    this.#running?.proceed();
  }

  answer(ceremony: number, text: string): void {
    if (this.#running?.id === ceremony) this.#running.answer(text);
  }

  cancel(ceremony: number): void {
    if (this.#running?.id === ceremony) this.#running.fail(new HostError("passkey", "cancelled"));
  }

  #usual(purpose: "create" | "unlock"): Beat[] {
    const first: Beat = this.pin === null ? { step: "new_pin", minLength: LEAST_PIN } : { step: "pin", triesLeft: this.triesLeft };
    const touch: Beat = { step: "touch", device: "YubiKey 5 NFC" };
    return purpose === "create" ? [first, touch, { step: "working" }, touch] : [first, touch, { step: "working" }];
  }

  async #play(script: Beat[], running: Running): Promise<void> {
    let touches = 0;
    for (const beat of script) {
      if ("fails" in beat) throw new HostError("passkey", beat.fails, beat.fails === "no_prf_at_creation" ? "sams-laptop, 2026-11-20, 7f3a" : null);
      // What comes after the first touch of a creation proves the new passkey.
      if (touches > 0 && running.purpose === "create" && beat.step !== "working") running.purpose = "prove";
      if (beat.step === "pin") await this.#askPin(beat, running);
      else if (beat.step === "new_pin") await this.#askNewPin(beat, running);
      else {
        this.#show(running, beat);
        await this.#wait(beat, running);
      }
      if (beat.step === "touch" || beat.step === "platform" || beat.step === "phone_connected") touches += 1;
    }
  }

  async #wait(beat: { isHeld?: boolean }, running: Running): Promise<void> {
    await new Promise<void>((resolve) => {
      running.proceed = resolve;
      if (beat.isHeld !== true) setTimeout(resolve, this.pace);
    });
  }

  #typed(running: Running): Promise<string> {
    return new Promise((resolve) => (running.answer = resolve));
  }

  async #askPin(beat: Asked, running: Running): Promise<void> {
    let inARow = 0;
    this.#show(running, beat);
    while ((await this.#typed(running)) !== this.pin) {
      this.triesLeft -= 1;
      inARow += 1;
      if (this.triesLeft === 0) throw new HostError("passkey", "pin_blocked");
      if (inARow === TRIES_IN_A_ROW) throw new HostError("passkey", "pin_paused");
      this.#show(running, { ...beat, wasWrong: true, triesLeft: this.triesLeft });
    }
    this.triesLeft = TRIES;
  }

  async #askNewPin(beat: Asked, running: Running): Promise<void> {
    const least = beat.minLength ?? LEAST_PIN;
    this.#show(running, beat);
    for (;;) {
      const pin = await this.#typed(running);
      const problem = [...pin].length < least ? "too_short" : /^(.)\1*$/u.test(pin) ? "refused" : null;
      if (problem === null) {
        this.pin = pin;
        return;
      }
      this.#show(running, { ...beat, problem });
    }
  }

  #show(running: Running, part: Partial<PromptView> & { step: PromptStep }): void {
    const prompt: PromptView = {
      ceremony: running.id, purpose: running.purpose, step: part.step, device: part.device ?? null, several: part.several ?? false,
      wasWrong: part.wasWrong ?? false, triesLeft: part.triesLeft ?? null, minLength: part.minLength ?? null, problem: part.problem ?? null, qr: part.qr ?? null,
    };
    this.shown.push(prompt);
    for (const listener of this.#listeners) listener(prompt);
  }
}
