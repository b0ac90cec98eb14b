// What no linter knows: literal text in markup, sizes and colours outside tokens.css, messages without use, a fake in the build.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parse } from "svelte/compiler";

const root = join(import.meta.dirname, "..");
const found = [];
const files = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files(join(dir, entry.name)) : [join(dir, entry.name)]));
const sources = files(join(root, "src")).filter((file) => !file.includes("/host/types/"));
const say = (file, line, what) => found.push(`${relative(root, file)}:${line}: ${what}`);

/** Attributes that people read or hear. */
const SPOKEN = new Set(["title", "alt", "placeholder", "label", "aria-label", "aria-valuetext", "aria-roledescription", "detail", "lead", "text", "hint"]);
const hasLetters = (text) => /\p{L}{2,}/u.test(text.replace(/&\w+;/g, ""));

function walk(node, visit) {
  if (node === null || typeof node !== "object") return;
  if (Array.isArray(node)) {
    for (const one of node) walk(one, visit);
    return;
  }
  if (visit(node) === false) return;
  for (const [key, value] of Object.entries(node)) if (key !== "loc" && key !== "metadata") walk(value, visit);
}

for (const file of sources) {
  const text = readFileSync(file, "utf8");
  const lineOf = (at) => text.slice(0, at).split("\n").length;
  if (file.endsWith(".svelte")) {
    walk(parse(text, { modern: true, filename: file }).fragment, (node) => {
      if (node.type === "Text" && hasLetters(node.data)) say(file, lineOf(node.start), `literal text “${node.data.trim()}”`);
      if (node.type === "Attribute") {
        if (node.name === "style") say(file, lineOf(node.start), "a style attribute: use a class or style:--name");
        const parts = Array.isArray(node.value) ? node.value : [];
        if (SPOKEN.has(node.name) && parts.some((part) => part.type === "Text" && hasLetters(part.data))) {
          say(file, lineOf(node.start), `literal text in ${node.name}`);
        }
        return SPOKEN.has(node.name) ? undefined : parts.some((part) => part.type === "Text") ? false : undefined;
      }
      return undefined;
    });
  }
  if (file.endsWith("tokens.css")) continue;
  const plain = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));
  const styles = file.endsWith(".css") ? plain : file.endsWith(".svelte") ? (/<style>([\s\S]*)<\/style>/.exec(plain)?.[1] ?? "") : "";
  const from = styles === plain ? 0 : plain.indexOf(styles);
  for (const match of styles.matchAll(/#[0-9a-f]{3,8}\b|\b\d*\.?\d+px\b|\brgba?\(/gi)) {
    say(file, lineOf(from + match.index), `“${match[0]}” belongs in tokens.css`);
  }
}

// Every message is used: by its id, or by a family whose last part the computer chooses.
const messages = Object.keys(JSON.parse(readFileSync(join(root, "src/i18n/en.json"), "utf8")));
const menus = join(root, "../src-tauri/src/menu.rs");
const code = [...sources.filter((file) => /\.(svelte|ts)$/.test(file)), menus].map((file) => readFileSync(file, "utf8")).join("\n");
const families = [...code.matchAll(/`([a-z_]+\.(?:[a-z]+_)*)\$\{/g)].map((match) => match[1]);
for (const key of messages) {
  if (!code.includes(`"${key}"`) && !families.some((family) => key.startsWith(family))) say(join(root, "src/i18n/en.json"), 1, `“${key}” is not used`);
}

// A build holds no fake host.
const dist = join(root, "dist");
if (existsSync(dist)) {
  for (const file of files(dist).filter((one) => one.endsWith(".js"))) {
    if (/Lake house crew|correct horse battery/.test(readFileSync(file, "utf8"))) say(file, 1, "the fake host is in the build");
  }
  const page = readFileSync(join(dist, "index.html"), "utf8");
  if (/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/.test(page)) say(join(dist, "index.html"), 1, "inline script or style");
}

for (const line of found) process.stdout.write(`${line}\n`);
process.stdout.write(found.length === 0 ? "own checks: nothing found\n" : `own checks: ${found.length} found\n`);
process.exitCode = found.length === 0 ? 0 : 1;
