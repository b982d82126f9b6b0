import { readFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { describeFileError } from "../../node/disk/files.js";
import { parseSources } from "../../node/serve/models.js";
import { type ServeOptions, serveModels } from "../../node/serve/server.js";
import { withInterrupt } from "../interrupt.js";
import { messages } from "../messages/index.js";
import { integer, numberBetween } from "../options.js";

interface ServeCommandOptions {
  readonly host: string;
  readonly port: number;
  readonly tokenFile?: string;
  readonly threads?: number;
  readonly delay: number;
  readonly maxBody: number;
  readonly maxPixels: number;
  readonly decodeTimeout: number;
  readonly timeout: number;
  readonly rate?: number;
  readonly drain: number;
  readonly log: ServeOptions["logLevel"];
}

const LOG_LEVELS: readonly ServeOptions["logLevel"][] = ["trace", "debug", "info", "warn", "error", "silent"];
const seconds = numberBetween(0, 3600);

/** `lenet serve`: answers requests with trained networks. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("serve networks over HTTP: the Open Inference Protocol, pictures, metrics; needs npm install fastify")
    .argument("<models...>", "run folders or weights files: PATH, NAME=PATH or NAME@VERSION=PATH")
    .addOption(
      new Option("--host <address>", "address to listen on; beyond this machine only with a token").default(
        "127.0.0.1",
      ),
    )
    .addOption(
      new Option("--port <n>", "port to listen on; 0: any free one").argParser(integer(0, 65_535)).default(8080),
    )
    .addOption(
      new Option("--token-file <file>", "file with the token that clients must send (default: $LENET_TOKEN, if set)"),
    )
    .addOption(
      new Option("--threads <n>", "threads that compute (default: one per core but one)").argParser(integer(1, 64)),
    )
    .addOption(
      new Option("--delay <ms>", "how long an image may wait for others to be computed with it")
        .argParser(integer(0, 1000))
        .default(2),
    )
    .addOption(
      new Option("--rate <n>", "requests per second and client (default: no limit)").argParser(integer(1, 1e6)),
    )
    .addOption(new Option("--max-body <bytes>", "largest body").argParser(integer(1024, 256e6)).default(8e6))
    .addOption(new Option("--max-pixels <n>", "largest picture").argParser(integer(1, 50_000_000)).default(16_000_000))
    .addOption(
      new Option("--decode-timeout <s>", "longest time until a picture is decoded").argParser(seconds).default(0.8),
    )
    .addOption(new Option("--timeout <s>", "longest time to receive a request").argParser(seconds).default(10))
    .addOption(
      new Option("--drain <s>", "longest time to finish requests after SIGTERM").argParser(seconds).default(10),
    )
    .addOption(new Option("--log <level>", "what to log, as JSON lines").choices(LOG_LEVELS).default("info"))
    .action(runServe);
}

async function runServe(paths: readonly string[], options: ServeCommandOptions): Promise<void> {
  const models = parseSources(paths);
  const token = await readToken(options.tokenFile);
  await withInterrupt(async (signal) => {
    const server = await serveModels({
      models,
      token,
      host: options.host,
      port: options.port,
      threads: options.threads,
      rate: options.rate,
      maximumDelay: options.delay,
      maximumBody: options.maxBody,
      maximumPixels: options.maxPixels,
      decodingSeconds: options.decodeTimeout,
      requestSeconds: options.timeout,
      drainSeconds: options.drain,
      logLevel: options.log,
    });
    // Standard output is for the log.
    const names = models.map(({ name, version }) => `${name}@${version}`).join(", ");
    process.stderr.write(`${messages.serving(names, server.url)}\n`);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    await server.close();
  });
}

/** @throws Error if the file cannot be read, or the token is too short to be one */
async function readToken(file: string | undefined): Promise<string | undefined> {
  let token = process.env.LENET_TOKEN;
  if (file !== undefined) {
    try {
      token = (await readFile(file, "utf8")).trim();
    } catch (error) {
      throw new Error(describeFileError(error, `read ${file}`), { cause: error });
    }
  }
  if (token !== undefined && token.length < 16) throw new Error("the token must have at least 16 characters");
  return token;
}
