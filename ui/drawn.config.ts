import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The tests that let WebKit draw every screen (npm run drawn); they need WebKitWebDriver, MiniBrowser and Xvfb.
export default defineConfig({
  plugins: [svelte()],
  test: { environment: "node", include: ["tests/drawn/*.test.ts"], testTimeout: 600_000, hookTimeout: 120_000 },
});
