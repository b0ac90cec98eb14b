import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeHost, SAMPLE_DIGITS, SAMPLE_PASSWORD, type FakeOptions } from "../src/host/fake";
import { HostError, toHostError } from "../src/host/host";
import { AppState } from "../src/state/app.svelte";
import { copySecret } from "../src/state/clipboard";
import { JobRun } from "../src/state/jobs.svelte";
import { commandNamed, commandOf } from "../src/state/keys";
import { MediaShelf } from "../src/state/media";
import { ReaderState } from "../src/state/reader.svelte";
import { parseRoute } from "../src/state/route";
import { SetupState } from "../src/state/setup.svelte";
import { librarySource } from "../src/state/source";
import { NOW } from "./window";

const apps: AppState[] = [];
async function make(options: FakeOptions = {}): Promise<{ host: FakeHost; app: AppState }> {
  const host = new FakeHost({ now: () => NOW, ...options });
  const app = new AppState(host, () => NOW);
  apps.push(app);
  await app.start("");
  return { host, app };
}
afterEach(() => {
  for (const app of apps.splice(0)) app.dispose();
});

const job = (part: object): JobRun["view"] => ({ id: 1, kind: "backup", state: "running", phase: "reading", done: 0, total: 100, millis: 0, outcome: null, error: null, ...part });

describe("addresses", () => {
  it("lead to the screens", () => {
    expect(parseRoute("#/backup/e2ee")).toEqual({ name: "protect" });
    expect(parseRoute("#/backup/e2ee/setup?only=password")).toEqual({ name: "setup" });
    expect(parseRoute("#/chats/ab?at=12")).toEqual({ name: "chats", chat: "ab", at: 12 });
    expect(parseRoute("#/chats/ab?at=-1")).toEqual({ name: "chats", chat: "ab", at: null });
    expect(parseRoute("#/nowhere")).toEqual({ name: "chats", chat: null, at: null });
  });
});

describe("shortcuts", () => {
  const stroke = (key: string, part: object = {}): Parameters<typeof commandOf>[0] => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...part });

  it("use Ctrl here and Command on a Mac", () => {
    expect(commandOf(stroke("b", { ctrlKey: true }), false)).toBe("backup");
    expect(commandOf(stroke("b", { ctrlKey: true }), true)).toBeNull();
    expect(commandOf(stroke("b", { metaKey: true }), true)).toBe("backup");
    expect(commandOf(stroke("F", { ctrlKey: true, shiftKey: true }), false)).toBe("search");
    expect(commandOf(stroke("3", { ctrlKey: true }), false)).toBe("section_3");
    expect(commandOf(stroke("b"), false)).toBeNull();
  });

  it("are told from the same key with another one held down", () => {
    const pressed = (key: string, ...held: string[]): unknown => commandOf(stroke(key, Object.fromEntries(held.map((one) => [`${one}Key`, true]))), false);
    expect(pressed("f", "ctrl")).toBe("find");
    expect(pressed("b", "ctrl", "shift")).toBeNull();
    expect(pressed("b", "ctrl", "alt")).toBeNull();
    expect(pressed("b", "ctrl", "meta")).toBeNull();
    expect(pressed(",", "ctrl")).toBe("settings");
    expect(pressed("ArrowLeft", "alt")).toBe("back");
    expect(pressed("ArrowLeft")).toBeNull();
    expect(pressed("F6")).toBe("regions");
    expect([pressed("?", "ctrl"), pressed("?", "ctrl", "shift"), pressed("/", "ctrl", "shift"), pressed("/", "ctrl")]).toEqual(["help", "help", "help", null]);
  });

  it("are named alike in the native menus", () => {
    expect(commandNamed("search")).toBe("search");
    expect(commandNamed("format_disk")).toBeNull();
  });
});

describe("a job", () => {
  it("never goes back", () => {
    const run = new JobRun(job({ done: 60 }));

    run.take(job({ done: 10, phase: "saving" }));

    expect(run.share).toBe(0.6);
  });

  it("says after ten seconds that nothing moved", () => {
    vi.useFakeTimers();
    const run = new JobRun(job({ done: 5 }));

    vi.advanceTimersByTime(10_001);
    const wasStalled = run.isStalled;
    run.take(job({ done: 6 }));

    expect(wasStalled).toBe(true);
    expect(run.isStalled).toBe(false);
    run.take(job({ state: "done", done: 100 }));
  });

  it("is followed even when it ended before anybody listened", async () => {
    const { host, app } = await make({ steps: 0 });

    const run = await app.jobs.follow(await host.startCheck(false));

    expect((await run.ended).state).toBe("done");
  });
});

