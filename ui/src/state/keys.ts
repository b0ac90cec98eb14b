// Keyboard shortcuts of the whole window. Their table, shortcuts.json, is the native menus' too (src-tauri/src/menu.rs).
import shortcuts from "./shortcuts.json";

const COMMANDS = [
  "open", "backup", "export", "settings", "lock", "search", "find", "jump",
  "section_1", "section_2", "section_3", "section_4", "section_5", "back", "regions", "help",
] as const;
export type Command = (typeof COMMANDS)[number];

type Stroke = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** Keys that the table names by another word than the browser does. */
const KEY_NAMES: Readonly<Record<string, readonly string[]>> = { comma: [","], slash: ["?", "/"], left: ["arrowleft"] };

/** The command of this name, as a menu says it; null for one this window does not know. */
export function commandNamed(name: string): Command | null {
  return COMMANDS.find((command) => command === name) ?? null;
}

function isStruck(keys: string, stroke: Stroke, isMac: boolean): boolean {
  const parts = keys.toLowerCase().split("+");
  const key = parts.at(-1) ?? "";
  const wantsModifier = parts.includes("cmdorctrl");
  const hasModifier = isMac ? stroke.metaKey && !stroke.ctrlKey : stroke.ctrlKey && !stroke.metaKey;
  const hasOther = isMac ? stroke.ctrlKey : stroke.metaKey;
  if (wantsModifier ? !hasModifier : stroke.ctrlKey || stroke.metaKey) return false;
  if (hasOther || stroke.altKey !== parts.includes("alt")) return false;
  // A question mark needs shift on some keyboards and not on others.
  if (stroke.key !== "?" && stroke.shiftKey !== parts.includes("shift")) return false;
  return (KEY_NAMES[key] ?? [key]).includes(stroke.key.toLowerCase());
}

/** What a stroke asks for, or null. */
export function commandOf(stroke: Stroke, isMac: boolean): Command | null {
  const found = shortcuts.find((shortcut) => isStruck(shortcut.keys, stroke, isMac));
  return found === undefined ? null : commandNamed(found.command);
}
