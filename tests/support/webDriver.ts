import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The most time that a browser on a busy machine takes to start, and a page to do what is waited for. */
const PATIENCE_MILLISECONDS = 120_000;

/** A command of WebDriver (https://www.w3.org/TR/webdriver2/): as Firefox names it, and as an HTTP request. */
const COMMANDS = {
  navigate: { marionette: "WebDriver:Navigate", path: "url" },
  execute: { marionette: "WebDriver:ExecuteScript", path: "execute/sync" },
  act: { marionette: "WebDriver:PerformActions", path: "actions" },
  resize: { marionette: "WebDriver:SetWindowRect", path: "window/rect" },
} as const;

type Send = (command: keyof typeof COMMANDS, parameters: object) => Promise<unknown>;

/** A browser that a test drives, with one page. */
export class DrivenBrowser {
  private readonly send: Send;
  readonly close: () => Promise<void>;

  constructor(send: Send, close: () => Promise<void>) {
    this.send = send;
    this.close = close;
  }

  async open(url: string, { width, height }: { readonly width: number; readonly height: number }): Promise<void> {
    await this.send("resize", { width, height });
    await this.send("navigate", { url });
  }

  /** The value of an expression in the page. */
  async evaluate<Value>(expression: string): Promise<Value> {
    return (await this.send("execute", { script: `return (${expression});`, args: [] })) as Value;
  }

  /** Waits until an expression in the page is true, or its like. */
  async waitFor(expression: string): Promise<void> {
    const end = Date.now() + PATIENCE_MILLISECONDS;
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`))) {
      if (Date.now() > end) {
        const text = await this.evaluate<string>("document.body.innerText.slice(0, 2000)");
        throw new Error(`${expression} has not become true. The page:\n${text}`);
      }
      await sleep(100);
    }
  }

  /** Clicks an element, with a mouse. */
  async click(element: string): Promise<void> {
    const [x, y] = await this.placeOf(element, [50, 50]);
    await this.point([this.moveTo(x, y), { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }]);
  }

  /**
   * Draws a line on an element, with a mouse.
   *
   * @param points in hundredths of its size
   */
  async draw(element: string, points: readonly (readonly [x: number, y: number])[]): Promise<void> {
    const places: (readonly [number, number])[] = [];
    for (const point of points) places.push(await this.placeOf(element, point));
    const [first, ...others] = places.map(([x, y]) => this.moveTo(x, y));
    await this.point([first, { type: "pointerDown", button: 0 }, ...others, { type: "pointerUp", button: 0 }]);
  }

  private async placeOf(element: string, [x, y]: readonly [number, number]): Promise<readonly [number, number]> {
    const script = `(() => {
      const element = ${element};
      element.scrollIntoView({ block: "center", behavior: "instant" });
      const { left, top, width, height } = element.getBoundingClientRect();
      return [Math.round(left + ${x / 100} * width), Math.round(top + ${y / 100} * height)];
    })()`;
    return this.evaluate(script);
  }

  private moveTo(x: number, y: number) {
    return { type: "pointerMove", duration: 20, x, y, origin: "viewport" };
  }

  private async point(actions: readonly object[]): Promise<void> {
    await this.send("act", {
      actions: [{ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }],
    });
  }
}

/** Starts Firefox, and speaks with it as geckodriver does, by Marionette. */
export async function startFirefox(program: string): Promise<DrivenBrowser> {
  const profile = await mkdtemp(join(tmpdir(), "lenet-firefox-"));
  // It writes the port that it takes to a file.
  await writeFile(join(profile, "user.js"), 'user_pref("marionette.port", 0);\n');
  const options = ["--marionette", "--headless", "--no-remote", "--profile", profile];
  const browser = spawn(program, options, { detached: true, stdio: "ignore" });
  const port = await eventually(async () => Number(await readFile(join(profile, "MarionetteActivePort"), "utf8")));
  const socket = await eventually(() => connected(port));
  const marionette = new Marionette(socket);
  await marionette.send("WebDriver:NewSession", {});
  return new DrivenBrowser(
    async (command, parameters) => {
      const answer = await marionette.send(COMMANDS[command].marionette, parameters);
      return (answer as { readonly value?: unknown }).value;
    },
    async () => {
      socket.destroy();
      await end(browser);
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  );
}

/** Firefox's protocol for tests: messages in JSON, each behind its length. */
class Marionette {
  private readonly socket: Socket;
  private readonly waiting = new Map<number, (message: readonly unknown[]) => void>();
  private received = Buffer.alloc(0);
  private count = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => this.receive(bytes));
  }

  send(name: string, parameters: object): Promise<unknown> {
    const id = ++this.count;
    const text = JSON.stringify([0, id, name, parameters]);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ([, , error, result]) => {
        if (error) reject(new Error(`${name}: ${(error as { readonly message: string }).message}`));
        else resolve(result);
      });
      this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  }

  private receive(bytes: Buffer): void {
    this.received = Buffer.concat([this.received, bytes]);
    for (;;) {
      const colon = this.received.indexOf(":");
      const length = Number(this.received.subarray(0, Math.max(0, colon)).toString());
      if (colon < 0 || this.received.length <= colon + length) return;
      const message = JSON.parse(this.received.subarray(colon + 1, colon + 1 + length).toString());
      this.received = this.received.subarray(colon + 1 + length);
      // The first one greets.
      if (Array.isArray(message)) this.waiting.get(message[1])?.(message);
    }
  }
}

/** Starts WebKitGTK's small browser by its driver, on a screen of their own. */
export async function startWebKit(program: string): Promise<DrivenBrowser> {
  const port = await freePort();
  const driver = spawn("xvfb-run", ["-a", "WebKitWebDriver", `--port=${port}`], { detached: true, stdio: "ignore" });
  const ask = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/session${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const { value } = (await response.json()) as { readonly value: { readonly message?: string } };
    if (!response.ok) throw new Error(`${path}: ${value.message}`);
    return value;
  };
  await eventually(() => connected(port).then((socket) => socket.destroy()));
  const session = (await ask("", {
    capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary: program, args: ["--automation"] } } },
  })) as { readonly sessionId: string };
  return new DrivenBrowser(
    (command, parameters) => ask(`/${session.sessionId}/${COMMANDS[command].path}`, parameters),
    async () => {
      await fetch(`http://127.0.0.1:${port}/session/${session.sessionId}`, { method: "DELETE" });
      await end(driver);
    },
  );
}

/** Repeats what fails until it does not. */
async function eventually<Value>(attempt: () => Promise<Value>): Promise<Value> {
  for (const end = Date.now() + PATIENCE_MILLISECONDS; ; await sleep(100)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || !address) throw new Error("there is no free port");
  return address.port;
}

/** Ends a program with all the processes that it has started. */
async function end(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.pid === undefined) return;
  const ended = once(program, "exit");
  process.kill(-program.pid, "SIGTERM");
  await ended;
}
