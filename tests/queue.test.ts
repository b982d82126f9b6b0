import { type ChildProcess, execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SweepStore } from "../src/cli/sweep/queue/store.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { type Outcome, type RunOptions, runProgram } from "./support/program.js";
import { REDIS, RedisServer } from "./support/redis.mjs";
import { sweepContents } from "./support/sweepContents.mjs";

const PASSWORD = "a secret of the queue";

// Each test starts several programs. Only one that hangs may come to this.
vi.setConfig({ testTimeout: 600_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-queue-"));
  await writeDigitFiles(join(folder, "few"), { train: 400, test: 50 });
  await writeDigitFiles(join(folder, "others"), { train: 300, test: 50 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Waits for something, unless the program that would bring it about has ended. */
async function until(isSo: () => Promise<boolean>, program: Promise<Outcome>): Promise<void> {
  let outcome: Outcome | undefined;
  void program.then((ended) => {
    outcome = ended;
  });
  while (!(await isSo())) {
    if (outcome) throw new Error(`the program ended: ${outcome.stderr}`);
    await delay(50);
  }
}

const lenet = (args: string, options?: RunOptions) => runProgram(folder, args.split(" "), options);

it("says in one line that packages for a queue are missing, or that it cannot be reached", async () => {
  const hide =
    "data:text/javascript,export const resolve = (name, context, next) => { if (name === 'bullmq') throw new Error(name); return next(name, context); }";
  const env = {
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(`import { register } from "node:module"; register(${JSON.stringify(hide)});`)}`,
  };
  expect(await lenet("worker redis://127.0.0.1:1", { env })).toEqual({
    code: 1,
    stdout: "",
    stderr: "lenet: a queue needs two packages: npm install bullmq ioredis\n",
  });
  expect((await lenet("worker redis://user:secret@127.0.0.1:1")).stderr).toMatch(
    /^warning: cannot connect to redis:\/\/127\.0\.0\.1:1 yet \(connect ECONNREFUSED 127\.0\.0\.1:1\): trying for 5 seconds\nlenet: cannot connect to the queue at redis:\/\/127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1\n$/,
  );
  expect((await lenet("worker http://127.0.0.1")).stderr).toMatch(/It must be redis:\/\/HOST or rediss:\/\/HOST/);
});

// Debian: apt-get install redis-server
describe.skipIf(REDIS === undefined)("a sweep through a queue", () => {
  let server: RedisServer;
  const workers: { child?: ChildProcess; end: Promise<Outcome> }[] = [];

  beforeAll(async () => {
    await mkdir(join(folder, "redis"));
    server = await RedisServer.start(join(folder, "redis"), ["--requirepass", PASSWORD]);
  });
  afterAll(async () => {
    for (const { child } of workers) child?.kill("SIGKILL");
    await server?.stop("SIGKILL");
  });

  const env = { LENET_QUEUE_PASSWORD: PASSWORD };
  const inSpace = (name: string) => `--queue-name ${name}`;
  const submit = (args: string, space: string, options: RunOptions = {}) =>
    lenet(`sweep ${args} --queue ${server.url} ${inSpace(space)}`, { env, ...options });

  function startWorker(args: string, space: string, onOutput?: RunOptions["onOutput"]) {
    const worker: (typeof workers)[number] = {
      end: lenet(`worker ${server.url} ${inSpace(space)} ${args}`, {
        env,
        onStart: (child) => {
          started = child;
        },
        onOutput,
      }),
    };
    worker.child = started;
    workers.push(worker);
    return worker;
  }
  let started: ChildProcess | undefined;

  it("ends as on one machine, byte for byte but times, though everything is killed and the server restarts", async () => {
    const args = "--runs 4 --workers 2 --kills 3 --restarts 1 --epochs 30 --images 200";
    const { stdout } = await promisify(execFile)(process.execPath, ["tests/queueKills.mjs", ...args.split(" ")]);
    expect(stdout).toMatch(/workers and [1-9] submitters killed, 1 restarts; /);
    expect(stdout).toMatch(/all 50 files of 4 runs are those of one machine; no run is lost, none doubled\n$/);
  });

  it("needs the password, and does not show it", async () => {
    const denied = await lenet(`worker redis://:wrong@127.0.0.1:${server.port}`);
    expect(denied.code).toBe(1);
    expect(denied.stderr).toMatch(/^lenet: cannot connect to the queue at redis:\/\/127\.0\.0\.1:\d+: WRONGPASS /);
  });

  it("waits for a server that is starting", async () => {
    let isReady = false;
    // Resets connections as a server that is ending does, until the program says that it tries again.
    const starting = createServer((socket) => {
      if (!isReady) {
        socket.resetAndDestroy();
        return;
      }
      const upstream = connect(server.port, "127.0.0.1");
      for (const end of [socket, upstream]) end.on("error", () => {});
      socket.pipe(upstream).pipe(socket);
      socket.on("close", () => upstream.destroy());
      upstream.on("close", () => socket.destroy());
    });
    await new Promise<void>((resolve) => starting.listen(0, "127.0.0.1", resolve));
    const url = `redis://127.0.0.1:${(starting.address() as AddressInfo).port}`;
    const settings = "--data few --epochs 1 --seeds 1 --out started --queue-name starting";
    const waits = expect.stringMatching(
      /^warning: cannot connect to redis:\/\/127\.0\.0\.1:\d+ yet \([^)]*ECONNRESET[^)]*\): trying for 5 seconds\n$/,
    );
    const readyAfter = (child: ChildProcess) => {
      isReady = false;
      child.stderr?.once("data", () => {
        isReady = true;
      });
    };
    const submitted = lenet(`sweep ${settings} --queue ${url}`, { env, onStart: readyAfter });
    await until(async () => (await keys("starting:*:wait")).length > 0, submitted);
    let worker: ChildProcess | undefined;
    const worked = lenet(`worker ${url} --queue-name starting --data few --jobs 1`, {
      env,
      onStart: (child) => {
        worker = child;
        readyAfter(child);
      },
    });
    expect(await submitted).toMatchObject({ code: 0, stderr: waits });
    worker?.kill("SIGTERM");
    expect((await worked).stderr).toMatch(/^warning: cannot connect .*\nlenet: interrupted\n$/);
    starting.close();
  });

  it("names what workers lack, leaves it to the one that has it, and meanwhile does what they can", async () => {
    startWorker("--jobs 1", "lacks");
    startWorker("--jobs 2 --data others", "lacks");
    const submitted = submit("--data few --epochs 1 --seeds 3 --out lacking", "lacks");
    await until(async () => (await lacksOf("lacks")).length === 2, submitted);
    expect((await submit("--data others --epochs 1 --seeds 3 --out behind", "lacks")).code).toBe(0);
    // All three stay, and the first two are given jobs that they cannot do as often as the last.
    startWorker("--jobs 1 --data few", "lacks");
    const { code, stdout, stderr } = await submitted;
    const lack = (reasons: string) =>
      `warning: \\S+/\\d+ cannot help: it lacks the data set few with the checksum [0-9a-f]{12}…${reasons}: name its folder with --data\n`;
    const lines = stderr.match(/.*\n/g)!.sort((a, b) => a.length - b.length);
    expect({ code, lines }).toEqual({
      code: 0,
      lines: ["", " \\(others holds other images\\)"].map((reasons) =>
        expect.stringMatching(new RegExp(`^${lack(reasons)}$`)),
      ),
    });
    expect(stdout).toMatch(/\n3 runs of LeNet-5 on few, by the workers of redis:\/\/127\.0\.0\.1:\d+\n/);
  });

  it("resumes on another worker from the last epoch after a worker or the submitter was asked to stop", async () => {
    const first = startWorker("--jobs 1 --data few", "signals");
    const settings = "--data few --epochs 60 --seeds 1 --log tensorboard";
    const interrupted = await submit(`${settings} --out signals`, "signals", {
      onStart: (child) => {
        let isInterrupted = false;
        const timer = setInterval(async () => {
          // The worker has uploaded a checkpoint.
          if ((await keys("signals:sweep:*:checkpoint:*")).length === 0 || isInterrupted) return;
          clearInterval(timer);
          isInterrupted = true;
          child.kill("SIGINT");
        }, 50);
      },
    });
    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toMatch(
      /^lenet: interrupted after 0 of 1 run; resume with: npx lenet sweep --resume signals --queue redis:\/\/127\.0\.0\.1:\d+ --queue-name signals\n$/,
    );
    first.child?.kill("SIGTERM");
    const stopped = await first.end;
    expect(stopped).toMatchObject({ code: 130, stderr: "lenet: interrupted\n" });
    const second = startWorker("--jobs 1 --data few", "signals");
    expect((await submit("--resume signals --log tensorboard", "signals")).stderr).toBe("");
    second.child?.kill("SIGTERM");
    expect((await second.end).stdout).toMatch(/\ngoing on with seed=0\ndone: seed=0\n$/);
    expect(await keys("signals:sweep:*")).toEqual([expect.stringMatching(/:digests$/)]);
    await lenet(`sweep ${settings} --out whole --jobs 1`);
    const [whole, queued] = await Promise.all(
      ["whole", "signals"].map((name) => sweepContents(join(folder, name), name)),
    );
    const differing = [...new Set([...whole.keys(), ...queued.keys()])].filter(
      (path) => whole.get(path) !== queued.get(path),
    );
    // Its events have the times at which they were written.
    expect(differing).toEqual(["seed=0/events.out.tfevents.lenet"]);
  });

  it("teaches as one machine does, by workers that have no file of the teacher", async () => {
    expect((await lenet("train --data few --epochs 1 --out teacher")).code).toBe(0);
    const settings = "--data few --epochs 2 --seeds 2 --teacher teacher";
    expect((await lenet(`sweep ${settings} --out taught --jobs 1`)).stderr).toBe("");
    const submitted = submit(`${settings} --out remote`, "teacher");
    await until(async () => (await keys("teacher:*:wait")).length > 0, submitted);
    await rename(join(folder, "teacher"), join(folder, "gone"));
    startWorker("--jobs 1 --data few", "teacher");
    expect(await submitted).toMatchObject({ code: 0, stderr: "" });
    expect(await sweepContents(join(folder, "remote"), "remote")).toEqual(
      await sweepContents(join(folder, "taught"), "taught"),
    );
    expect(await keys("teacher:sweep:*")).toEqual([expect.stringMatching(/:digests$/)]);
  });

  it("halves a sample as one machine does", async () => {
    startWorker("--jobs 2 --data few", "halving");
    const settings = "--data few --epochs 4 --sample 4 --set lr=1e-4..1e-1:log --seeds 1 --halving 2";
    expect((await submit(`${settings} --out queued`, "halving")).stderr).toBe("");
    expect((await lenet(`sweep ${settings} --out halved --jobs 1`)).stderr).toBe("");
    expect(await sweepContents(join(folder, "queued"), "queued")).toEqual(
      await sweepContents(join(folder, "halved"), "halved"),
    );
  });

  it("refuses jobs beyond the worker's limits, and jobs that are none", async () => {
    const submitted = submit("--data few --epochs 4 --seeds 1 --out limited", "limits");
    const redis = new Redis(server.url, { password: PASSWORD });
    await until(async () => (await keys("limits:*:wait")).length > 0, submitted);
    const [sweep] = await redis.hkeys("limits:sweeps");
    // Neither a sweep that is none nor such a job stops the worker.
    await redis.hset("limits:sweeps", "0".repeat(32), "{}", "1".repeat(32), "none");
    redis.disconnect();
    const queue = new Queue(sweep, { connection: { url: server.url, password: PASSWORD }, prefix: "limits" });
    await queue.add("hostile", { run: "x", code: "process.exit()" }, { jobId: "hostile", lifo: true });
    await queue.close();
    const worker = startWorker("--jobs 1 --data few --max-epochs 3", "limits");
    const { code, stdout, stderr } = await submitted;
    expect({ code, stderr }).toEqual({ code: 1, stderr: "lenet: 1 of 1 run failed, see the reasons above\n" });
    expect(stdout).toMatch(
      /\nfailed: seed=0: the job asks for 4 epochs, but the worker's limit is 3 \(--max-epochs\)\n/,
    );
    worker.child?.kill("SIGTERM");
    const lines = (await worker.end).stderr.split("\n").map((line) => line.split(/: (?:must|is|Un)/)[0]);
    expect(new Set(lines)).toEqual(
      new Set([
        "warning: cannot help with the sweep 00000000…: what the sweep needs is invalid: arithmetic",
        "warning: cannot help with the sweep 11111111…: what the sweep needs is invalid",
        "warning: the job is invalid: recipe",
        "warning: the job asks for 4 epochs, but the worker's limit is 3 (--max-epochs)",
        "lenet: interrupted",
        "",
      ]),
    );
  });

  it("reports a second result with other bits as a fault, but not an equal one", async () => {
    const redis = new Redis(server.url, { password: PASSWORD });
    const store = new SweepStore(redis, "faults", "0".repeat(32));
    const result = (digest: string) => ({ digest, files: new Map([["model.pth", new Uint8Array([1])]]) });
    await store.begin({
      arithmetic: "portable",
      kernels: 1,
      data: { name: "few", checksum: "a", settings: { data: "few", resize: "contain", background: 0 } },
    });
    expect(await store.deliver("a", "a", result("one"), "first")).toBe(false);
    expect(await store.deliver("a", "a", result("one"), "second")).toBe(false);
    expect(await store.deliver("a", "a", result("two"), "third")).toBe(true);
    expect(await store.faults()).toEqual({ a: "third" });
    expect(await store.delivery("a")).toMatchObject({ digest: "one", from: "first" });
    await store.end(["a"]);
    // Too late: nobody waits for it, but it is still compared.
    expect(await store.deliver("a", "a", result("two"), "third")).toBe(true);
    expect(await store.deliver("b", "b", result("two"), "third")).toBe(false);
    expect(await store.delivery("b")).toBeUndefined();
    redis.disconnect();
  });

  /** What the workers of a name space lack. */
  async function lacksOf(space: string): Promise<string[]> {
    const [key] = await keys(`${space}:sweep:*:lacks`);
    if (key === undefined) return [];
    const redis = new Redis(server.url, { password: PASSWORD });
    const lacks = await redis.hvals(key);
    redis.disconnect();
    return lacks;
  }

  async function keys(pattern: string): Promise<string[]> {
    const redis = new Redis(server.url, { password: PASSWORD });
    const found = await redis.keys(pattern);
    redis.disconnect();
    return found;
  }
});
