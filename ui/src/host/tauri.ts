// Host over Tauri: the only file that imports @tauri-apps.
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { toHostError, type Host, type JobView, type PromptView, type Unsubscribe } from "./host";

/** Calls one command; a refusal becomes a `HostError`. */
async function call<T>(command: string, args: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (thrown) {
    throw toHostError(thrown);
  }
}

/** Ends a subscription that may not have begun yet. */
function ending(begun: Promise<Unsubscribe>): Unsubscribe {
  return () => void begun.then((end) => end());
}

export const tauriHost: Host = {
  app: () => call("app"),
  lock: () => call("lock"),
  unlock: (unlock) => call("unlock", { unlock }),
  openSamples: () => call("open_samples"),
  closeSamples: () => call("close_samples"),

  pickFolder: (purpose) => call("pick_folder", { purpose }),
  pickFile: (purpose) => call("pick_file", { purpose }),
  pickSave: (suggestedName) => call("pick_save", { suggestedName }),

  giveAppKey: (path, key) => call("give_app_key", { path, key }),
  findSources: () => call("find_sources"),
  previewImport: (path, dateOrder, zone) => call("preview_import", { path, dateOrder, zone }),
  startImport: (request) => call("start_import", { request }),

  listChats: () => call("list_chats"),
  getChat: (chat) => call("get_chat", { chat }),
  readMessages: (chat, offset, limit) => call("read_messages", { chat, offset, limit }),
  listDays: (chat) => call("list_days", { chat }),
  searchChats: (query) => call("search_chats", { query }),
  listMedia: (chat, tab, offset, limit) => call("list_media", { chat, tab, offset, limit }),
  readMedia: (hash, offset, len) => call("read_media", { hash, offset, len }),
  exportChats: (chat, format, dir) => call("export_chats", { chat, format, dir }),
  saveReport: (path, text) => call("save_report", { path, text }),

  inspectPlace: (path) => call("inspect_place", { path }),
  choosePlace: (path, useSubfolder) => call("choose_place", { path, useSubfolder }),
  getProtection: () => call("get_protection"),
  estimatePassword: (text) => call("estimate_password", { text }),
  suggestPassword: () => call("suggest_password"),
  addPassword: (text) => call("add_password", { text }),
  provePassword: (text) => call("prove_password", { text }),
  makeRecoveryKey: () => call("make_recovery_key"),
  inspectDigits: (text) => call("inspect_digits", { text }),
  saveRecoverySheet: (path, paper) => call("save_recovery_sheet", { path, paper }),
  confirmRecoveryKey: (confirmation) => call("confirm_recovery_key", { confirmation }),
  abandonSetup: () => call("abandon_setup"),
  freshUnlock: (unlock) => call("fresh_unlock", { unlock }),
  testWay: (unlock) => call("test_way", { unlock }),
  addPasskey: (kind) => call("add_passkey", { kind }),
  answerPrompt: (ceremony, text) => call("answer_prompt", { ceremony, text }),
  cancelCeremony: (ceremony) => call("cancel_ceremony", { ceremony }),
  renameWay: (id, name) => call("rename_way", { id, name }),
  removeWay: (id, reason, atRiskAcknowledged) => call("remove_way", { id, reason, atRiskAcknowledged }),
  turnOffProtection: () => call("turn_off_protection"),

  getBackupStatus: () => call("get_backup_status"),
  startBackup: (unlock) => call("start_backup", { unlock }),
  startCheck: (everyByte) => call("start_check", { everyByte }),
  listBackups: () => call("list_backups"),
  getRollback: () => call("get_rollback"),
  settleRollback: (choice, unlock) => call("settle_rollback", { choice, unlock }),

  findBackups: () => call("find_backups"),
  openBackup: (path) => call("open_backup", { path }),
  unlockBackup: (session, unlock) => call("unlock_backup", { session, unlock }),
  lookChats: (session, backup) => call("look_chats", { session, backup }),
  lookMessages: (session, backup, chat, offset, limit) =>
    call("look_messages", { session, backup, chat, offset, limit }),
  lookSearch: (session, backup, query) => call("look_search", { session, backup, query }),
  lookMedia: (session, backup, hash, offset, len) => call("look_media", { session, backup, hash, offset, len }),
  planRestore: (request) => call("plan_restore", { request }),
  startRestore: (request) => call("start_restore", { request }),
  protectHere: (session) => call("protect_here", { session }),
  closeBackup: (session) => call("close_backup", { session }),

  job: (id) => call("job", { id }),
  cancelJob: (id) => call("cancel_job", { id }),
  onJob: (listener) => ending(listen<JobView>("job", (event) => listener(event.payload))),
  onPrompt: (listener) => ending(listen<PromptView>("prompt", (event) => listener(event.payload))),
  onMenu: (listener) => ending(listen<string>("menu", (event) => listener(event.payload))),
  onFileDrag: (listener) =>
    ending(
      getCurrentWebview().onDragDropEvent((event) => {
        if (event.payload.type === "drop") listener({ kind: "dropped", paths: event.payload.paths });
        else listener({ kind: event.payload.type === "leave" ? "away" : "over" });
      }),
    ),
};
