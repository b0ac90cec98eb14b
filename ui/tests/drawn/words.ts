// A Vite plugin: en.json, as spoken in the language that stands in the page's address.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const NAME = "\0words.js";

export function words(): Plugin {
  return {
    name: "words",
    enforce: "pre",
    resolveId: (source) => (source.endsWith("/en.json") ? NAME : null),
    load: (id) => {
      if (id !== NAME) return null;
      const en = readFileSync(join(import.meta.dirname, "../../src/i18n/en.json"), "utf8");
      return `import { pseudo } from "/tests/drawn/pseudo.ts"; export default pseudo(${en}, new URLSearchParams(location.search).get("words") ?? "en");`;
    },
  };
}
