import type files from "node:fs/promises";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readCheckpoint } from "../formats/checkpoint.js";
import { readPth } from "../formats/pth/pth.js";
import { readSafetensors } from "../formats/safetensors.js";
import { initializeParameters, type Model } from "../model/index.js";
import type { RunConfig } from "../runs/config.js";
import { parseHistory } from "../runs/history.js";
import type { EpochRecord, TrainingState } from "../training/epochs.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { listRuns } from "./lab/runs.js";
import { RunFolder } from "./runFolder.js";

/**
 * A process that can be killed before any of its file operations. Later operations fail, so no clean-up happens; a
 * write during which it is killed leaves half of its content.
 */
const victim = vi.hoisted(() => {
  let operationsLeft = Number.POSITIVE_INFINITY;
  let errorCode: string | undefined;
  return {
    killBefore(operation: number) {
      operationsLeft = operation;
    },
    /** One operation fails with a system error; the process lives on. */
    failIn(operation: number, code: string) {
      operationsLeft = operation;
      errorCode = code;
    },
    revive() {
      operationsLeft = Number.POSITIVE_INFINITY;
      errorCode = undefined;
    },
    /** Whether the operation that was to fail has come. */
    isReached: () => operationsLeft < 0,
    /** @returns whether the process is killed in this operation */
    operate(): boolean {
      operationsLeft--;
      if (errorCode !== undefined) {
        if (operationsLeft === -1) throw Object.assign(new Error(`${errorCode}: it fails`), { code: errorCode });
        return false;
      }
      if (operationsLeft < -1) throw new Error("killed");
      return operationsLeft === -1;
    },
  };
});

vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof files>();
  const killable =
    <Arguments extends unknown[], Result>(operation: (...args: Arguments) => Promise<Result>) =>
    async (...args: Arguments): Promise<Result> => {
      if (victim.operate()) throw new Error("killed");
      return operation(...args);
    };
  const open = killable(async (...args: Parameters<typeof real.open>) => {
    const handle = await real.open(...args);
    const { writeFile } = handle;
    handle.writeFile = async (data) => {
      if (!victim.operate()) return writeFile.call(handle, data);
      await writeFile.call(handle, (data as Uint8Array).slice(0, data.length / 2));
      throw new Error("killed");
    };
    // Unlike a power cut, a kill loses nothing that was written.
    handle.sync = async () => {};
    return handle;
  });
  return { ...real, open, rename: killable(real.rename), mkdir: killable(real.mkdir), rm: killable(real.rm) };
});

const EPOCHS = 3;
const BEST = [1, 1, 3];

// Small, so that hundreds of runs take only seconds.
const model: Model = {
  input: { channels: 1, height: 12, width: 12 },
  layers: [{ type: "flatten" }, { type: "linear", name: "linear", outFeatures: 3 }],
};
const config: RunConfig = {
  versions: { lenet: "0.1.0", node: "20.20.0", v8: "11.3" },
  startedAt: "2026-01-02T03:04:05.678Z",
  recipe: { ...RECIPES.paper, epochs: EPOCHS },
  scheduleRestarts: [],
  seed: 5,
  model,
  parameterCount: 435,
  data: {
    name: "digits",
    resize: "contain",
    background: 0,
    checksum: "abc",
    images: 100,
    classes: ["a", "b", "c"],
    generated: true,
  },
  threads: 1,
  arithmetic: "wasm-fused",
};

const weights = Array.from({ length: EPOCHS + 1 }, (_, epoch) => initializeParameters(model, epoch));

const record = (epoch: number): EpochRecord => ({
  epoch,
  trainLoss: 1 / epoch,
  trainAccuracy: 0.5,
  validationLoss: 1 / epoch,
  validationAccuracy: BEST[epoch - 1] / 10,
  learningRate: 0.001,
  trainSeconds: 1,
  validationSeconds: 1,
});

function state(epoch: number): TrainingState {
  const best = BEST[epoch - 1];
  return {
    epoch,
    parameters: weights[epoch],
    optimizer: { first: weights[0], second: weights[epoch] },
    best: { epoch: best, validationAccuracy: best / 10, parameters: weights[best] },
  };
}

