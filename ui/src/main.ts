// Picks the host and shows the window.
import "./tokens.css";
import "./base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import type { Host } from "./host/host";
import { AppState } from "./state/app.svelte";

/** The computer; with `npm run dev` outside the app's window, one in memory. */
async function pickHost(): Promise<Host> {
  if (import.meta.env.DEV && !("__TAURI_INTERNALS__" in window)) {
    const { FakeHost } = await import("./host/fake");
    const { scenes } = await import("./host/fake/scenes");
    return scenes(new URLSearchParams(location.search), FakeHost);
  }
  return (await import("./host/tauri")).tauriHost;
}

const target = document.getElementById("app");
if (target !== null) mount(App, { target, props: { app: new AppState(await pickHost()) } });