describe("errors", () => {
  it("keep a known code and take anything else for the disk", () => {
    expect(toHostError({ code: "place_full", detail: null }).code).toBe("place_full");
    expect(toHostError({ code: "no_such_code" }).code).toBe("storage");
    expect(toHostError("torn").code).toBe("storage");
  });
});

describe("starting", () => {
  it("shows the welcome on a new computer and the chats on a used one", async () => {
    const fresh = await make({ scene: "fresh" });
    const used = await make({ scene: "chats" });

    expect(fresh.app.route.name).toBe("welcome");
    expect(used.app.route.name).toBe("chats");
  });

  it("tells when the computer does not answer", async () => {
    const host = new FakeHost();
    host.failNext("app", new HostError("storage"));
    const app = new AppState(host);

    await app.start("");

    expect(app.stage.kind).toBe("failed");
    app.dispose();
  });
});

describe("backing up", () => {
  it("runs, reports, and reads the status again", async () => {
    const { app } = await make({ scene: "protected" });
    await app.backup.refresh();

    await app.backup.start();

    expect(app.backup.result.kind).toBe("backup");
    expect(app.backup.status?.unsavedMessages).toBe(0);
    expect(app.backup.status?.backups).toBe(4);
  });

  it("asks for a way to unlock on a computer without a keychain", async () => {
    const { host, app } = await make({ scene: "protected" });
    host.keychain = false;
    await app.backup.refresh();

    await app.backup.start();
    const wasAsking = app.backup.isAsking;
    await app.backup.start({ kind: "password", text: SAMPLE_PASSWORD });

    expect(wasAsking).toBe(true);
    expect(app.backup.result.kind).toBe("backup");
    expect(app.backup.isAsking).toBe(false);
  });

  it("hands a wrong password back to the sheet", async () => {
    const { host, app } = await make({ scene: "protected" });
    host.keychain = false;
    await app.backup.refresh();
    await app.backup.start();

    await expect(app.backup.start({ kind: "password", text: "wrong" })).rejects.toMatchObject({ code: "wrong_password" });

    expect(app.backup.isAsking).toBe(true);
  });

  it("keeps what was saved when it is stopped", async () => {
    const { app } = await make({ scene: "protected", step: 50 });
    await app.backup.refresh();

    const started = app.backup.start();
    await vi.waitFor(() => expect(app.backup.run).not.toBeNull());
    await app.backup.cancel();
    await started;

    expect(app.backup.result.kind).toBe("stopped");
  });

  it("names a place that is gone", async () => {
    const { host, app } = await make({ scene: "protected" });
    host.removePlace();

    await app.backup.start();

    expect(app.backup.result).toMatchObject({ kind: "failed", error: { code: "place_missing" } });
  });

  it("picks up a run that goes on already", async () => {
    const { host, app } = await make({ scene: "protected" });
    host.holdJob("backup", "saving", 50, 100, 1000);

    await app.backup.refresh();

    expect(app.backup.run?.view.phase).toBe("saving");
    expect(app.jobs.isBusy).toBe(true);
  });
});

describe("changing the ways to unlock", () => {
  it("waits for a fresh unlock, then goes on by itself", async () => {
    const { app } = await make({ scene: "protected" });
    await app.protection.refresh();
    const way = app.protection.view?.ways[0];

    await app.protection.rename(way?.id ?? "", "Sam's password");
    const wasWaiting = app.protection.waiting !== null;
    await app.protection.unlockFresh({ kind: "digits", text: SAMPLE_DIGITS });

    expect(wasWaiting).toBe(true);
    expect(app.protection.view?.ways[0]?.name).toBe("Sam's password");
  });

  it("keeps waiting after a wrong secret", async () => {
    const { app } = await make({ scene: "protected" });
    await app.protection.refresh();
    await app.protection.turnOff();

    await expect(app.protection.unlockFresh({ kind: "password", text: "no" })).rejects.toMatchObject({ code: "wrong_password" });

    expect(app.protection.waiting).not.toBeNull();
    expect(app.protection.view?.state).toBe("protected");
  });
});

describe("setting up", () => {
  it("takes an empty place at once and asks about one with other files", async () => {
    const { host, app } = await make({ scene: "chats" });
    const setup = new SetupState(app, null);
    host.picks.push("/home/sam/Documents");

    await setup.pickPlace();
    const asked = setup.stage;
    await setup.usePlace(true);

    expect(asked).toMatchObject({ kind: "place", found: { kind: "other_files" } });
    expect(setup.stage.kind).toBe("way");
    expect(app.protection.view?.place).toBe("/home/sam/Documents/Coffer backups");
  });

  it("goes from the password to the key, and from the key alone to the password", async () => {
    const { host, app } = await make({ scene: "chats" });
    await host.choosePlace("/home/sam/Backups", false);
    const first = new SetupState(app, null);
    await host.addPassword(SAMPLE_PASSWORD);

    first.passwordProved(await host.provePassword(SAMPLE_PASSWORD));

    expect(first.stage.kind).toBe("key");
    expect(first.step).toBe(2);
  });
});