let parent: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "lenet-crash-"));
  path = join(parent, "run");
});
afterEach(() => rm(parent, { recursive: true, force: true }));

/** What a process does: starts or resumes the run and trains to the end, unless it is finished. */
async function runToTheEnd(): Promise<void> {
  if ((await readdir(path).catch((): string[] => [])).includes("result.json")) return;
  const isThere = (await readdir(parent)).includes("run");
  const { folder, state: read } = isThere
    ? await RunFolder.reopen(path)
    : { folder: await RunFolder.create(path, config), state: undefined };
  if (isThere) await expectInOrder(read);
  for (let epoch = (read?.epoch ?? 0) + 1; epoch <= EPOCHS; epoch++)
    await folder.keepEpoch(record(epoch), state(epoch));
  await folder.writeResult({ epochs: EPOCHS, bestEpoch: EPOCHS, bestValidationAccuracy: 0.3, seconds: EPOCHS });
  await folder.close();
}

/** Asserts that all files of a reopened folder hold the same epochs. */
async function expectInOrder(read: TrainingState | undefined): Promise<void> {
  expect(await rowsInFolder()).toEqual(Array.from({ length: read?.epoch ?? 0 }, (_, index) => record(index + 1)));
  if (!read) return;
  expect(read).toEqual(state(read.epoch));
  expect(readPth(await readFile(join(path, "model.pth"))).tensors).toEqual(read.best.parameters);
  expect(readSafetensors(await readFile(join(path, "best.safetensors"))).tensors).toEqual(read.best.parameters);
}

async function rowsInFolder(): Promise<EpochRecord[]> {
  return parseHistory(await readFile(join(path, "history.csv"), "utf8"));
}

/** Kills a process before one of its operations; returns false if it had fewer. */
async function kill(before: number): Promise<boolean> {
  victim.killBefore(before);
  try {
    await runToTheEnd();
    return false;
  } catch (error) {
    // Errors other than "killed" come from clean-up, which a dead process would not do.
    expect(String(error)).toMatch(/killed/);
    return true;
  } finally {
    victim.revive();
    await forgetOwner();
    await expectListed();
  }
}

/** Asserts that the lab's server lists the run as soon as it has a configuration, with the epochs of its history. */
async function expectListed(): Promise<void> {
  const names = await readdir(path).catch((): string[] => []);
  const epochs = names.includes("history.csv") ? (await rowsInFolder()).length : 0;
  const listed = (await listRuns(parent)).map(({ name, epochsDone, finished }) => [name, epochsDone, finished]);
  expect(listed).toEqual(names.includes("config.json") ? [["run", epochs, names.includes("result.json")]] : []);
}

/** Assigns the folder's locks to a process that does not exist: no process id is that high. */
async function forgetOwner(): Promise<void> {
  for (const name of await readdir(path).catch(() => [])) {
    if (!name.endsWith(".lock")) continue;
    const owner = JSON.parse(await readFile(join(path, name), "utf8"));
    await writeFile(join(path, name), JSON.stringify({ ...owner, pid: 2 ** 30 }));
  }
}

async function contents(): Promise<Map<string, string>> {
  const names = (await readdir(path)).sort();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), "latin1")] as const)),
  );
}

/**
 * Kills a process before each of its operations in turn, each time in a prepared folder, and compares the result with
 * `expected`.
 */
async function killEverywhere(
  prepare: () => Promise<void>,
  expected: Map<string, string>,
  again?: (first: number) => number,
): Promise<number> {
  for (let operation = 0; ; operation++) {
    await rm(parent, { recursive: true });
    await mkdir(parent);
    await prepare();
    const killed = await kill(operation);
    if (!killed) return operation;
    if (again) await kill(again(operation));
    await runToTheEnd();
    const left = await contents();
    for (const name of left.keys()) if (name.endsWith(".lock")) left.delete(name);
    expect(left, `killed before operation ${operation}`).toEqual(expected);
  }
}

