// Host in memory: a whole computer with places, keys, jobs and sample chats. Latency and failures are scripted.
// Used by the tests and by `npm run dev`; never part of a build (checks/run.mjs looks).
import {
  HostError,
  type AppKey,
  type AppView,
  type BackupItem,
  type BackupStatus,
  type ChatRow,
  type CheckReport,
  type Confirmation,
  type DigitsView,
  type FileDrag,
  type FoundBackup,
  type FoundSource,
  type Host,
  type ImportPreview,
  type ImportReport,
  type ImportRequest,
  type JobView,
  type MediaItem,
  type MediaTab,
  type MessageRange,
  type OpenedBackup,
  type PasskeyKind,
  type PasswordEstimate,
  type PlaceView,
  type PromptView,
  type ProtectionView,
  type RecoveryKeyView,
  type RemovalReason,
  type RestoreReport,
  type RestoreRequest,
  type RollbackChoice,
  type RollbackView,
  type SearchHit,
  type SearchPage,
  type SearchQuery,
  type Unlock,
  type WayTest,
  type WayView,
} from "./host";
import { FakeAuthenticator } from "./fake/authenticator";
import { daysOf, messageAt, picture, sampleChats, tone, type SampleChat } from "./fake/samples";

export const SAMPLE_PASSWORD = "correct horse battery staple";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Where a story begins. */
export type Scene = "fresh" | "chats" | "at_risk" | "protected" | "locked";

export type FakeOptions = {
  scene?: Scene;
  latency?: number;
  /** Milliseconds between two steps of a job, and how many steps it has. */
  step?: number;
  steps?: number;
  now?: () => number;
  platform?: string;
  /** What can hold passkeys on this computer. */
  kinds?: PasskeyKind[];
  /** The backup that is there opens with a passkey too, held by the first of `kinds` or by a security key. */
  hasPasskey?: boolean;
};

type Method = keyof Host;
type Repository = { id: string; password: string | null; digits: string | null; hasPasskey: boolean; backups: BackupItem[]; chats: ChatRow[] };
type Phases = readonly string[];

const PHASES: Record<string, Phases> = {
  import: ["reading", "people", "media", "index"],
  backup: ["reading", "media", "encrypting", "saving", "checking"],
  check: ["opening", "checking"],
  restore: ["opening", "restoring", "media", "index"],
};

/** Gives each row of seven digits its check digit. */
function withCheckDigit(seven: string): string {
  const sum = [...seven].reduce((all, digit, index) => all + Number(digit) * (index + 1), 0);
  return seven + String(sum % 10);
}

function makeDigits(): string {
  let rows = "";
  for (let row = 0; row < 8; row += 1) {
    rows += withCheckDigit(String(1_000_000 + ((row * 7_654_321 + 1_234_567) % 9_000_000)));
  }
  return rows;
}

/** The key of every fake repository. */
export const SAMPLE_DIGITS = makeDigits();

const digitsOf = (text: string): string => text.replace(/\D/gu, "");

export class FakeHost implements Host {
  readonly #options: Required<FakeOptions>;
  readonly #listeners = new Set<(job: JobView) => void>();
  readonly #menuListeners = new Set<(command: string) => void>();
  readonly #dragListeners = new Set<(drag: FileDrag) => void>();
  readonly #failures = new Map<Method, HostError[]>();
  readonly #jobs = new Map<number, JobView>();
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  readonly #library = sampleChats();
  readonly #days = new Map<string, ReturnType<typeof daysOf>>();
  #nextJob = 1;
  #shown = new Set<string>();
  #isLocked = false;
  #isSample = false;
  #place: string | null = null;
  #pending: RecoveryKeyView | null = null;
  #pendingPassword: string | null = null;
  #isFresh = false;
  #sheetPath: string | null = null;
  #lastCheck: CheckReport | null = null;
  #failure: HostError | null = null;
  #rollback: RollbackView | null = null;
  #unsaved = 0;
  #ways: WayView[] = [];

  /** What the pickers answer, in turn; then a likely path. */
  readonly picks: (string | null)[] = [];
  /** What lies on this computer's disks. */
  readonly places = new Map<string, PlaceView>();
  readonly repositories = new Map<string, Repository>();
  /** Every call, for the tests. */
  readonly calls: Method[] = [];
  /** What the next previews and reports say, for the tests. */
  preview: Partial<ImportPreview> = {};
  importReport: Partial<ImportReport> = {};
  restoreReport: Partial<RestoreReport> = {};
  checkReport: Partial<CheckReport> = {};
  opened: Partial<OpenedBackup> = {};
  /** What a look around finds. */
  foundBackups: FoundBackup[] = [];
  foundSources: FoundSource[] = [];
  /** The reports that were saved, by path. */
  readonly reports = new Map<string, string>();
  keychain = true;
  /** What the last removal said about its way. */
  removalReason: RemovalReason | null = null;
  readonly authenticator = new FakeAuthenticator();

  constructor(options: FakeOptions = {}) {
    this.#options = { scene: "protected", latency: 0, step: 0, steps: 8, now: Date.now, platform: "linux", kinds: [], hasPasskey: false, ...options };
    this.authenticator.kinds = this.#options.kinds;
    this.#setScene(this.#options.scene);
  }

