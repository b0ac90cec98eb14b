import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

// The window's content policy allows no inline script, no inline style and no data: address,
// so nothing is inlined and styles leave the scripts as files.
export default defineConfig({
  base: "./",
  plugins: [svelte({ emitCss: true }), svelteTesting()],
  build: {
    target: "es2022",
    cssTarget: ["safari17.5", "chrome123"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    outDir: "dist",
    emptyOutDir: true,
    reportCompressedSize: false,
  },
  server: { port: 1420, strictPort: true },
  test: {
    environment: "jsdom",
    setupFiles: ["tests/setup.ts"],
    include: ["tests/*.test.ts"],
    css: false,
    testTimeout: 20_000,
  },
});