describe("a run that is killed before any of its file operations", () => {
  let undisturbed: Map<string, string>;
  beforeEach(async () => {
    await runToTheEnd();
    undisturbed = await contents();
    expect([...undisturbed.keys()]).toEqual([
      ...["best.safetensors", "config.json", "history.csv", "last.ckpt", "model.pth", "previous.ckpt", "result.json"],
    ]);
    expect(readCheckpoint(await readFile(join(path, "last.ckpt"))).epoch).toBe(EPOCHS);
    expect(readCheckpoint(await readFile(join(path, "previous.ckpt"))).epoch).toBe(EPOCHS - 1);
    expect(await rowsInFolder()).toEqual([1, 2, 3].map(record));
  });

  it("ends with the same files as an uninterrupted run", async () => {
    expect(await killEverywhere(async () => {}, undisturbed)).toBeGreaterThan(70);
  });

  it("also does if the resuming process is killed, too", async () => {
    await killEverywhere(
      async () => {},
      undisturbed,
      (first) => (first * 7) % 31,
    );
  });

  it("also does from a damaged checkpoint", async () => {
    const fewer = async () => {
      const folder = await RunFolder.create(path, config);
      for (const epoch of [1, 2]) await folder.keepEpoch(record(epoch), state(epoch));
      await folder.close();
      const checkpoint = await readFile(join(path, "last.ckpt"));
      checkpoint[checkpoint.length - 100] ^= 1;
      await writeFile(join(path, "last.ckpt"), checkpoint);
    };
    expect(await killEverywhere(fewer, undisturbed)).toBeGreaterThan(30);
  });
});

describe("a run in which any one of its operations fails", () => {
  let undisturbed: Map<string, string>;
  beforeEach(async () => {
    await runToTheEnd();
    undisturbed = await contents();
  });

  /** Fails one operation after another, each in a run of its own, and completes the run afterwards. */
  async function failEverywhere(begin: (operation: number) => void, reason: RegExp): Promise<number> {
    for (let operation = 0; ; operation++) {
      await rm(parent, { recursive: true });
      await mkdir(parent);
      begin(operation);
      const error = await runToTheEnd().then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      const reached = victim.isReached();
      victim.revive();
      if (!reached) return operation;
      // A failure in cleaning up may go unnoticed; any other names its reason.
      if (error) expect(error.message).toMatch(reason);
      await forgetOwner();
      await runToTheEnd();
      const left = await contents();
      for (const name of left.keys()) if (name.endsWith(".lock")) left.delete(name);
      expect(left, `failed in operation ${operation}`).toEqual(undisturbed);
    }
  }

  it.each([
    ["EIO", /: the device reports an error$/],
    ["ENOSPC", /: no space left on the device$/],
    ["EMFILE", /: too many files are open$/],
  ])("says why, and is completed later: %s", async (code, reason) => {
    expect(await failEverywhere((operation) => victim.failIn(operation, code), reason)).toBeGreaterThan(50);
  });

  it("is completed later after any allocation of memory has failed", async () => {
    for (let allocation = 0; ; allocation++) {
      await rm(parent, { recursive: true });
      await mkdir(parent);
      const memory = failAllocation(allocation);
      const error = await runToTheEnd().then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      memory.restore();
      if (!memory.hasFailed()) {
        expect(allocation).toBeGreaterThan(15);
        return;
      }
      if (error) expect(error.message).toMatch(/Array buffer allocation failed/);
      await forgetOwner();
      await runToTheEnd();
      const left = await contents();
      for (const name of left.keys()) if (name.endsWith(".lock")) left.delete(name);
      expect(left, `failed in allocation ${allocation}`).toEqual(undisturbed);
    }
  });
});

/** Makes one allocation of a typed array fail, as when there is no memory left. */
function failAllocation(allocation: number) {
  let left = allocation;
  const construct = (
    target: new (...args: never[]) => object,
    args: never[],
    self: new (...args: never[]) => object,
  ) => {
    const allocates = typeof args[0] === "number";
    if (allocates && left-- === 0) throw new RangeError("Array buffer allocation failed");
    return Reflect.construct(target, args, self);
  };
  for (const name of ["Uint8Array", "Float32Array"] as const) {
    vi.stubGlobal(name, new Proxy(globalThis[name], { construct }));
  }
  return { restore: () => vi.unstubAllGlobals(), hasFailed: () => left < 0 };
}
