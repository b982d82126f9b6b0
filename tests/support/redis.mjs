import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** The server's program: redis-server or valkey-server, if there is one. */
export const REDIS = ["redis-server", "valkey-server"]
  .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));

/** A server of a queue, in a folder of its own, that writes down every change at once. */
export class RedisServer {
  static async start(folder, settings = []) {
    const port = await freePort();
    const server = new RedisServer(port, [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes"],
      ...settings,
    ]);
    await server.run();
    return server;
  }

  constructor(port, args) {
    this.port = port;
    this.args = args;
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  async run() {
    this.child = spawn(REDIS, this.args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    this.child.stdout.on("data", (piece) => {
      text += piece;
    });
    const isEnded = new Promise((resolve) => this.child.once("exit", () => resolve("ended")));
    while (!text.includes("Ready to accept connections")) {
      if ((await Promise.race([isEnded, delay(20)])) === "ended") throw new Error(`${REDIS} ended: ${text}`);
    }
  }

  async stop(signal = "SIGTERM") {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill(signal);
    await ended;
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