describe("restoring", () => {
  it("opens, unlocks, counts, restores and protects here", async () => {
    const { app } = await make({ scene: "fresh" });
    const { restore } = app;

    await restore.pick();
    await restore.unlock({ kind: "digits", text: SAMPLE_DIGITS });
    await restore.choose();
    await vi.waitFor(() => expect(restore.plan.kind).toBe("ready"));
    await restore.start();
    await restore.protectHere();

    expect(restore.stage).toMatchObject({ kind: "done", report: { added: 1_061_808 }, protection: { state: "protected" } });
    expect(app.view?.hasChats).toBe(true);
  });

  it("says what is wrong with a folder", async () => {
    const { host, app } = await make({ scene: "fresh" });
    host.picks.push("/home/sam/Backups");

    await app.restore.pick();

    expect(app.restore.stage).toMatchObject({ kind: "place", error: { code: "not_a_backup" } });
  });

  it("sends only the chosen chats and dates", async () => {
    const { host, app } = await make({ scene: "fresh" });
    const plan = vi.spyOn(host, "planRestore");
    await app.restore.pick();
    await app.restore.unlock({ kind: "password", text: SAMPLE_PASSWORD });
    await app.restore.choose();

    app.restore.from = "2026-01-01";
    app.restore.toggle("a1".repeat(16), false);

    expect(plan.mock.lastCall?.[0].chats).toHaveLength(4);
    expect(plan.mock.lastCall?.[0].from).toBe(new Date(2026, 0, 1).getTime());
  });

  it("keeps what came before a stop", async () => {
    const { app } = await make({ scene: "fresh", step: 50 });
    await app.restore.pick();
    await app.restore.unlock({ kind: "password", text: SAMPLE_PASSWORD });
    await app.restore.choose();

    const started = app.restore.start();
    await vi.waitFor(() => expect(app.restore.stage.kind).toBe("running"));
    await app.restore.cancel();
    await started;

    expect(app.restore.stage).toMatchObject({ kind: "done", report: { isCancelled: true } });
  });
});

describe("adding chats", () => {
  it("looks, asks, imports and reports", async () => {
    const { app } = await make({ scene: "fresh" });

    await app.add.pick("file");
    await app.add.setDateOrder("mdy");
    await app.add.start();

    expect(app.add.stage).toMatchObject({ kind: "report", report: { added: 12_480, read: 12_516 } });
    expect(app.view?.hasChats).toBe(true);
  });

  it("stays where it was when the person cancels the picker", async () => {
    const { host, app } = await make({ scene: "fresh" });
    host.picks.push(null);

    await app.add.pick("file");

    expect(app.add.stage).toEqual({ kind: "choose", error: null });
  });

  it("names a file it does not know", async () => {
    const { host, app } = await make({ scene: "fresh" });
    host.picks.push("/home/sam/holiday.txt.bin");

    await app.add.pick("file");

    expect(app.add.stage).toMatchObject({ kind: "choose", error: { code: "unknown_file" } });
  });
});

describe("searching", () => {
  it("writes the filters into the question", async () => {
    const { app } = await make({ scene: "chats" });
    const { chats } = app;

    chats.text = "lake ";
    chats.person = 'Anna "A" Reyes';
    chats.app = "WhatsApp";
    chats.after = "2024-01-01";
    chats.hasMedia = true;

    expect(chats.question).toBe('lake from:"Anna A Reyes" app:"WhatsApp" after:2024-01-01 has:media');
    expect(chats.filterCount).toBe(4);
  });

  it("groups what it finds by chat", async () => {
    const { app } = await make({ scene: "chats" });
    await app.chats.load();

    app.chats.text = "umbrella";
    app.chats.ask();
    await vi.waitFor(() => expect(app.chats.search.kind).toBe("found"));

    expect(app.chats.groups.map((group) => group.title)).toContain("Family");
  });
});

