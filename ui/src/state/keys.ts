// Keyboard shortcuts of the whole window.

export type Command = "find" | "search" | "jump" | "export" | "backup" | "open" | "settings" | "lock" | "help" | "regions" | "back" | { section: number };

type Stroke = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** What a stroke asks for, or null. */
export function commandOf(stroke: Stroke, isMac: boolean): Command | null {
  if (stroke.key === "F6") return "regions";
  if (stroke.altKey && stroke.key === "ArrowLeft") return "back";
  const hasModifier = isMac ? stroke.metaKey && !stroke.ctrlKey : stroke.ctrlKey && !stroke.metaKey;
  if (!hasModifier || stroke.altKey) return null;
  const key = stroke.key.toLowerCase();
  if (key === "f") return stroke.shiftKey ? "search" : "find";
  if (key === "?" || (key === "/" && stroke.shiftKey)) return "help";
  if (stroke.shiftKey) return null;
  if (key >= "1" && key <= "5") return { section: Number(key) };
  const plain: Record<string, Command> = { g: "jump", e: "export", b: "backup", o: "open", ",": "settings", l: "lock" };
  return plain[key] ?? null;
}
