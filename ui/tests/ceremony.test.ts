// The ceremony by itself: every cell of its table, every failure, and what happens when things cross.
import { describe, expect, it, vi } from "vitest";
import { FakeHost } from "../src/host/fake";
import { HostError, type PromptView } from "../src/host/host";
import en from "../src/i18n/en.json";
import { after, CeremonyState, CeremonyTurn, type CeremonyEvent, type CeremonyStage } from "../src/state/ceremony.svelte";
import { explain } from "../src/state/explain";
import { actionsOf, failureOf, FAILURES, type FailureWord } from "../src/state/failures";
import { FIXES } from "../src/state/fixes";
import { bestFirst } from "../src/state/ways";
import { read, table } from "./tables";

const refused = new HostError("passkey", "timed_out");
const prompt = (step: PromptView["step"], part: Partial<PromptView> = {}): PromptView => ({
  ceremony: 1, purpose: "unlock", step, device: null, several: false, wasWrong: false, triesLeft: null, minLength: null, problem: null, qr: null, ...part,
});

const STAGES: Record<CeremonyStage["kind"], CeremonyStage> = {
  ready: { kind: "ready" },
  working: { kind: "working" },
  insert: { kind: "insert" },
  touch: { kind: "touch", device: null, several: false },
  pin: { kind: "pin", device: null, wasWrong: false, triesLeft: 8, round: 1 },
  new_pin: { kind: "new_pin", device: null, minLength: 4, problem: null, round: 1 },
  fingerprint: { kind: "fingerprint", device: null, wasWrong: false, triesLeft: null },
  platform: { kind: "platform" },
  qr: { kind: "qr", text: "FIDO:/1" },
  phone_connected: { kind: "phone_connected" },
  stopping: { kind: "stopping" },
  failed: { kind: "failed", error: refused },
  done: { kind: "done" },
};
const STEPS = ["insert", "touch", "pin", "new_pin", "fingerprint", "working", "platform", "qr", "phone_connected"] as const;
const EVENTS: Record<Exclude<CeremonyEvent["kind"], "step">, CeremonyEvent> = {
  start: { kind: "start" },
  over: { kind: "over" },
  answer: { kind: "answer" },
  cancel: { kind: "cancel" },
  result: { kind: "result" },
  refusal: { kind: "refusal", error: refused },
};

/** One line for each cell: from, event, where it leads. */
const walks = table("stage").flatMap((row) => {
  const from = row["stage"] ?? "";
  const lead = (event: string): string => (row[event] === "" ? from : (row[event] ?? "missing"));
  const plain = Object.keys(EVENTS).map((event) => [from, event, lead(event)] as const);
  const prompted = STEPS.map((step) => [from, `step ${step}`, row["step"] === "step" ? step : from] as const);
  return [...plain, ...prompted];
});

describe("the table of steps", () => {
  it("knows every stage and every event", () => {
    expect(table("stage").map((row) => row["stage"])).toEqual(Object.keys(STAGES));
    expect(Object.keys(table("stage")[0] ?? {})).toEqual(["stage", "start", "step", "over", "answer", "cancel", "result", "refusal"]);
    expect(walks).toHaveLength(13 * 15);
  });

  it.each(walks)("%s and %s lead to %s", (from, event, to) => {
    const stage = STAGES[from as CeremonyStage["kind"]];
    const step = STEPS.find((one) => event === `step ${one}`);

    const next = after(stage, step === undefined ? EVENTS[event as keyof typeof EVENTS] : { kind: "step", prompt: prompt(step) });

    expect(next.kind).toBe(to);
    if (from === to && step === undefined) expect(next).toEqual(stage);
  });

  it("takes what a prompt says with it", () => {
    const from: CeremonyStage = { kind: "working" };
    const step = (one: PromptView): CeremonyStage => after(from, { kind: "step", prompt: one });

    expect(step(prompt("touch", { device: "Key", several: true }))).toEqual({ kind: "touch", device: "Key", several: true });
    expect(step(prompt("pin", { wasWrong: true, triesLeft: 3 }))).toMatchObject({ kind: "pin", wasWrong: true, triesLeft: 3 });
    expect(step(prompt("new_pin", { minLength: 6, problem: "too_short" }))).toMatchObject({ minLength: 6, problem: "too_short" });
    expect(step(prompt("new_pin"))).toMatchObject({ minLength: 4 });
    expect(step(prompt("qr", { qr: "FIDO:/7" }))).toEqual({ kind: "qr", text: "FIDO:/7" });
    expect(step({ ...prompt("insert"), step: "dance" as "insert" }).kind).toBe("working");
  });
});

