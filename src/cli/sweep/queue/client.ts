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

/** The name of the queue of all jobs in a name space. */
export const JOBS = "runs";
/** The name space that is meant if none is named. */
export const DEFAULT_NAME = "lenet";
/** A password in the command line can be read by every user of the machine. */
const PASSWORD = "LENET_QUEUE_PASSWORD";
const CONNECT_MILLISECONDS = 10_000;
const LONGEST_WAIT_MILLISECONDS = 2000;

/**
 * Connects to a queue. A connection that is lost later is made again, however long that takes.
 *
 * @param onLost called with a line whenever the connection is lost or made again
 * @throws Error if the packages for it are not installed, or the server cannot be reached
 */
export async function openQueue({ url, name }: QueueAddress, onLost: (line: string) => void): Promise<QueueClient> {
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
  let reason = "";
  redis.on("error", (error) => {
    reason = error.message || reason;
  });
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw new Error(`cannot connect to the queue at ${where}: ${reason || (error as Error).message}`, { cause: error });
  }
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
