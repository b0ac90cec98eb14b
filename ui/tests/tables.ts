// Reads the tables of the design records, which the code is held against.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const repository = join(import.meta.dirname, "../..");
export const read = (path: string): string => readFileSync(join(repository, path), "utf8");

/** The rows of the table whose first heading is `first`, by heading. */
export function table(first: string, record = "0014-passkey-screens"): Record<string, string>[] {
  const cells = (line: string): string[] => line.split("|").slice(1, -1).map((cell) => cell.trim());
  const lines = read(`src-tauri/docs/${record}.md`).split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${first} |`));
  const headings = cells(lines[start] ?? "");
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) => Object.fromEntries(cells(line).map((cell, at) => [headings[at] ?? "", cell])));
}