describe("the table of failures", () => {
  const rows = table("word");
  const words = Object.keys(FAILURES) as FailureWord[];
  const list = (cell: string | undefined): string[] => (cell ?? "").split(/,?\s+/u).filter(Boolean);

  it("names every word of the passkey crate, and the engine's own", () => {
    const source = read("src-tauri/crates/passkey/src/error.rs");
    const inRust = [...source.matchAll(/=> "([a-z_]+)"/gu)].map((match) => match[1]);

    expect(inRust.length).toBeGreaterThan(20);
    expect(words).toEqual([...inRust, "wrong_passkey"]);
    expect(rows.map((row) => row["word"])).toEqual(words);
  });

  it.each(rows)("stands in the code as in the table: $word", (row) => {
    const failure = FAILURES[row["word"] as FailureWord];

    expect(failure.systems).toEqual(list(row["systems"]));
    expect(failure.unlock).toEqual(list(row["when unlocking"]));
    expect(failure.create).toEqual(list(row["when creating"]));
    expect(["key", "script"]).toContain(row["produced by"]);
  });

  it.each(words)("has a sentence, and something to press everywhere: %s", (word) => {
    const error = word === "wrong_passkey" ? new HostError(word) : new HostError("passkey", word);

    expect(failureOf(error)).toBe(word);
    expect(explain(error)).toMatch(/^[A-Z].{14,}\.$/u);
    expect(explain(error)).not.toMatch(/[{}]/u);
    for (const platform of FAILURES[word].systems) {
      for (const aim of ["unlock", "create"] as const) expect(actionsOf(error, aim, platform).length).toBeGreaterThan(0);
    }
  });

  it("has no sentence without a failure", () => {
    const sentences = Object.keys(en).filter((key) => key.startsWith("passkey.")).map((key) => key.slice("passkey.".length));

    expect(sentences.toSorted()).toEqual([...words].toSorted());
  });

  it("takes a word it does not know for a refusal without reason", () => {
    expect(failureOf(new HostError("passkey", "word_of_tomorrow"))).toBe("refused");
    expect(failureOf(new HostError("passkey"))).toBe("refused");
    expect(failureOf(new HostError("place_full"))).toBeNull();
    expect(actionsOf(new HostError("place_full"), "unlock", "linux")).toEqual(["again", "another_way"]);
  });

  it("shows how to fix Linux on Linux only", () => {
    const missing = new HostError("passkey", "no_authenticator");

    expect(actionsOf(missing, "unlock", "linux")).toContain("how_udev");
    expect(actionsOf(missing, "unlock", "windows")).toEqual(["again", "another_way"]);
    expect(FIXES.how_udev).toMatch(/^echo 'SUBSYSTEM=="hidraw", ENV\{ID_FIDO_TOKEN\}=="1", TAG\+="uaccess"'/u);
  });
});