describe("reading", () => {
  it("begins a day, a run of one sender, and ends it", async () => {
    const { host } = await make({ scene: "chats" });
    const row = await host.getChat("a1".repeat(16));
    const reader = new ReaderState(librarySource(host), row);

    reader.want(row.messages - 16, row.messages - 1);
    await vi.waitFor(() => expect(reader.isHere(row.messages - 1)).toBe(true));

    expect(reader.framed(row.messages - 16)?.startsDay).not.toBeNull();
    expect(reader.framed(row.messages - 1)).toMatchObject({ startsDay: null, startsRun: true, endsRun: true });
    expect(reader.framed(0)).toBeNull();
  });

  it("jumps to the first message on or after a date", async () => {
    const { host } = await make({ scene: "chats" });
    const reader = new ReaderState(librarySource(host), await host.getChat("a1".repeat(16)));
    const shown = vi.fn();
    reader.attach(shown);
    await reader.loadDays();

    expect(reader.jumpTo("2026-11-20")).toBe(true);
    expect(reader.jumpTo("2031-01-01")).toBe(false);
    expect(shown).toHaveBeenCalledOnce();
  });

  it("goes round its matches", async () => {
    const { host } = await make({ scene: "chats" });
    const reader = new ReaderState(librarySource(host), await host.getChat("a1".repeat(16)));
    reader.openFind();
    await reader.findText("the train");

    const first = reader.marked;
    reader.findNext(-1);
    reader.findNext(1);

    expect(reader.find).toMatchObject({ kind: "open", at: 0 });
    expect(reader.marked).toBe(first);
  });
});

describe("media", () => {
  const file = (hash: string, size = 10): Parameters<MediaShelf["take"]>[0] => ({ hash, kind: "photo", name: null, mime: "image/png", size, state: "present", duration: null });

  it("reads in pieces and takes back what nobody shows", async () => {
    const revoke = vi.spyOn(URL, "revokeObjectURL");
    const read = vi.fn((_hash: string, offset: number, len: number) => Promise.resolve(new ArrayBuffer(Math.min(len, 2_500_000 - offset))));
    const shelf = new MediaShelf(read);

    await shelf.take(file("big", 2_500_000));
    for (let n = 0; n < 60; n += 1) {
      await shelf.take(file(`small${String(n)}`, 0));
      shelf.release(file(`small${String(n)}`, 0));
    }
    shelf.release(file("big", 2_500_000));
    shelf.dispose();

    expect(read.mock.calls.filter(([hash]) => hash === "big").map(([, offset]) => offset)).toEqual([0, 1_048_576, 2_097_152]);
    expect(revoke).toHaveBeenCalledTimes(61);
    expect(shelf.count).toBe(0);
  });
});

describe("the clipboard", () => {
  it("is emptied when it still holds the key, and left alone when not", async () => {
    vi.useFakeTimers();
    let held = "";
    vi.stubGlobal("navigator", { clipboard: { writeText: (text: string) => Promise.resolve(void (held = text)), readText: () => Promise.resolve(held) } });
    const cleared = vi.fn();

    await copySecret("1234", cleared);
    await vi.advanceTimersByTimeAsync(45_001);
    const afterFirst = held;
    await copySecret("1234", cleared);
    held = "something else";
    await vi.advanceTimersByTimeAsync(45_001);

    expect(afterFirst).toBe("");
    expect(held).toBe("something else");
    expect(cleared).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });
});

describe("locking by itself", () => {
  it("happens after fifteen minutes without a touch, not while a job runs, and never when that is chosen", async () => {
    vi.useFakeTimers();
    let now = NOW;
    const host = new FakeHost({ now: () => now, scene: "protected" });
    const app = new AppState(host, () => now);
    apps.push(app);
    await app.start("#/settings");
    const pass = async (minutes: number): Promise<void> => {
      now += minutes * 60_000;
      await vi.advanceTimersByTimeAsync(15_000);
    };

    await pass(14);
    app.touch();
    await pass(14);
    const early = app.isLocked;
    await pass(1);
    const late = app.isLocked;
    await app.unlock({ kind: "password", text: SAMPLE_PASSWORD });
    app.touch();
    host.holdJob("backup", "saving", 1, 2, 3);
    await pass(60);
    const busy = app.isLocked;
    app.setLockAfter(0);
    await pass(600);

    expect({ early, late, busy, never: app.isLocked }).toEqual({ early: false, late: true, busy: false, never: false });
  });
});

describe("short notes", () => {
  it("go after ten seconds, but not while held", async () => {
    vi.useFakeTimers();
    const { app } = await make({ scene: "chats" });

    app.note("one");
    app.holdToasts(true);
    vi.advanceTimersByTime(20_000);
    const held = app.toasts.length;
    app.holdToasts(false);
    vi.advanceTimersByTime(10_001);

    expect(held).toBe(1);
    expect(app.toasts).toEqual([]);
  });
});