  // --- scripting

  /** Makes the next call of a method fail. */
  failNext(method: Method, error: HostError): void {
    this.#failures.set(method, [...(this.#failures.get(method) ?? []), error]);
  }

  /** The last backup did not finish. */
  failLastBackup(error: HostError): void {
    this.#failure = error;
  }

  /** The drive was pulled. */
  removePlace(): void {
    if (this.#place !== null) this.places.set(this.#place, { path: this.#place, kind: "missing", free: null, suggested: null });
  }

  /** The place was put back to its second newest backup; with `waysToo` its ways to unlock as well. */
  rollBack(waysToo = false): void {
    const repository = this.#repositoryHere();
    const [newest, older] = repository.backups;
    if (newest === undefined || older === undefined) throw new HostError("no_such_backup");
    const ways = this.#ways.map(({ kind, name, added }) => ({ kind, name, added }));
    repository.backups.shift();
    this.#rollback = {
      place: this.#place ?? "", seen: newest.time, waysAreOlder: waysToo, memoryIsLost: false,
      computers: [{
        machine: newest.machine, isOwn: true, lost: 1,
        seen: { number: 12, time: newest.time }, shown: { number: 11, time: older.time },
      }],
      waysSeen: waysToo ? ways : [], waysShown: waysToo ? ways.slice(0, 1) : [],
    };
  }

  /** An item of the native menus was chosen. */
  menu(command: string): void {
    for (const listener of this.#menuListeners) listener(command);
  }

  drag(drag: FileDrag): void {
    for (const listener of this.#dragListeners) listener(drag);
  }

  /** Begins a job that stays where it is, for a screen in the middle of a run. */
  holdJob(kind: string, phase: string, done: number, total: number, millis: number): number {
    const id = this.#nextJob++;
    this.#publish({ id, kind, state: "running", phase, done, total, millis, outcome: null, error: null });
    return id;
  }

  #setScene(scene: Scene): void {
    const home = "/home/sam";
    this.places.set(`${home}/Backups`, { path: `${home}/Backups`, kind: "empty", free: 214e9, suggested: null });
    this.places.set(`${home}/Documents`, { path: `${home}/Documents`, kind: "other_files", free: 214e9, suggested: `${home}/Documents/Coffer backups` });
    const old = this.#repository("/media/sam/Blue drive/Coffer backups");
    old.password = SAMPLE_PASSWORD;
    old.digits = SAMPLE_DIGITS;
    old.hasPasskey = this.#options.hasPasskey;
    if (scene === "fresh") return;
    this.#shown = new Set(this.#library.map((chat) => chat.row.id));
    if (scene === "chats") return;
    this.#place = old === undefined ? null : "/media/sam/Blue drive/Coffer backups";
    this.#ways = [this.#way("password", "Password", 190)];
    if (old.hasPasskey) this.#ways.push(this.#passkey(this.#options.kinds[0] ?? "security_key", 40));
    if (scene === "at_risk") old.digits = null;
    else this.#ways.push(this.#way("recovery_key", "64-digit key", 190));
    this.#unsaved = 12;
    this.#lastCheck = this.#check(false);
    this.#isLocked = scene === "locked";
  }

  #repository(path: string): Repository {
    const now = this.#options.now();
    const item = (days: number, id: string, messages: number, complete: boolean): BackupItem => ({
      id: id.repeat(32), time: now - days * DAY, machine: "sams-laptop", madeBy: "0.1.0", chats: 5, messages, media: 23_747,
      bytes: 3_214_000_000, libraryMessages: complete ? messages : messages + 4120, isComplete: complete, mediaMissing: 40,
    });
    const repository: Repository = {
      id: "7f3a9c21", password: null, digits: null, hasPasskey: false,
      backups: [item(0.5, "a", 1_061_808, true), item(4, "b", 1_061_210, true), item(31, "c", 1_049_020, false)],
      chats: this.#library.map((chat) => chat.row),
    };
    this.repositories.set(path, repository);
    this.places.set(path, { path, kind: "has_backups", free: 214e9, suggested: null });
    return repository;
  }

