// Everything the window may ask of the computer: one method per command, one event.
// The name of a method in snake_case is the name of its command; so are the names of its arguments (tests/contract.rs).
import type { AppView } from "./types/AppView";
import type { BackupItem } from "./types/BackupItem";
import type { BackupStatus } from "./types/BackupStatus";
import type { ChatRow } from "./types/ChatRow";
import type { DayCount } from "./types/DayCount";
import type { DigitsView } from "./types/DigitsView";
import type { FoundBackup } from "./types/FoundBackup";
import type { FoundSource } from "./types/FoundSource";
import type { ImportPreview } from "./types/ImportPreview";
import type { ImportRequest } from "./types/ImportRequest";
import type { JobView } from "./types/JobView";
import type { MediaItem } from "./types/MediaItem";
import type { MessageRange } from "./types/MessageRange";
import type { OpenedBackup } from "./types/OpenedBackup";
import type { PasskeyKind } from "./types/PasskeyKind";
import type { PasswordEstimate } from "./types/PasswordEstimate";
import type { PlaceView } from "./types/PlaceView";
import type { PromptView } from "./types/PromptView";
import type { ProtectionView } from "./types/ProtectionView";
import type { RecoveryKeyView } from "./types/RecoveryKeyView";
import type { RemovalReason } from "./types/RemovalReason";
import type { RestoreReport } from "./types/RestoreReport";
import type { RestoreRequest } from "./types/RestoreRequest";
import type { RollbackChoice } from "./types/RollbackChoice";
import type { RollbackView } from "./types/RollbackView";
import type { SearchPage } from "./types/SearchPage";
import type { SearchQuery } from "./types/SearchQuery";
import type { WayTest } from "./types/WayTest";

/** Every code an error can carry; each has a sentence `error.<code>` in en.json. */
export const ERROR_CODES = [
  "wrong_password",
  "wrong_key",
  "wrong_secret",
  "wrong_passkey",
  "passkey",
  "digits_typo",
  "groups_mismatch",
  "damaged",
  "newer_format",
  "place_missing",
  "place_full",
  "place_read_only",
  "place_in_use",
  "existing_backups",
  "not_a_backup",
  "still_syncing",
  "unknown_file",
  "not_a_sheet",
  "empty_file",
  "truncated_file",
  "unsafe_file",
  "bad_text",
  "needs_app_key",
  "wrong_app_key",
  "encrypted_phone_backup",
  "source_in_use",
  "file_missing",
  "cancelled",
  "busy",
  "home_in_use",
  "locked",
  "needs_unlock",
  "ways_changed",
  "not_protected",
  "last_way",
  "weak_password",
  "password_mismatch",
  "sheet_in_backup",
  "disk_full",
  "keychain_unavailable",
  "rolled_back",
  "storage",
  "no_such_chat",
  "no_such_backup",
  "expired_session",
  "zone_unknown",
  "date_order_undecided",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** A refusal by the computer: a code the screen has a sentence for, and a fact for that sentence. */
export class HostError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | null;
  /** The account name of a passkey that was made just now and serves nothing. */
  readonly unusedPasskey: string | null;

  constructor(code: ErrorCode, detail: string | null = null, unusedPasskey: string | null = null) {
    super(code);
    this.name = "HostError";
    this.code = code;
    this.detail = detail;
    this.unusedPasskey = unusedPasskey;
  }
}

/** Takes any thrown thing for what it is worth: a known code, or `storage`. */
export function toHostError(thrown: unknown): HostError {
  if (thrown instanceof HostError) return thrown;
  if (typeof thrown === "object" && thrown !== null && "code" in thrown) {
    const code = ERROR_CODES.find((known) => known === thrown.code);
    const detail = "detail" in thrown && typeof thrown.detail === "string" ? thrown.detail : null;
    const unused = "unusedPasskey" in thrown && typeof thrown.unusedPasskey === "string" ? thrown.unusedPasskey : null;
    if (code !== undefined) return new HostError(code, detail, unused);
  }
  return new HostError("storage");
}

/** A way to unlock as the person gives it; crosses once. */
export type Unlock =
  | { kind: "password"; text: string }
  | { kind: "digits"; text: string }
  | { kind: "keychain" }
  | { kind: "passkey" };

