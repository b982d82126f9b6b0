import { randomBytes } from "node:crypto";
import { access, readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import { parseJson } from "../formats/json.js";
import { describeFileError, errorCode, writeFileAtomic } from "./disk/files.js";
import { named } from "./runFiles.js";

const ownerSchema = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  /** When the process began to write into the folder. */
  since: z.string(),
  /** Tells the process from a later one with its number; where the system does not say, there is none. */
  start: z.string().optional(),
});

/** The process that a folder's lock names. */
type LockOwner = z.infer<typeof ownerSchema>;

const LOCK_NAME = /^\.lenet-\d+-[0-9a-f]{8}\.lock$/;
const LONGEST_WAIT_MILLISECONDS = 200;

/**
 * The right to write into a folder. Every process that wants it puts a file of its own there and then looks for those of
 * others: of two that do so at once, at least one sees the other. A single file that all try to create would be simpler,
 * but two processes that find it left behind by a third can each remove it, and so remove the other's new one.
 */
export class RunLock {
  private readonly folder: string;
  private readonly name = `.lenet-${process.pid}-${randomBytes(4).toString("hex")}.lock`;

  /** A lock that is not held yet. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Takes the lock. Locks of processes that are gone are removed.
   *
   * @returns a line on each lock that was removed
   * @throws Error with one line where another process holds it
   */
  async acquire(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const holder = await this.otherOwner(lines);
      if (holder) throw new Error(holder);
      if (await this.tryAlone(lines)) return lines;
      // Another process came at the same time: whoever looks first after a while has it.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_WAIT_MILLISECONDS));
    }
  }

  /** Puts the lock's file there, and takes it back where it is not the only one. */
  private async tryAlone(lines: string[]): Promise<boolean> {
    let alone = false;
    try {
      await this.putInto(this.folder);
      alone = (await this.otherOwner(lines)) === undefined;
      return alone;
    } finally {
      if (!alone) await this.release();
    }
  }

  /** Puts the lock's file into what will be its folder, before anybody else can know of it. */
  async putInto(folder: string): Promise<void> {
    const owner: LockOwner = {
      pid: process.pid,
      host: hostname(),
      since: new Date().toISOString(),
      start: await processStart(process.pid),
    };
    await writeFileAtomic(join(folder, this.name), `${JSON.stringify(owner)}\n`);
  }

  /** @throws Error with one line where the lock's file is gone, with its folder or without */
  async requireHeld(): Promise<void> {
    try {
      await access(join(this.folder, this.name));
    } catch {
      throw new Error(`${this.folder} or its lock has been removed during the run: nothing more is written there`);
    }
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    await rm(join(this.folder, this.name), { force: true });
  }

  /** A line on another process that has a lock here; locks of processes that are gone are removed, each with a line. */
  private async otherOwner(lines: string[]): Promise<string | undefined> {
    for (const name of await readdir(this.folder)) {
      if (!LOCK_NAME.test(name) || name === this.name) continue;
      const path = join(this.folder, name);
      const owner = await readOwner(path);
      if (!owner) continue;
      const { pid, host, since } = owner;
      if (!(await isGone(owner))) {
        return `${this.folder} is in use by process ${pid} on ${host} since ${since}; if there is no such process any more, remove ${basename(path)} there`;
      }
      await rm(path, { force: true });
      lines.push(`took over the lock of process ${pid}, which is gone`);
    }
    return undefined;
  }
}

/** The owner of a lock; undefined where it has just been given back. */
async function readOwner(path: string): Promise<LockOwner | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new Error(describeFileError(error, `read ${path}`), { cause: error });
  }
  return named(path, () => parseJson(text, ownerSchema, "the lock"));
}

/** Whether a process is certainly gone; of another machine's nothing is known. */
async function isGone({ pid, host, start }: LockOwner): Promise<boolean> {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Any other means that there is a process, but another user's.
    if (errorCode(error) === "ESRCH") return true;
  }
  const now = await processStart(pid);
  return start !== undefined && now !== undefined && now !== start;
}

/** In place of the start of a process that has ended but was not yet waited for. */
const ENDED = "ended";

/** The boot of the machine and the clock tick in which a process began; undefined where the system does not say. */
async function processStart(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "latin1"),
      readFile("/proc/sys/kernel/random/boot_id", "latin1"),
    ]);
    // proc(5): the name, in brackets, may hold anything; behind it come the state and, as field 22, the start.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" || state === "X" ? ENDED : `${boot.trim()} ${fields[18]}`;
  } catch {
    return undefined;
  }
}
