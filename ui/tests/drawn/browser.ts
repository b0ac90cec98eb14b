// WebKitGTK, the engine of the real window, driven from Node: a display of its own, the driver, one browser.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";

const FOLDERS = ["/usr/libexec", "/usr/lib", ...readdirSync("/usr/lib").map((name) => `/usr/lib/${name}`)];
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const PAUSE = 100;
const PATIENCE = 30_000;
/** No call takes longer unless the engine is stuck. */
const STUCK = 120_000;

/** The small browser that comes with the engine's library. */
function miniBrowser(): string {
  const found = FOLDERS.map((folder) => `${folder}/webkit2gtk-4.1/MiniBrowser`).find((path) => existsSync(path));
  if (found === undefined) throw new Error("MiniBrowser is not installed (libwebkit2gtk-4.1-0)");
  return found;
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}

function display(): Promise<[string, ChildProcess]> {
  const xvfb = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1400x1100x24", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  return new Promise((done, fail) => {
    xvfb.on("error", fail);
    xvfb.stdio[3]?.once("data", (number: Buffer) => done([`:${String(number).trim()}`, xvfb]));
  });
}

/** One page in a frame of any size. */
export class Browser {
  readonly #address: string;
  readonly #processes: readonly ChildProcess[];
  #session = "";

  private constructor(address: string, processes: readonly ChildProcess[]) {
    this.#address = address;
    this.#processes = processes;
  }

  static async start(): Promise<Browser> {
    const [screen, xvfb] = await display();
    const port = await freePort();
    const driver = spawn("WebKitWebDriver", [`--port=${String(port)}`, "--host=127.0.0.1"], {
      env: { ...process.env, DISPLAY: screen, WAYLAND_DISPLAY: "", TZ: "Europe/Lisbon" },
      stdio: "ignore",
    });
    // A driver that is not installed shows as a session that cannot begin.
    driver.on("error", () => undefined);
    const browser = new Browser(`http://127.0.0.1:${String(port)}`, [driver, xvfb]);
    await browser.#begin();
    return browser;
  }

  async #begin(): Promise<void> {
    const options = { binary: miniBrowser(), args: ["--automation"] };
    const begun = Date.now();
    for (;;) {
      try {
        const answer = await this.#call("POST", "/session", { capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } } });
        this.#session = `/session/${(answer as { sessionId: string }).sessionId}`;
        break;
      } catch (thrown) {
        if (Date.now() - begun > PATIENCE) throw thrown;
        await new Promise((done) => setTimeout(done, PAUSE));
      }
    }
    await this.#on("POST", "/window/rect", { x: 0, y: 0, width: 1400, height: 1100 });
    await this.#on("POST", "/timeouts", { script: 60_000 });
  }

  /** Opens a page whose body holds one frame, and steps into that frame. */
  async open(address: string, width: number, height: number): Promise<void> {
    await this.#on("POST", "/url", { url: address });
    const frame = await this.#on("POST", "/element", { using: "css selector", value: "iframe" });
    await this.run("const [width, height] = arguments; const frame = document.querySelector('iframe'); frame.width = width; frame.height = height;", [width, height]);
    await this.#on("POST", "/frame", { id: { [ELEMENT]: (frame as Record<string, string>)[ELEMENT] } });
  }

  run(script: string, args: unknown[] = []): Promise<unknown> {
    return this.#on("POST", "/execute/sync", { script, args });
  }

  /** Runs a script that calls its last argument. */
  runUntilCalled(script: string, args: unknown[] = []): Promise<unknown> {
    return this.#on("POST", "/execute/async", { script, args });
  }

  /** What the whole window shows, as PNG. */
  async picture(): Promise<Buffer> {
    return Buffer.from((await this.#on("GET", "/screenshot")) as string, "base64");
  }

  async close(): Promise<void> {
    await this.#on("DELETE", "").catch(() => undefined);
    for (const process of this.#processes) process.kill();
  }

  #on(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.#call(method, this.#session + path, body);
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(this.#address + path, { method, signal: AbortSignal.timeout(STUCK), ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const { value } = (await answer.json()) as { value: unknown };
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(value)}`);
    return value;
  }
}
