import { randomBytes } from "node:crypto";
import { access, readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { parseJson } from "../formats/json.js";
import * as z from "../vendor/zod.js";
import { describeFileError, errorCode, readRegularFile, writeFileAtomic } from "./disk/files.js";

const ownerSchema = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  /** When the process began to write to the folder. */
  since: z.string(),
  /** Distinguishes the process from a later one with the same id; omitted if the system does not say. */
  start: z.string().optional(),
});

/** The process that holds a folder's lock. */
type LockOwner = z.infer<typeof ownerSchema>;

const LOCK_NAME = /^\.lenet-\d+-[0-9a-f]{8}\.lock$/;
const MOST_LOCK_BYTES = 100_000;
const LONGEST_WAIT_MILLISECONDS = 200;

/**
 * The right to write to a folder. A process that wants it creates its own lock file there and then looks for others: if
 * two do so at once, at least one sees the other. A single lock file would be simpler, but two processes that find a
 * stale one can each remove it, and so remove the other's new one.
 */
export class RunLock {
  private readonly folder: string;
  private readonly name = `.lenet-${process.pid}-${randomBytes(4).toString("hex")}.lock`;

  /** Creates a lock without acquiring it. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Acquires the lock. Removes locks of processes that no longer exist.
   *
   * @returns one line per removed lock
   * @throws Error if another process holds it
   */
  async acquire(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const holder = await this.otherOwner(lines);
      if (holder) throw new Error(holder);
      if (await this.tryExclusively(lines)) return lines;
      // Another process tried at the same time: retry after a random delay.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_WAIT_MILLISECONDS));
    }
  }

  /** Creates the lock file, and removes it again if it is not the only one. */
  private async tryExclusively(lines: string[]): Promise<boolean> {
    let alone = false;
    try {
      await this.putInto(this.folder);
      alone = (await this.otherOwner(lines)) === undefined;
      return alone;
    } finally {
      if (!alone) await this.release();
    }
  }

  /** Writes the lock file into a folder that does not have its final name yet. */
  async putInto(folder: string): Promise<void> {
    const owner: LockOwner = {
      pid: process.pid,
      host: hostname(),
      since: new Date().toISOString(),
      start: await processStart(process.pid),
    };
    await writeFileAtomic(join(folder, this.name), `${JSON.stringify(owner)}\n`);
  }

  /** @throws Error if the lock file or its folder was removed */
  async requireHeld(): Promise<void> {
    try {
      await access(join(this.folder, this.name));
    } catch {
      throw new Error(`${this.folder} or its lock was removed during the run; nothing more will be written there`);
    }
  }

  /**
   * Releases the lock. A lock that cannot be removed is harmless, as its process will be gone, and must not hide the
   * error that comes before it.
   */
  async release(): Promise<void> {
    await rm(join(this.folder, this.name), { force: true }).catch(() => {});
  }

  /**
   * A line about another process that holds a lock here. Removes locks of processes that no longer exist, adding a line
   * for each.
   */
  private async otherOwner(lines: string[]): Promise<string | undefined> {
    for (const name of await readdir(this.folder)) {
      if (!LOCK_NAME.test(name) || name === this.name) continue;
      const path = join(this.folder, name);
      const owner = await readOwner(path);
      if (!owner) continue;
      const { pid, host, since } = owner;
      if (!(await isGone(owner))) {
        return `${this.folder} is in use by process ${pid} on ${host} since ${since}; if that process no longer exists, remove ${basename(path)} there`;
      }
      await rm(path, { force: true });
      lines.push(`took over the lock of process ${pid}, which no longer exists`);
    }
    return undefined;
  }
}

/** The owner of a lock; undefined if it has just been released. */
async function readOwner(path: string): Promise<LockOwner | undefined> {
  let text: string;
  try {
    text = new TextDecoder().decode(await readRegularFile(path, MOST_LOCK_BYTES));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new Error(describeFileError(error, `read ${path}`), { cause: error });
  }
  try {
    return parseJson(text, ownerSchema, "the lock");
  } catch (error) {
    throw new Error(
      `${path}: the lock is ${text === "" ? "empty" : "damaged"}, so it does not say which process writes there: if none does, remove it`,
      { cause: error },
    );
  }
}

/** Whether a process certainly no longer exists. On another machine, that is unknown. */
async function isGone({ pid, host, start }: LockOwner): Promise<boolean> {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Any other error means that the process exists, but belongs to another user.
    if (errorCode(error) === "ESRCH") return true;
  }
  const now = await processStart(pid);
  return start !== undefined && now !== undefined && now !== start;
}

/** Stands for the start of a process that has ended but was not yet waited for. */
const ENDED = "ended";

/** The machine's boot id and the clock tick in which a process began; undefined if the system does not say. */
async function processStart(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "latin1"),
      readFile("/proc/sys/kernel/random/boot_id", "latin1"),
    ]);
    // proc(5): the name, in parentheses, may contain anything. After it come the state and, as field 22, the start.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" || state === "X" ? ENDED : `${boot.trim()} ${fields[18]}`;
  } catch {
    return undefined;
  }
}
