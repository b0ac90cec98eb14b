// The address after #: which screen is open. Nothing secret ever stands in it.

export type Route =
  | { name: "welcome" }
  | { name: "chats"; chat: string | null; at: number | null }
  | { name: "add" }
  | { name: "backup" }
  | { name: "protect" }
  | { name: "setup" }
  | { name: "restore" }
  | { name: "settings" }
  | { name: "settings_chats" };

export const PATHS = {
  welcome: "#/welcome",
  chats: "#/chats",
  add: "#/add",
  backup: "#/backup",
  protect: "#/backup/e2ee",
  setup: "#/backup/e2ee/setup",
  restore: "#/restore",
  settings: "#/settings",
  settings_chats: "#/settings/chats",
} as const;

export function chatPath(chat: string, at: number | null = null): string {
  return `${PATHS.chats}/${chat}${at === null ? "" : `?at=${String(at)}`}`;
}

/** Reads an address; an unknown one leads to the chats. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/u, "").split("?");
  const parts = path.split("/").filter(Boolean);
  const [first, second, third] = parts;
  if (first === "welcome" || first === "add" || first === "restore") return { name: first };
  if (first === "settings") return { name: second === "chats" ? "settings_chats" : "settings" };
  if (first === "backup") {
    if (second !== "e2ee") return { name: "backup" };
    return { name: third === "setup" ? "setup" : "protect" };
  }
  const at = Number(new URLSearchParams(query).get("at") ?? Number.NaN);
  return { name: "chats", chat: second ?? null, at: Number.isInteger(at) && at >= 0 ? at : null };
}