describe("a ceremony", () => {
  const make = (): { host: FakeHost; turn: CeremonyTurn; ceremony: CeremonyState; open: () => Promise<void> } => {
    const host = new FakeHost({ scene: "locked", kinds: ["security_key"], hasPasskey: true });
    const turn = new CeremonyTurn();
    return { host, turn, ceremony: new CeremonyState(host, turn), open: async () => void (await host.unlock({ kind: "passkey" })) };
  };
  const reaches = (ceremony: CeremonyState, kind: CeremonyStage["kind"]): Promise<void> => vi.waitFor(() => expect(ceremony.stage.kind).toBe(kind));
  const touch = [{ step: "touch", isHeld: true }] as const;

  it("goes from the press over the PIN and the touch to the end", async () => {
    const { host, ceremony, open } = make();

    const ended = ceremony.start(open);
    await reaches(ceremony, "pin");
    await ceremony.answer("2468");
    await ended;

    expect(ceremony.stage.kind).toBe("done");
    expect(ceremony.holder).toBe("security_key");
    expect(host.authenticator.shown.map((one) => one.step)).toEqual(["pin", "touch", "working", "done"]);
  });

  it("asks again after a wrong PIN, each time in a new round", async () => {
    const { ceremony, open } = make();
    const ended = ceremony.start(open);
    await reaches(ceremony, "pin");
    const first = ceremony.stage;

    await ceremony.answer("0000");
    await reaches(ceremony, "pin");
    const second = ceremony.stage;
    await ceremony.answer("2468");
    await ended;

    expect(second).toMatchObject({ wasWrong: true, triesLeft: 7 });
    expect(first).not.toMatchObject({ round: (second as { round: number }).round });
  });

  it("keeps no PIN", async () => {
    const { ceremony, open } = make();
    const ended = ceremony.start(open);
    await reaches(ceremony, "pin");

    await ceremony.answer("13579");
    const held = JSON.stringify(ceremony.stage);
    ceremony.cancel();
    await ended;

    expect(held).not.toContain("13579");
  });

  it("ends as failed with the word of the failure, and begins again", async () => {
    const { host, ceremony, open } = make();
    host.authenticator.scripts.push([{ fails: "no_credential" }]);

    await ceremony.start(open);
    const failed = ceremony.stage;
    const again = ceremony.start(open);
    await reaches(ceremony, "pin");
    await ceremony.answer("2468");
    await again;

    expect(failed).toMatchObject({ kind: "failed", error: { code: "passkey", detail: "no_credential" } });
    expect(ceremony.stage.kind).toBe("done");
  });

  it("is cancelled", async () => {
    const { host, ceremony, open } = make();
    host.authenticator.scripts.push([...touch]);
    const ended = ceremony.start(open);
    await reaches(ceremony, "touch");

    ceremony.cancel();
    const stopping = ceremony.stage.kind;
    await ended;

    expect(stopping).toBe("stopping");
    expect(ceremony.stage).toMatchObject({ kind: "failed", error: { detail: "cancelled" } });
  });

  it("that is cancelled before its first prompt is cancelled with it", async () => {
    const { host, ceremony, open } = make();
    host.authenticator.scripts.push([...touch]);
    let begin = (): void => undefined;
    const held = new Promise<void>((resolve) => (begin = resolve));
    const call = vi.fn(() => held.then(open));

    const ended = ceremony.start(call);
    await vi.waitFor(() => expect(call).toHaveBeenCalled());
    ceremony.cancel();
    begin();
    await ended;

    expect(ceremony.stage).toMatchObject({ kind: "failed", error: { detail: "cancelled" } });
  });

  it("that has opened the backup counts, even when Cancel came at the same moment", async () => {
    const { host, ceremony, open } = make();
    host.authenticator.scripts.push([...touch]);
    host.cancelCeremony = () => Promise.resolve();
    const ended = ceremony.start(open);
    await reaches(ceremony, "touch");

    ceremony.cancel();
    host.authenticator.proceed();
    await ended;

    expect(ceremony.stage.kind).toBe("done");
  });

  it("waits until the one before is over", async () => {
    const { host, turn, ceremony, open } = make();
    host.authenticator.scripts.push([...touch]);
    const first = ceremony.start(open);
    await reaches(ceremony, "touch");
    const next = new CeremonyState(host, turn);

    const second = next.start(open);
    ceremony.dispose();
    await first;
    await reaches(next, "pin");
    await next.answer("2468");
    await second;

    expect(next.stage.kind).toBe("done");
  });

  it("does not wait for what follows the one before", async () => {
    const { host, turn, ceremony, open } = make();
    let finish = (): void => undefined;
    const long = new Promise<void>((resolve) => (finish = resolve));
    host.authenticator.scripts.push([{ step: "working" }], [...touch]);
    const first = ceremony.start(() => open().then(() => long));
    await vi.waitFor(() => expect(host.authenticator.shown.at(-1)?.step).toBe("done"));
    const next = new CeremonyState(host, turn);

    const second = next.start(open);
    await reaches(next, "touch");
    const isStill = ceremony.stage.kind;
    host.authenticator.proceed();
    finish();
    await Promise.all([first, second]);

    expect(isStill).toBe("working");
    expect([ceremony.stage.kind, next.stage.kind]).toEqual(["done", "done"]);
  });

  it("that is cancelled while it waits for its turn never begins", async () => {
    const { host, turn, ceremony, open } = make();
    host.authenticator.scripts.push([...touch]);
    const first = ceremony.start(open);
    await reaches(ceremony, "touch");
    const next = new CeremonyState(host, turn);

    const second = next.start(open);
    next.cancel();
    host.authenticator.proceed();
    await Promise.all([first, second]);

    expect(next.stage).toMatchObject({ kind: "failed", error: { detail: "cancelled" } });
    expect(host.authenticator.shown.filter((one) => one.step === "done")).toHaveLength(1);
  });

  it("does not take late words about an older one for its own", async () => {
    const { host, turn } = make();
    const listeners: ((one: PromptView) => void)[] = [];
    host.onPrompt = (listener) => (listeners.push(listener), () => undefined);
    const tell = (one: PromptView): void => listeners.forEach((listener) => listener(one));
    const first = new CeremonyState(host, turn);
    const second = new CeremonyState(host, turn);
    await first.start(() => Promise.resolve(tell(prompt("touch", { ceremony: 4 }))));
    let finish = (): void => undefined;
    const ended = second.start(() => new Promise((resolve) => (finish = resolve)));
    await vi.waitFor(() => expect(second.stage.kind).toBe("working"));
    await Promise.resolve();

    tell(prompt("touch", { ceremony: 4 }));
    tell(prompt("done", { ceremony: 4 }));
    const late = second.stage.kind;
    tell(prompt("pin", { ceremony: 5 }));
    const own = second.stage.kind;
    finish();
    await ended;

    expect([late, own]).toEqual(["working", "pin"]);
  });

  it("that wants a fresh unlock first goes back to its beginning", async () => {
    const { ceremony } = make();

    await expect(ceremony.start(() => Promise.reject(new HostError("needs_unlock")))).rejects.toMatchObject({ code: "needs_unlock" });

    expect(ceremony.stage.kind).toBe("ready");
  });
});

describe("the order of the ways", () => {
  const way = (kind: "password" | "passkey", passkeyKind: "platform" | "security_key" | "phone" | null = null): Parameters<typeof bestFirst>[0][number] => ({
    id: kind, kind, name: kind, added: 0, lastUsed: null, lastTested: null, passkeyKind, reach: "anywhere", isProved: true,
  });

  it("puts a passkey this computer can use first, and one it cannot use last", () => {
    const ways = [way("password"), way("passkey", "security_key"), way("passkey", "security_key")];

    expect(bestFirst(ways, ["security_key"])).toEqual(["passkey", "password"]);
    expect(bestFirst(ways, [])).toEqual(["password", "passkey"]);
    expect(bestFirst(ways, ["platform"])).toEqual(["password", "passkey"]);
    expect(bestFirst([way("password"), way("passkey", "phone")], ["platform"])).toEqual(["passkey", "password"]);
    expect(bestFirst([way("password")], ["platform"])).toEqual(["password"]);
  });
});
