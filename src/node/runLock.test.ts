import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunLock } from "./runLock.js";

/** No process id is that high. */
const NO_PROCESS = 2 ** 30;
const OTHERS = ".lenet-77-0123abcd.lock";

let folder: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-lock-"));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  child = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function putLock(owner: object): Promise<void> {
  const whole = { host: hostname(), since: "2026-01-02T03:04:05.678Z", ...owner };
  await writeFile(join(folder, OTHERS), JSON.stringify(whole));
}

/** Starts a process and returns the first line that it prints. */
async function firstLineOf(command: string): Promise<string> {
  child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(child.stdout!.setEncoding("utf8"), "data");
  return line.trim();
}

/** The boot and the clock tick in which a process began. */
async function startOf(pid: number): Promise<string> {
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim();
  // proc(5): after the name in parentheses come the fields 3 to 21, then the start.
  const [, tick] = /\) (?:\S+ ){19}(\d+) /.exec(await readFile(`/proc/${pid}/stat`, "latin1"))!;
  return `${boot} ${tick}`;
}

const refusal = (pid: number, host: string) =>
  `${folder} is in use by process ${pid} on ${host} since 2026-01-02T03:04:05.678Z; if that process no longer exists, remove ${OTHERS} there`;

describe("a lock", () => {
  it("is held by one holder at a time, and leaves nothing behind", async () => {
    const [first, second] = [new RunLock(folder), new RunLock(folder)];
    expect(await first.acquire()).toEqual([]);
    await first.requireHeld();
    const held = await readdir(folder);
    expect(held).toEqual([expect.stringMatching(new RegExp(`^\\.lenet-${process.pid}-[0-9a-f]{8}\\.lock$`))]);
    await expect(second.acquire()).rejects.toThrow(`${folder} is in use by process ${process.pid} on ${hostname()} `);
    await first.release();
    expect(await second.acquire()).toEqual([]);
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("is acquired by exactly one of several simultaneous attempts", async () => {
    for (let round = 0; round < 5; round++) {
      const locks = Array.from({ length: 4 }, () => new RunLock(folder));
      const taken = await Promise.allSettled(locks.map((lock) => lock.acquire()));
      expect(taken.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected", "rejected"]);
      await Promise.all(locks.map((lock) => lock.release()));
    }
  });

  it("says who holds it and since when", async () => {
    const lock = new RunLock(folder);
    await lock.acquire();
    const [name] = await readdir(folder);
    const owner = JSON.parse(await readFile(join(folder, name), "utf8"));
    expect(owner).toMatchObject({ pid: process.pid, host: hostname() });
    expect(Math.abs(Date.parse(owner.since) - Date.now())).toBeLessThan(60_000);
  });

  it.runIf(process.platform === "linux")("names its process by the boot and the tick in which it began", async () => {
    const lock = new RunLock(folder);
    await lock.acquire();
    const [name] = await readdir(folder);
    expect(JSON.parse(await readFile(join(folder, name), "utf8")).start).toBe(await startOf(process.pid));
  });

  it("is not any file with a similar name", async () => {
    const names = ["lenet-77-0123abcd.lock", ".lenet-77-0123abcd.lock.bak", "x.lenet-77-0123abcd.lock"];
    const others = [
      ".lenet-77-0123abc.lock",
      ".lenet-77-0123abcdef.lock",
      ".lenet-x-0123abcd.lock",
      ".lenet--0123abcd.lock",
    ];
    for (const name of [...names, ...others]) await writeFile(join(folder, name), "");
    expect(await new RunLock(folder).acquire()).toEqual([]);
  });

  it("is no longer held once its file or folder is removed", async () => {
    const lock = new RunLock(folder);
    await lock.acquire();
    await rm(folder, { recursive: true });
    await expect(lock.requireHeld()).rejects.toThrow(
      new Error(`${folder} or its lock was removed during the run; nothing more will be written there`),
    );
    await lock.release();
  });
});

describe("the lock of another process", () => {
  it("is taken over if the process does not exist", async () => {
    await putLock({ pid: NO_PROCESS });
    const lock = new RunLock(folder);
    expect(await lock.acquire()).toEqual([`took over the lock of process ${NO_PROCESS}, which no longer exists`]);
    expect(await readdir(folder)).not.toContain(OTHERS);
  });

  it.runIf(process.platform === "linux")("is taken over if a later process has its id", async () => {
    const pid = Number(await firstLineOf("echo $$; exec sleep 60"));
    await putLock({ pid, start: "another boot 12345" });
    expect(await new RunLock(folder).acquire()).toEqual([
      `took over the lock of process ${pid}, which no longer exists`,
    ]);
  });

  it.runIf(process.platform === "linux")("is taken over if the process has ended but was not waited for", async () => {
    const pid = Number(await firstLineOf("sleep 0.5 & echo $!; exec sleep 60"));
    const start = await startOf(pid);
    await expect
      .poll(async () => (await readFile(`/proc/${pid}/stat`, "latin1")).split(") ")[1][0], { timeout: 10_000 })
      .toBe("Z");
    await putLock({ pid, start });
    expect(await new RunLock(folder).acquire()).toEqual([
      `took over the lock of process ${pid}, which no longer exists`,
    ]);
  });

  it.runIf(process.platform !== "win32")("is respected while the process lives", async () => {
    const pid = Number(await firstLineOf("echo $$; exec sleep 60"));
    await putLock({ pid });
    await expect(new RunLock(folder).acquire()).rejects.toThrow(new Error(refusal(pid, hostname())));
    expect(await readdir(folder)).toEqual([OTHERS]);
  });

  it("is respected if it is from another machine", async () => {
    await putLock({ pid: NO_PROCESS, host: "elsewhere" });
    await expect(new RunLock(folder).acquire()).rejects.toThrow(new Error(refusal(NO_PROCESS, "elsewhere")));
  });

  it.each([
    ["", "empty"],
    ["{", "damaged"],
    ['{"pid":-1,"host":"a","since":"b"}', "damaged"],
  ])("is an error with a remedy if it is %j", async (text, what) => {
    await writeFile(join(folder, OTHERS), text);
    await expect(new RunLock(folder).acquire()).rejects.toThrow(
      new Error(
        `${join(folder, OTHERS)}: the lock is ${what}, so it does not say which process writes there: if none does, remove it`,
      ),
    );
  });

  it.runIf(process.platform === "linux")("is refused if it is a pipe", async () => {
    execFileSync("mkfifo", [join(folder, OTHERS)]);
    await expect(new RunLock(folder).acquire()).rejects.toThrow(
      new Error(`cannot read ${join(folder, OTHERS)}: it is not a regular file`),
    );
  });
});
