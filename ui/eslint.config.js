// Floors, words, and the one door to the computer. Literal text, sizes and colours are looked at by checks/run.mjs too.
import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

const tauri = { group: ["@tauri-apps/*"], message: "only src/host/tauri.ts talks to Tauri" };
const fake = { group: ["**/host/fake", "**/host/fake/*"], message: "the fake host is for tests and npm run dev" };
const forbid = (...patterns) => ["error", { patterns: [tauri, fake, ...patterns] }];

export default ts.config(
  { ignores: ["dist", "src/host/types", "node_modules"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-invalid-void-type": "off",
      "no-console": "error",
      "no-eval": "error",
      "no-undef": "off",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
    rules: {
      "svelte/no-at-html-tags": "error",
      "svelte/no-navigation-without-resolve": "off",
      "svelte/no-useless-mustaches": "off",
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
  { files: ["src/**"], ignores: ["src/host/tauri.ts"], rules: { "no-restricted-imports": forbid() } },
  {
    files: ["src/components/**"],
    rules: {
      "no-restricted-imports": forbid({
        group: ["**/state/*", "**/screens/*", "**/host/*", "**/i18n/*"],
        message: "components know no domain: give them words and callbacks",
      }),
    },
  },
  {
    files: ["src/state/**"],
    rules: {
      "no-restricted-imports": forbid({
        group: ["**/screens/*", "**/components/*", "../*.svelte"],
        message: "states render nothing",
      }),
    },
  },
  {
    files: ["src/screens/**"],
    rules: { "no-restricted-imports": forbid({ group: ["**/App.svelte"], caseSensitive: true, message: "screens stand below App" }) },
  },
  {
    files: ["src/i18n/**", "src/host/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["**/screens/*", "**/components/*", "**/state/*"], message: "host and i18n stand below all else" }] },
      ],
    },
  },
  { files: ["src/main.ts"], rules: { "no-restricted-imports": ["error", { patterns: [tauri] }] } },
);