/** The key another app gave for its own backup, never Coffer's; crosses once and is kept for the next preview and import of its path. */
export type AppKey = { kind: "text"; text: string } | { kind: "file"; path: string };

/** How the person proves to hold the 64-digit key. */
export type Confirmation =
  | { kind: "groups"; first: string; second: string }
  | { kind: "text"; text: string }
  | { kind: "sheet"; path: string };

/** What a folder is picked for: the title of the picker depends on it. */
export type FolderPurpose = "chats" | "place" | "restore" | "export";
/** What a file is picked for. */
export type FilePurpose = "chats" | "sheet" | "app_key";
export type MediaTab = "photos" | "videos" | "voice" | "files" | "links";
export type Paper = "a4" | "letter";
export type ExportFormat = "html" | "txt" | "csv" | "json";

/** Files dragged over the window. */
export type FileDrag = { kind: "over" } | { kind: "away" } | { kind: "dropped"; paths: string[] };

export type Unsubscribe = () => void;

export interface Host {
  // the app
  app(): Promise<AppView>;
  lock(): Promise<AppView>;
  unlock(unlock: Unlock): Promise<AppView>;
  openSamples(): Promise<AppView>;
  closeSamples(): Promise<AppView>;

  // pickers, drawn by the operating system; null when the person cancels
  pickFolder(purpose: FolderPurpose): Promise<string | null>;
  pickFile(purpose: FilePurpose): Promise<string | null>;
  pickSave(suggestedName: string): Promise<string | null>;

  // adding chats
  giveAppKey(path: string, key: AppKey): Promise<void>;
  findSources(): Promise<FoundSource[]>;
  previewImport(path: string, dateOrder: string | null, zone: string | null): Promise<ImportPreview>;
  startImport(request: ImportRequest): Promise<number>;

  // reading
  listChats(): Promise<ChatRow[]>;
  getChat(chat: string): Promise<ChatRow>;
  readMessages(chat: string, offset: number, limit: number): Promise<MessageRange>;
  listDays(chat: string): Promise<DayCount[]>;
  searchChats(query: SearchQuery): Promise<SearchPage>;
  listMedia(chat: string, tab: MediaTab, offset: number, limit: number): Promise<MediaItem[]>;
  readMedia(hash: string, offset: number, len: number): Promise<ArrayBuffer>;
  exportChats(chat: string | null, format: ExportFormat, dir: string): Promise<void>;
  saveReport(path: string, text: string): Promise<void>;

  // place and protection
  inspectPlace(path: string): Promise<PlaceView>;
  choosePlace(path: string, useSubfolder: boolean): Promise<ProtectionView>;
  getProtection(): Promise<ProtectionView>;
  estimatePassword(text: string): Promise<PasswordEstimate>;
  suggestPassword(): Promise<string>;
  addPassword(text: string): Promise<ProtectionView>;
  provePassword(text: string): Promise<ProtectionView>;
  makeRecoveryKey(): Promise<RecoveryKeyView>;
  inspectDigits(text: string): Promise<DigitsView>;
  saveRecoverySheet(path: string, paper: Paper): Promise<void>;
  confirmRecoveryKey(confirmation: Confirmation): Promise<ProtectionView>;
  abandonSetup(): Promise<ProtectionView>;
  freshUnlock(unlock: Unlock): Promise<ProtectionView>;
  testWay(unlock: Unlock): Promise<WayTest>;
  addPasskey(kind: PasskeyKind): Promise<ProtectionView>;
  answerPrompt(ceremony: number, text: string): Promise<void>;
  cancelCeremony(ceremony: number): Promise<void>;
  renameWay(id: string, name: string): Promise<ProtectionView>;
  removeWay(id: string, reason: RemovalReason, atRiskAcknowledged: boolean): Promise<ProtectionView>;
  turnOffProtection(): Promise<ProtectionView>;

  // backing up
  getBackupStatus(): Promise<BackupStatus>;
  startBackup(unlock: Unlock | null): Promise<number>;
  startCheck(everyByte: boolean): Promise<number>;
  listBackups(): Promise<BackupItem[]>;
  /** What this computer saw in its place and what the place shows, when that is older; null when it is not. */
  getRollback(): Promise<RollbackView | null>;
  /** Settles it. `it_is_right` needs a way that opens the place as it is now, given here. */
  settleRollback(choice: RollbackChoice, unlock: Unlock | null): Promise<BackupStatus>;