  #way(kind: "password" | "recovery_key", name: string, days: number): WayView {
    const now = this.#options.now();
    return {
      id: `${kind}-${String(this.#ways.length)}`, kind, name, added: now - days * DAY, lastUsed: kind === "password" ? now - 3 * DAY : null,
      lastTested: now - 7 * DAY, passkeyKind: null, reach: "anywhere", isProved: true,
    };
  }

  #passkey(kind: PasskeyKind, days: number): WayView {
    const now = this.#options.now();
    const names = { platform: this.#options.platform === "windows" ? "Windows Hello" : "Touch ID", security_key: "Security key", phone: "Phone" };
    const others = this.#ways.filter((way) => way.name.startsWith(names[kind])).length;
    return {
      id: `passkey-${String(this.#ways.length)}-${String(days)}`, kind: "passkey", name: others === 0 ? names[kind] : `${names[kind]} ${String(others + 1)}`,
      added: now - days * DAY, lastUsed: now - Math.min(days, 1) * DAY, lastTested: now - Math.min(days, 7) * DAY, passkeyKind: kind,
      reach: kind === "platform" ? "this_computer" : "this_key", isProved: true,
    };
  }

  // --- plumbing

  async #answer<T>(method: Method, make: () => T, unlock: Unlock | null = null): Promise<T> {
    this.calls.push(method);
    if (this.#options.latency > 0) await new Promise((resolve) => setTimeout(resolve, this.#options.latency));
    const failure = this.#failures.get(method)?.shift();
    if (failure !== undefined) throw failure;
    if (unlock?.kind === "passkey") await this.authenticator.perform("unlock");
    return make();
  }

  #publish(job: JobView): void {
    this.#jobs.set(job.id, job);
    for (const listener of this.#listeners) listener(job);
  }

  #run(kind: keyof typeof PHASES, total: number, finish: (isCancelled: boolean) => JobView["outcome"]): number {
    if ([...this.#jobs.values()].some((job) => job.state === "running")) throw new HostError("busy");
    const id = this.#nextJob++;
    const phases = PHASES[kind] ?? ["reading"];
    const { step, steps } = this.#options;
    const began = this.#options.now();
    const go = (at: number): void => {
      const current = this.#jobs.get(id);
      if (current !== undefined && current.state !== "running") return;
      if (at >= steps) {
        const outcome = finish(false);
        this.#publish({ ...(current ?? base(at)), state: "done", done: total, outcome });
        return;
      }
      this.#publish(base(at));
      this.#timers.set(id, setTimeout(() => go(at + 1), step));
    };
    const base = (at: number): JobView => ({
      id, kind, state: "running", phase: phases[Math.min(phases.length - 1, Math.floor((at / steps) * phases.length))] ?? "reading",
      done: Math.floor((total * at) / steps), total, millis: this.#options.now() - began, outcome: null, error: null,
    });
    this.#finishers.set(id, finish);
    go(0);
    return id;
  }

  readonly #finishers = new Map<number, (isCancelled: boolean) => JobView["outcome"]>();

  #repositoryHere(): Repository {
    const repository = this.#place === null ? undefined : this.repositories.get(this.#place);
    if (repository === undefined) throw new HostError("not_protected");
    return repository;
  }

  #reachable(): void {
    if (this.#place !== null && this.places.get(this.#place)?.kind === "missing") throw new HostError("place_missing", this.#place);
  }

  #opens(repository: Repository, unlock: Unlock): WayView["kind"] {
    if (unlock.kind === "keychain") return "keychain";
    if (unlock.kind === "passkey") {
      if (!repository.hasPasskey) throw new HostError("wrong_passkey");
      return "passkey";
    }
    if (unlock.kind === "password") {
      if (unlock.text !== repository.password) throw new HostError("wrong_password");
      return "password";
    }
    const seen = this.#inspect(unlock.text);
    if (seen.wrongRows.length > 0) throw new HostError("digits_typo", seen.wrongRows.join(", "));
    if (digitsOf(unlock.text) !== repository.digits) throw new HostError("wrong_key");
    return "recovery_key";
  }

  #inspect(text: string): DigitsView {
    const digits = digitsOf(text).slice(0, 64);
    const wrongRows: number[] = [];
    for (let row = 0; (row + 1) * 8 <= digits.length; row += 1) {
      const eight = digits.slice(row * 8, row * 8 + 8);
      if (withCheckDigit(eight.slice(0, 7)) !== eight) wrongRows.push(row + 1);
    }
    return { wrongRows, isComplete: digits.length === 64 && wrongRows.length === 0, digits: digits.length };
  }

  #protection(): ProtectionView {
    const ways = this.#ways;
    const proved = ways.filter((way) => way.isProved).length;
    return {
      state: ways.length === 0 ? "off" : proved >= 2 && ways.some((way) => way.reach !== "this_computer") ? "protected" : "at_risk",
      place: this.#place,
      backupId: this.#place === null ? null : (this.repositories.get(this.#place)?.id ?? null),
      ways: [...ways],
      waysElsewhere: ways.filter((way) => way.isProved && way.reach !== "this_computer").length,
      automatic: this.keychain && ways.length > 0,
      needsUnlock: ways.length > 0 && !this.#isFresh,
      pending: this.#pending !== null ? "recovery_key" : this.#pendingPassword !== null ? "password" : null,
    };
  }

  #appView(): AppView {
    return {
      platform: this.#options.platform,
      version: "0.1.0",
      isLocked: this.#isLocked,
      unlockWays: this.#isLocked ? this.#kinds() : [],
      passkeyKinds: [...this.authenticator.kinds],
      hasChats: !this.#isLocked && (this.#shown.size > 0 || this.#isSample),
      isProtected: this.#ways.length > 0,
      libraryKeyInFile: this.#ways.length === 0,
      keychainAvailable: this.keychain,
      isSample: this.#isSample,
    };
  }

  /** The best for this computer first. */
  #kinds(): WayView["kind"][] {
    const kinds = [...new Set(this.#ways.map((way) => way.kind))].filter((kind) => kind !== "passkey");
    if (!this.#ways.some((way) => way.kind === "passkey")) return kinds;
    return this.authenticator.kinds.length > 0 ? ["passkey", ...kinds] : [...kinds, "passkey"];
  }

  #check(everyByte: boolean): CheckReport {
    return {
      time: this.#options.now() - (this.#lastCheck === null ? 4 * DAY : 0), everyByte, withoutKey: this.#isLocked, snapshots: 3, files: everyByte ? 412 : 96,
      bytes: everyByte ? 3_214_000_000 : 8_400_000, damaged: [], isOk: true, millis: everyByte ? 41_000 : 900, ...this.checkReport,
    };
  }

  #visible(): SampleChat[] {
    if (this.#isLocked) throw new HostError("locked");
    return this.#library.filter((chat) => this.#isSample || this.#shown.has(chat.row.id));
  }

  #chat(id: string): SampleChat {
    const chat = this.#library.find((one) => one.row.id === id);
    if (chat === undefined) throw new HostError("no_such_chat");
    return chat;
  }

  // --- the app

  app = () => this.#answer("app", () => this.#appView());
  lock = () =>
    this.#answer("lock", () => {
      if (this.#ways.length > 0) this.#isLocked = true;
      this.#isFresh = false;
      return this.#appView();
    });
  unlock = (unlock: Unlock) =>
    this.#answer("unlock", () => {
      this.#opens(this.#repositoryHere(), unlock);
      this.#isLocked = false;
      return this.#appView();
    }, unlock);
  openSamples = () => this.#answer("openSamples", () => ((this.#isSample = true), this.#appView()));
  closeSamples = () => this.#answer("closeSamples", () => ((this.#isSample = false), this.#appView()));

  #pick(likely: string): string | null {
    return this.picks.length > 0 ? (this.picks.shift() ?? null) : likely;
  }
  pickFolder = (purpose: string) =>
    this.#answer("pickFolder", () =>
      this.#pick(purpose === "restore" ? "/media/sam/Blue drive/Coffer backups" : purpose === "place" ? "/home/sam/Backups" : "/home/sam/Downloads"),
    );
  pickFile = (purpose: string) =>
    this.#answer("pickFile", () => this.#pick(purpose === "sheet" ? (this.#sheetPath ?? "/home/sam/key.pdf") : "/home/sam/Downloads/WhatsApp Chat - Anna Reyes.zip"));
  pickSave = (suggestedName: string) => this.#answer("pickSave", () => this.#pick(`/home/sam/Documents/${suggestedName}`));

  // --- adding chats

  /** Backups of other apps that were opened, by path; the digits that open one are 64 times "a". */
  #appKeys = new Map<string, boolean>();
  giveAppKey = (path: string, key: AppKey) =>
    this.#answer("giveAppKey", () => {
      this.#appKeys.set(path, key.kind === "file" ? key.path.endsWith("encrypted_backup.key") : key.text.replaceAll(" ", "") === "a".repeat(64));
    });
  findSources = () => this.#answer("findSources", () => this.foundSources);
  previewImport = (path: string, dateOrder: string | null, zone: string | null) =>
    this.#answer("previewImport", (): ImportPreview => {
      const isSignal = path.endsWith("SignalBackups");
      if (isSignal || /\.crypt1[245]$/.test(path)) {
        const isRight = this.#appKeys.get(path);
        const kind = isSignal ? "signal_recovery_key" : path.endsWith("15") ? "whatsapp_digits" : "whatsapp_key_file";
        if (isRight === undefined) throw new HostError("needs_app_key", kind);
        if (!isRight) throw new HostError("wrong_app_key");
      }
      if (path.endsWith(".txt.bin")) throw new HostError("unknown_file", "holiday.txt.bin");
      return {
        path,
        source: path.endsWith(".json") ? "telegram_export" : path.includes("msgstore") ? "whatsapp_android" : isSignal ? "signal_backup" : "whatsapp_export",
        chats: [{ index: 0, title: "Anna Reyes", messages: 12_480, first: Date.UTC(2019, 2, 14, 8), last: Date.UTC(2026, 10, 20, 14, 2) }],
        people: ["Anna Reyes", "Sam Okafor"],
        asksMe: !/\.crypt1[245]$/.test(path),
        meGuess: "Sam Okafor",
        dates: {
          order: dateOrder ?? "dmy",
          isUndecided: dateOrder === null,
          sample: "03/04/2019, 08:01 - Anna Reyes: Good morning",
          readings: [["dmy", "2019-04-03T08:01:00"], ["mdy", "2019-03-04T08:01:00"]],
        },
        mediaFound: 214,
        mediaMissing: 31,
        bytes: 318_000_000,
        needsZone: true,
        zoneGuess: zone ?? "Europe/Lisbon",
        ...this.preview,
      };
    });
  startImport = (request: ImportRequest) =>
    this.#answer("startImport", () =>
      this.#run("import", 318_000_000, (isCancelled) => {
        const wasHere = this.#shown.has("a1".repeat(16));
        for (const chat of this.#library) this.#shown.add(chat.row.id);
        return {
          kind: "import",
          report: {
            source: request.path.endsWith(".json") ? "telegram_export" : "whatsapp_export", chats: 1, read: 12_516, added: wasHere ? 0 : 12_480, updated: 0,
            present: wasHere ? 12_480 : 0, system: 34,
            skipped: [{ reason: "unreadable_line", count: 36, examples: ["line 812", "line 813", "line 9,004"] }],
            mediaFound: 214, mediaMissing: 31, mediaOmitted: 0, undecided: [], notes: [], isCancelled, chatIds: ["a1".repeat(16)], ...this.importReport,
          },
        };
      }),
    );

  // --- reading

  listChats = () => this.#answer("listChats", () => this.#visible().map((chat) => chat.row));
  getChat = (id: string) => this.#answer("getChat", () => this.#chat(id).row);
  readMessages = (id: string, offset: number, limit: number) => this.#answer("readMessages", () => this.#range(id, offset, limit));
  #range(id: string, offset: number, limit: number): MessageRange {
    const chat = this.#chat(id);
    const end = Math.min(chat.row.messages, offset + limit);
    const messages = [];
    for (let position = offset; position < end; position += 1) messages.push(messageAt(chat, position));
    return { offset, total: chat.row.messages, messages };
  }
  listDays = (id: string) =>
    this.#answer("listDays", () => {
      const known = this.#days.get(id) ?? daysOf(this.#chat(id));
      this.#days.set(id, known);
      return known;
    });
  searchChats = (query: SearchQuery) => this.#answer("searchChats", () => this.#search(query));
  #search(query: SearchQuery): SearchPage {
    const words = query.text.replace(/\b(from|in|app|before|after|has):("[^"]*"|\S+)/gu, "").trim().toLowerCase();
    const from = /\bfrom:("[^"]*"|\S+)/u.exec(query.text)?.[1]?.replaceAll('"', "").toLowerCase();
    const app = /\bapp:("[^"]*"|\S+)/u.exec(query.text)?.[1]?.replaceAll('"', "").toLowerCase();
    const hasMedia = query.text.includes("has:");
    const hits: SearchHit[] = [];
    for (const chat of this.#visible()) {
      if (query.chat !== null && chat.row.id !== query.chat) continue;
      if (app !== undefined && chat.row.app.toLowerCase() !== app) continue;
      const last = chat.row.messages - 1;
      for (let position = last; position >= Math.max(0, last - 900) && hits.length < 400; position -= 1) {
        const message = messageAt(chat, position);
        const start = words === "" ? 0 : message.text.toLowerCase().indexOf(words);
        if (start < 0 || (words === "" && !hasMedia && from === undefined && app === undefined)) continue;
        if (from !== undefined && message.sender?.toLowerCase().includes(from) !== true) continue;
        if (hasMedia && message.attachments.length === 0) continue;
        hits.push({
          chat: chat.row.id, title: chat.row.title, position, sender: message.sender, time: message.time, snippet: message.text,
          marks: words === "" ? [] : [[start, words.length]],
        });
      }
    }
    return { hits: hits.slice(query.offset, query.offset + query.limit), hasMore: hits.length > query.offset + query.limit };
  }
  listMedia = (id: string, tab: MediaTab, offset: number, limit: number) =>
    this.#answer("listMedia", (): MediaItem[] => {
      const kinds: Record<MediaTab, string[]> = { photos: ["photo"], videos: ["video", "gif"], voice: ["voice", "audio"], files: ["file"], links: [] };
      const chat = this.#chat(id);
      const items: MediaItem[] = [];
      for (let position = chat.row.messages - 1; position >= Math.max(0, chat.row.messages - 6000); position -= 1) {
        const message = messageAt(chat, position);
        for (const attachment of message.attachments) {
          if (kinds[tab].includes(attachment.kind)) items.push({ position, time: message.time, attachment });
        }
      }
      return items.slice(offset, offset + limit);
    });
  readMedia = (hash: string, offset: number, len: number) => this.#answer("readMedia", () => this.#bytes(hash, offset, len));
  #bytes(hash: string, offset: number, len: number): ArrayBuffer {
    const whole = hash.startsWith("photo") ? picture(Number(hash.slice(5))) : hash.startsWith("voice") ? tone() : new Uint8Array(200);
    return whole.slice(offset, offset + len).buffer;
  }
  saveReport = (path: string, text: string) => this.#answer("saveReport", () => void this.reports.set(path, text));
  exportChats = () => this.#answer("exportChats", () => undefined);

  // --- place and protection

  inspectPlace = (path: string) =>
    this.#answer("inspectPlace", () => this.places.get(path) ?? { path, kind: "empty", free: 214e9, suggested: null });
  choosePlace = (path: string, useSubfolder: boolean) =>
    this.#answer("choosePlace", () => {
      const place = this.places.get(path);
      if (place?.kind === "missing") throw new HostError("place_missing", path);
      if (place?.kind === "has_backups" && path !== this.#place) throw new HostError("existing_backups", path);
      if (place?.kind === "other_files" && !useSubfolder) throw new HostError("place_in_use", path);
      this.#place = useSubfolder ? (place?.suggested ?? path) : path;
      return this.#protection();
    });
  getProtection = () => this.#answer("getProtection", () => this.#protection());
  estimatePassword = (text: string) =>
    this.#answer("estimatePassword", (): PasswordEstimate => {
      if (text.length < 12) return { score: 0, isAccepted: false, problem: "too_short", guessTime: "minutes", tips: ["longer", "more_words"] };
      if (/^(.)\1+$|password/iu.test(text)) return { score: 1, isAccepted: false, problem: "common", guessTime: "hours", tips: ["uncommon_words"] };
      const score = text.length > 24 ? 4 : text.length > 16 ? 3 : 2;
      return { score, isAccepted: score > 1, problem: null, guessTime: score === 4 ? "centuries" : "years", tips: score < 4 ? ["more_words"] : [] };
    });
  suggestPassword = () => this.#answer("suggestPassword", () => "meadow lantern copper drift orchard seven");
  addPassword = (text: string) =>
    this.#answer("addPassword", () => {
      if (text.length < 12) throw new HostError("weak_password");
      if (this.#place === null) throw new HostError("not_protected");
      if (this.#ways.length > 0 && !this.#isFresh) throw new HostError("needs_unlock");
      this.#found();
      this.#pendingPassword = text;
      return this.#protection();
    });
  #found(): void {
    if (this.#place === null || this.repositories.has(this.#place)) return;
    this.repositories.set(this.#place, { id: "c0ffe401", password: null, digits: null, hasPasskey: false, backups: [], chats: [] });
    this.#isFresh = true;
  }
  #join(kind: "password" | "recovery_key"): void {
    this.#isFresh = true;
    const way = { ...this.#way(kind, kind === "password" ? "Password" : "64-digit key", 0), lastUsed: null, lastTested: this.#options.now() };
    this.#ways = [...this.#ways.filter((one) => one.kind !== kind), way];
  }
  provePassword = (text: string) =>
    this.#answer("provePassword", () => {
      if (this.#pendingPassword !== null && text !== this.#pendingPassword) throw new HostError("wrong_password");
      this.#repositoryHere().password = text;
      this.#pendingPassword = null;
      this.#join("password");
      return this.#protection();
    });
  makeRecoveryKey = () =>
    this.#answer("makeRecoveryKey", () => {
      if (this.#ways.length > 0 && !this.#isFresh) throw new HostError("needs_unlock");
      this.#found();
      this.#pending = { way: "key", groups: SAMPLE_DIGITS.match(/.{4}/gu) ?? [], ask: [3, 11] };
      return this.#pending;
    });
  inspectDigits = (text: string) => this.#answer("inspectDigits", () => this.#inspect(text));
  saveRecoverySheet = (path: string) =>
    this.#answer("saveRecoverySheet", () => {
      if (this.#place !== null && path.startsWith(this.#place)) throw new HostError("sheet_in_backup");
      this.#sheetPath = path;
    });
  confirmRecoveryKey = (confirmation: Confirmation) =>
    this.#answer("confirmRecoveryKey", () => {
      const pending = this.#pending;
      if (pending === null) throw new HostError("expired_session");
      if (confirmation.kind === "groups") {
        pending.ask.forEach((group, index) => {
          const typed = index === 0 ? confirmation.first : confirmation.second;
          if (digitsOf(typed) !== pending.groups[group - 1]) throw new HostError("groups_mismatch", String(group));
        });
      } else if (confirmation.kind === "text") {
        const seen = this.#inspect(confirmation.text);
        if (seen.wrongRows.length > 0) throw new HostError("digits_typo", seen.wrongRows.join(", "));
        if (digitsOf(confirmation.text) !== pending.groups.join("")) throw new HostError("wrong_key");
      } else if (confirmation.path !== this.#sheetPath) throw new HostError("wrong_key");
      this.#repositoryHere().digits = pending.groups.join("");
      this.#pending = null;
      this.#join("recovery_key");
      return this.#protection();
    });
  addPasskey = (kind: PasskeyKind) =>
    this.#answer("addPasskey", () => {
      if (this.#place === null) throw new HostError("not_protected");
      if (this.#ways.length > 0 && !this.#isFresh) throw new HostError("needs_unlock");
    }).then(async () => {
      await this.authenticator.perform("create");
      this.#found();
      this.#repositoryHere().hasPasskey = true;
      this.#isFresh = true;
      this.#ways = [...this.#ways, { ...this.#passkey(kind, 0), lastUsed: null }];
      return this.#protection();
    });
  answerPrompt = (ceremony: number, text: string) => this.#answer("answerPrompt", () => this.authenticator.answer(ceremony, text));
  cancelCeremony = (ceremony: number) => this.#answer("cancelCeremony", () => this.authenticator.cancel(ceremony));
  onPrompt = (listener: (prompt: PromptView) => void) => this.authenticator.listen(listener);
  abandonSetup = () =>
    this.#answer("abandonSetup", () => {
      this.#pending = null;
      this.#pendingPassword = null;
      return this.#protection();
    });
  freshUnlock = (unlock: Unlock) =>
    this.#answer("freshUnlock", () => {
      this.#opens(this.#repositoryHere(), unlock);
      this.#isFresh = true;
      return this.#protection();
    }, unlock);
  testWay = (unlock: Unlock) =>
    this.#answer("testWay", (): WayTest => {
      const repository = this.#repositoryHere();
      const way = this.#opens(repository, unlock);
      // Any of several passkeys answers: here it is always the oldest.
      const opened = this.#ways.find((one) => one.kind === way);
      this.#ways = this.#ways.map((one) => (one === opened ? { ...one, lastTested: this.#options.now() } : one));
      return { way, backup: repository.backups[0]?.time ?? null, chats: repository.backups.length > 0 ? 1 : 0, millis: 1240 };
    }, unlock);
  renameWay = (id: string, name: string) =>
    this.#answer("renameWay", () => {
      this.#ways = this.#ways.map((way) => (way.id === id ? { ...way, name } : way));
      return this.#protection();
    });
  removeWay = (id: string, reason: RemovalReason, atRiskAcknowledged: boolean) =>
    this.#answer("removeWay", () => {
      this.removalReason = reason;
      if (!this.#isFresh) throw new HostError("needs_unlock");
      if (this.#ways.length === 1) throw new HostError("last_way");
      if (this.#ways.length === 2 && !atRiskAcknowledged) throw new HostError("last_way");
      this.#ways = this.#ways.filter((way) => way.id !== id);
      return this.#protection();
    });
  turnOffProtection = () =>
    this.#answer("turnOffProtection", () => {
      if (!this.#isFresh) throw new HostError("needs_unlock");
      this.#ways = [];
      this.#place = null;
      this.#isFresh = false;
      return this.#protection();
    });

  // --- backing up

  #status(): BackupStatus {
    const repository = this.#place === null ? undefined : this.repositories.get(this.#place);
    const running = [...this.#jobs.values()].find((job) => job.state === "running" && job.kind !== "import") ?? null;
    const isMissing = this.#place !== null && this.places.get(this.#place)?.kind === "missing";
    const protection = this.#protection();
    return {
      state: this.#isLocked ? "locked" : running !== null ? "running" : protection.state === "off" ? "off" : isMissing ? "place_missing" : this.#rollback !== null ? "rolled_back" : this.#failure !== null ? "failed" : protection.state,
      place: this.#place,
      free: isMissing ? null : 214e9,
      lastBackup: repository?.backups[0] ?? null,
      lastCheck: this.#lastCheck,
      backups: repository?.backups.length ?? 0,
      bytes: repository?.backups.length === 0 ? 0 : 3_214_000_000,
      running,
      failure: this.#rollback !== null ? { code: "rolled_back", detail: null, unusedPasskey: null } : this.#failure === null ? null : { code: this.#failure.code, detail: this.#failure.detail, unusedPasskey: null },
      ways: this.#ways.length,
      waysElsewhere: protection.waysElsewhere,
      unsavedMessages: this.#unsaved,
      needsUnlock: !this.keychain,
    };
  }
  getBackupStatus = () => this.#answer("getBackupStatus", () => this.#status());
  startBackup = (unlock: Unlock | null) =>
    this.#answer("startBackup", () => {
      const repository = this.#repositoryHere();
      this.#reachable();
      if (unlock !== null) this.#opens(repository, unlock);
      else if (!this.keychain) throw new HostError("needs_unlock");
      if (this.#rollback !== null) throw new HostError("rolled_back");
      return this.#run("backup", 3_100_000_000, (isCancelled) => {
        if (isCancelled) return null;
        const shown = this.#library.filter((chat) => this.#shown.has(chat.row.id));
        const messages = shown.reduce((sum, chat) => sum + chat.row.messages, 0);
        const backup: BackupItem = {
          id: "f".repeat(64), time: this.#options.now(), machine: "sams-laptop", madeBy: "0.1.0", chats: shown.length, messages, media: 23_747,
          bytes: 3_214_000_000, libraryMessages: messages, isComplete: true, mediaMissing: 40,
        };
        repository.backups.unshift(backup);
        repository.chats = shown.map((chat) => chat.row);
        this.#failure = null;
        this.#unsaved = 0;
        return { kind: "backup", report: { backup, bytesRead: 3_100_000_000, bytesStored: 8_400_000, millis: 4200 } };
      });
    }, unlock);
  startCheck = (everyByte: boolean) =>
    this.#answer("startCheck", () => {
      this.#reachable();
      return this.#run("check", everyByte ? 3_214_000_000 : 8_400_000, (isCancelled) => {
        if (isCancelled) return null;
        this.#lastCheck = this.#check(everyByte);
        return { kind: "check", report: this.#lastCheck };
      });
    });
  listBackups = () => this.#answer("listBackups", () => this.#repositoryHere().backups);
  getRollback = () => this.#answer("getRollback", () => this.#rollback);
  settleRollback = (choice: RollbackChoice, unlock: Unlock | null) =>
    this.#answer("settleRollback", () => {
      if (unlock !== null) this.#opens(this.#repositoryHere(), unlock);
      if (choice === "it_is_right" && (unlock === null || unlock.kind === "keychain")) throw new HostError("needs_unlock");
      if (choice === "it_is_right" && this.#rollback?.waysAreOlder === true) this.#ways = this.#ways.slice(0, this.#rollback.waysShown.length);
      this.#rollback = null;
      return this.#status();
    });

  // --- bringing back

  findBackups = () => this.#answer("findBackups", () => this.foundBackups);
  openBackup = (path: string) =>
    this.#answer("openBackup", (): OpenedBackup => {
      const repository = this.repositories.get(path);
      if (this.places.get(path)?.kind === "missing") throw new HostError("place_missing", path);
      if (repository === undefined) throw new HostError("not_a_backup", "1");
      const ways: OpenedBackup["ways"] = repository.hasPasskey && this.authenticator.kinds.length > 0 ? ["passkey"] : [];
      if (repository.password !== null) ways.push("password");
      if (repository.digits !== null) ways.push("recovery_key");
      if (repository.hasPasskey && ways[0] !== "passkey") ways.push("passkey");
      return { session: path, place: path, backupId: repository.id, ways, notes: [], alsoFound: [], ...this.opened };
    });
  #session(session: string): Repository {
    const repository = this.repositories.get(session);
    if (repository === undefined) throw new HostError("expired_session");
    return repository;
  }
  unlockBackup = (session: string, unlock: Unlock) =>
    this.#answer("unlockBackup", () => {
      const repository = this.#session(session);
      this.#opens(repository, unlock);
      return repository.backups;
    }, unlock);
  lookChats = (session: string) => this.#answer("lookChats", () => this.#session(session).chats);
  lookMessages = (_session: string, _backup: string, chat: string, offset: number, limit: number) =>
    this.#answer("lookMessages", () => this.#range(chat, offset, limit));
  lookSearch = (_session: string, _backup: string, query: SearchQuery) =>
    this.#answer("lookSearch", () => {
      const shown = this.#shown;
      this.#shown = new Set(this.#library.map((chat) => chat.row.id));
      const page = this.#search(query);
      this.#shown = shown;
      return page;
    });
  lookMedia = (_session: string, _backup: string, hash: string, offset: number, len: number) =>
    this.#answer("lookMedia", () => this.#bytes(hash, offset, len));
  #plan(request: RestoreRequest, isCancelled: boolean): RestoreReport {
    const chats = this.#session(request.session).chats.filter((row) => request.chats === null || request.chats.includes(row.id));
    const share = request.from === null && request.to === null ? 1 : 0.25;
    const here = chats.filter((row) => this.#shown.has(row.id));
    const count = (rows: ChatRow[]): number => Math.floor(rows.reduce((sum, row) => sum + row.messages, 0) * share);
    return {
      added: count(chats) - count(here), present: count(here), differ: here.length > 0 ? 7 : 0, chats: chats.length,
      media: request.withMedia ? 2310 : 0, bytes: request.withMedia ? 2_900_000_000 : 0, missing: [], isCancelled, ...this.restoreReport,
    };
  }
  planRestore = (request: RestoreRequest) => this.#answer("planRestore", () => this.#plan(request, false));
  startRestore = (request: RestoreRequest) =>
    this.#answer("startRestore", () =>
      this.#run("restore", 3_214_000_000, (isCancelled) => {
        const report = this.#plan(request, isCancelled);
        for (const row of this.#session(request.session).chats) {
          if (request.chats === null || request.chats.includes(row.id)) this.#shown.add(row.id);
        }
        return { kind: "restore", report };
      }),
    );
  protectHere = (session: string) =>
    this.#answer("protectHere", () => {
      this.#place = session;
      this.#ways = [];
      if (this.#session(session).password !== null) this.#ways.push(this.#way("password", "Password", 190));
      if (this.#session(session).hasPasskey) this.#ways.push(this.#passkey("security_key", 40));
      if (this.#session(session).digits !== null) this.#ways.push(this.#way("recovery_key", "64-digit key", 190));
      return this.#protection();
    });
  closeBackup = () => this.#answer("closeBackup", () => undefined);

  // --- jobs

  job = (id: number) =>
    this.#answer("job", () => {
      const job = this.#jobs.get(id);
      if (job === undefined) throw new HostError("expired_session");
      return job;
    });
  cancelJob = (id: number) =>
    this.#answer("cancelJob", () => {
      const job = this.#jobs.get(id);
      if (job === undefined || job.state !== "running") return;
      clearTimeout(this.#timers.get(id));
      this.#publish({ ...job, state: "cancelled", outcome: this.#finishers.get(id)?.(true) ?? null });
    });
  onJob = (listener: (job: JobView) => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
  onMenu = (listener: (command: string) => void) => {
    this.#menuListeners.add(listener);
    return () => void this.#menuListeners.delete(listener);
  };
  onFileDrag = (listener: (drag: FileDrag) => void) => {
    this.#dragListeners.add(listener);
    return () => void this.#dragListeners.delete(listener);
  };
}
