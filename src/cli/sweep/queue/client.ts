import { setTimeout as delay } from "node:timers/promises";
import type * as BullMQ from "bullmq";
import type { Redis } from "ioredis";
import { quoted } from "../../text.js";

/** A Redis or Valkey server, and a name space on it. */
export interface QueueAddress {
  /** redis:// or rediss:// (TLS), with user, password, port and database if they are not the usual ones. */
  readonly url: string;
  /** The name space: sweeps and workers of others do not meet. */
  readonly name: string;
}

/** A connection to a queue. */
export interface QueueClient {
  readonly bullmq: typeof BullMQ;
  readonly redis: Redis;
  /** What BullMQ needs to find the same queue. */
  readonly options: { readonly connection: Redis; readonly prefix: string };
  /** The server in messages: without its password. */
  readonly where: string;
  /** The options with which a user finds the same queue. */
  readonly commandOptions: string;
  close(): void;
}

/** The name space that is meant if none is named. */
export const DEFAULT_NAME = "lenet";
/** A password in the command line can be read by every user of the machine. */
const PASSWORD = "LENET_QUEUE_PASSWORD";
const CONNECT_MILLISECONDS = 10_000;
const LONGEST_WAIT_MILLISECONDS = 2000;
/** How long a first connection is tried for: a server that starts together with its clients is not there at once. */
const START_SECONDS = 5;
const START_PAUSE_MILLISECONDS = 200;
/** What connections meet at a server that is starting or ending. */
const STARTING = ["ECONNREFUSED", "ECONNRESET", "EPIPE"];

/** How a queue is opened. */
export interface OpenOptions {
  /** Called with a line whenever the connection is not made yet, lost, or made again. */
  readonly onLost: (line: string) => void;
  /** Ends the attempts to connect. */
  readonly signal?: AbortSignal;
}

/**
 * Connects to a queue. A first connection that is refused or reset is tried again for a few seconds. A connection that is
 * lost later is made again, however long that takes.
 *
 * @throws Error if the packages for it are not installed, or the server cannot be reached
 */
export async function openQueue({ url, name }: QueueAddress, { onLost, signal }: OpenOptions): Promise<QueueClient> {
  const { bullmq, ioredis } = await importClient();
  const where = withoutPassword(url);
  let isOpen = false;
  const redis = new ioredis.Redis(url, {
    ...(process.env[PASSWORD] !== undefined && { password: process.env[PASSWORD] }),
    lazyConnect: true,
    connectTimeout: CONNECT_MILLISECONDS,
    // BullMQ demands it of connections that wait for jobs; a submitter waits as long.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (isOpen ? Math.min(times * 100, LONGEST_WAIT_MILLISECONDS) : null),
  });
  await connect(redis, where, { onLost, signal });
  isOpen = true;
  let isClosing = false;
  redis.on("close", () => isClosing || onLost(`the connection to ${where} is lost: trying again`));
  redis.on("ready", () => onLost(`connected to ${where} again`));
  return {
    bullmq,
    redis,
    options: { connection: redis, prefix: name },
    where,
    commandOptions: `--queue ${where}${name === DEFAULT_NAME ? "" : ` --queue-name ${name}`}`,
    close: () => {
      isClosing = true;
      redis.disconnect();
    },
  };
}

async function connect(redis: Redis, where: string, { onLost, signal }: OpenOptions): Promise<void> {
  let error: (Error & { code?: string }) | undefined;
  redis.on("error", (event) => {
    error = event;
  });
  const end = performance.now() + 1000 * START_SECONDS;
  for (let attempt = 1; ; attempt++) {
    error = undefined;
    try {
      return await redis.connect();
    } catch (closed) {
      const { message, code } = error ?? (closed as Error & { code?: string });
      const reason = message || code;
      // A server that ends closes its connections without an error.
      const isStarting = error === undefined || (code !== undefined && STARTING.includes(code));
      if (!isStarting || performance.now() > end) {
        redis.disconnect();
        throw new Error(`cannot connect to the queue at ${where}: ${reason}`, { cause: error ?? closed });
      }
      if (attempt === 1) onLost(`cannot connect to ${where} yet (${reason}): trying for ${START_SECONDS} seconds`);
      await delay(START_PAUSE_MILLISECONDS, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

async function importClient() {
  try {
    const [bullmq, ioredis] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bullmq, ioredis };
  } catch (error) {
    throw new Error("a queue needs two packages: npm install bullmq ioredis", { cause: error });
  }
}

/** An address as it may be shown. */
function withoutPassword(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return quoted(`${protocol}//${host}${pathname === "/" ? "" : pathname}`);
}