  // bringing back
  findBackups(): Promise<FoundBackup[]>;
  openBackup(path: string): Promise<OpenedBackup>;
  unlockBackup(session: string, unlock: Unlock): Promise<BackupItem[]>;
  lookChats(session: string, backup: string): Promise<ChatRow[]>;
  lookMessages(session: string, backup: string, chat: string, offset: number, limit: number): Promise<MessageRange>;
  lookSearch(session: string, backup: string, query: SearchQuery): Promise<SearchPage>;
  lookMedia(session: string, backup: string, hash: string, offset: number, len: number): Promise<ArrayBuffer>;
  planRestore(request: RestoreRequest): Promise<RestoreReport>;
  startRestore(request: RestoreRequest): Promise<number>;
  protectHere(session: string): Promise<ProtectionView>;
  closeBackup(session: string): Promise<void>;

  // jobs
  job(id: number): Promise<JobView>;
  cancelJob(id: number): Promise<void>;
  /** Calls back for every change of every job, at most ten times a second. */
  onJob(listener: (job: JobView) => void): Unsubscribe;
  /** Calls back for every step of every passkey ceremony; `done` is the last of each. */
  onPrompt(listener: (prompt: PromptView) => void): Unsubscribe;
  /** Calls back with the name of the command an item of the native menus stands for. */
  onMenu(listener: (command: string) => void): Unsubscribe;
  /** Calls back while files are dragged over the window. */
  onFileDrag(listener: (drag: FileDrag) => void): Unsubscribe;
}

export type { AppView } from "./types/AppView";
export type { AttachmentView } from "./types/AttachmentView";
export type { BackupItem } from "./types/BackupItem";
export type { BackupReport } from "./types/BackupReport";
export type { BackupStatus } from "./types/BackupStatus";
export type { ChatRow } from "./types/ChatRow";
export type { CheckReport } from "./types/CheckReport";
export type { Damage } from "./types/Damage";
export type { DayCount } from "./types/DayCount";
export type { DigitsView } from "./types/DigitsView";
export type { EntityView } from "./types/EntityView";
export type { ErrorView } from "./types/ErrorView";
export type { FoundBackup } from "./types/FoundBackup";
export type { FoundSource } from "./types/FoundSource";
export type { ImportPreview } from "./types/ImportPreview";
export type { ImportReport } from "./types/ImportReport";
export type { ImportRequest } from "./types/ImportRequest";
export type { JobView } from "./types/JobView";
export type { Loss } from "./types/Loss";
export type { MediaItem } from "./types/MediaItem";
export type { MessageRange } from "./types/MessageRange";
export type { MessageView } from "./types/MessageView";
export type { OpenedBackup } from "./types/OpenedBackup";
export type { PasskeyKind } from "./types/PasskeyKind";
export type { PasswordEstimate } from "./types/PasswordEstimate";
export type { PlaceView } from "./types/PlaceView";
export type { PinProblem } from "./types/PinProblem";
export type { PromptPurpose } from "./types/PromptPurpose";
export type { PromptStep } from "./types/PromptStep";
export type { PromptView } from "./types/PromptView";
export type { ProtectionView } from "./types/ProtectionView";
export type { RecoveryKeyView } from "./types/RecoveryKeyView";
export type { RemovalReason } from "./types/RemovalReason";
export type { RestoreReport } from "./types/RestoreReport";
export type { RestoreRequest } from "./types/RestoreRequest";
export type { RollbackBackup } from "./types/RollbackBackup";
export type { RollbackChoice } from "./types/RollbackChoice";
export type { RollbackComputer } from "./types/RollbackComputer";
export type { RollbackView } from "./types/RollbackView";
export type { RollbackWay } from "./types/RollbackWay";
export type { SearchHit } from "./types/SearchHit";
export type { SearchPage } from "./types/SearchPage";
export type { SearchQuery } from "./types/SearchQuery";
export type { WayKind } from "./types/WayKind";
export type { WayTest } from "./types/WayTest";
export type { WayView } from "./types/WayView";
