// Notes every word the computer told the window, so that what is on the screen besides must come from a message.
import type { Host, JobView, PromptView } from "../../src/host/host";
import { locale } from "../../src/i18n/i18n";

const WORD = /\p{L}{2,}/gu;

function intlWords(): string[] {
  const dates = [...Array(84).keys()].map((week) => new Date(Date.UTC(2026, 0, 1 + 5 * week)));
  const shapes: Intl.DateTimeFormatOptions[] = [{ dateStyle: "full" }, { month: "short", weekday: "short" }, { timeStyle: "short", hour12: true }];
  return shapes.flatMap((shape) => dates.map((date) => new Intl.DateTimeFormat(locale, shape).format(date)).concat("Sept and or")).concat("UTC", Intl.supportedValuesOf("timeZone"));
}

export class Recorder {
  readonly #words = new Set<string>(intlWords().flatMap((text) => text.match(WORD) ?? []));

  /** The same host, overheard. */
  listenTo(host: Host): Host {
    return new Proxy(host, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        if (name === "onJob") return (listener: (job: JobView) => void) => target.onJob((job) => (this.#note(job), listener(job)));
        if (name === "onPrompt") return (listener: (prompt: PromptView) => void) => target.onPrompt((prompt) => (this.#note(prompt), listener(prompt)));
        return (...given: unknown[]) => {
          this.#note(given);
          const answer: unknown = Reflect.apply(value, target, given);
          return answer instanceof Promise ? answer.then((told: unknown) => (this.#note(told), told), (refused: unknown) => (this.#note(refused), Promise.reject(refused))) : answer;
        };
      },
    });
  }

  /** Words of a text that no message and no answer of the computer holds; en-XA gives each vowel of a message an accent. Two capitals are initials. */
  strange(text: string): string[] {
    const words = text.normalize("NFC").match(WORD) ?? [];
    return words.filter((word) => /[aeiouy]/iu.test(word) && !/^\p{Lu}{2}$/u.test(word) && !/\p{M}/u.test(word.normalize("NFD")) && !this.#words.has(word));
  }

  #note(told: unknown): void {
    if (typeof told === "string") for (const word of told.match(WORD) ?? []) this.#words.add(word);
    else if (typeof told === "object" && told !== null && !(told instanceof ArrayBuffer)) Object.values(told).forEach((one) => this.#note(one));
  }
}
