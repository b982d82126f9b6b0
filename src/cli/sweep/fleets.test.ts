import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { generateDigits } from "../../data/digits.js";
import { OutOfMemoryError } from "../../engine/backend.js";
import { wasmBackend } from "../../engine/wasm/wasmBackend.js";
import { initializeParameters, lenet5 } from "../../model/index.js";
import { readHistory } from "../../node/runFolder.js";
import type { LoadedTeacher } from "../../node/teachers.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import type { Device } from "../device.js";
import { SILENT } from "../terminal.js";
import { withTeacher } from "../training/teacher.js";
import { planRun, trainAlone } from "../training/train.js";
import { fleetGroups, trainInFleets } from "./fleets.js";
import { parseAxis, parseSeeds, planRuns, withCombination } from "./grid.js";
import type { SweptRun } from "./sweptRun.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-fleets-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const train = generateDigits({ seed: 0, count: 20, part: "train" });
const data = {
  name: "digits",
  parts: { train },
  settings: { data: "digits", resize: "contain", background: 0 },
  skipped: [],
} as const;

function runsOf(axes: readonly string[], seeds: string) {
  return planRuns({ grid: axes.map(parseAxis), seeds: parseSeeds(seeds) }).map(({ combination, seed, name }) => ({
    training: withCombination({ recipe: RECIPES.improved, changes: {}, seed }, combination),
    path: join(folder, name),
    name,
  }));
}

function groupsOf(axes: readonly string[], seeds = "2") {
  return fleetGroups(runsOf(axes, seeds), data).map((group) => group.map(({ name }) => name));
}

/** The processor as a device with memory for so many networks. */
function deviceFor(most: number): Device {
  const compile: ReturnType<typeof wasmBackend>["compile"] = async (networks, options) => {
    if (networks.length > most) throw new OutOfMemoryError("too little memory");
    return wasmBackend().compile(networks, options);
  };
  return { backend: () => ({ compile }) };
}

it("trains runs side by side that differ in what a fleet may differ in", () => {
  const axes = ["lr=1e-3,1e-2", "dropout=0.1,0.2", "label-smoothing=0,0.1", "weight-decay=0,0.1", "epochs=2,3"];
  expect(groupsOf([...axes, "augment=none;light", "val-split=0.1,0.5"]).map(({ length }) => length)).toEqual([256]);
});

it("puts runs with other layers or batch sizes into other fleets", () => {
  expect(groupsOf(["batch=8,16"])).toEqual([
    ["batch=8_seed=0", "batch=8_seed=1"],
    ["batch=16_seed=0", "batch=16_seed=1"],
  ]);
  expect(groupsOf(["recipe=paper,improved"], "1")).toEqual([["recipe=paper_seed=0"], ["recipe=improved_seed=0"]]);
  expect(groupsOf(["dropout=0,0.1"], "1")).toEqual([["dropout=0_seed=0"], ["dropout=0.1_seed=0"]]);
});

it("halves a fleet until it fits into memory; each run has its folder and the bits that it has alone", async () => {
  const runs = runsOf(["batch=8", "epochs=1,2", "lr=1e-3"], "0,1,2").slice(0, 5);
  const sizes: number[] = [];
  const ended: string[] = [];
  const { signal } = new AbortController();
  await trainInFleets(runs, {
    device: deviceFor(2),
    data,
    signal,
    onFleet: (networks) => sizes.push(networks),
    onTooMany: (networks) => sizes.push(-networks),
    onProgress: () => {},
    onEnd: async ({ name }, error) => void ended.push(error ? `${name}: ${error.message}` : name),
  });
  expect(sizes).toEqual([-5, -3, 2, 2, 1]);
  expect(ended.toSorted()).toEqual(runs.map(({ name }) => name).toSorted());
  const path = join(folder, "alone");
  const plan = planRun(runs[3].training, data);
  await trainAlone({ plan, path }, data, { device: deviceFor(1) }, { terminal: SILENT, json: false }, signal);
  for (const name of ["last.ckpt", "best.safetensors"]) {
    expect((await readFile(join(path, name))).equals(await readFile(join(runs[3].path, name))), name).toBe(true);
  }
});

it("lets the runs of a fleet share a teacher, with the bits that they have alone", async () => {
  const model = lenet5({ ...RECIPES.teacher, width: 1, input: train, classes: train.classes.length });
  const network = { model, parameters: initializeParameters(model, 1), normalization: { mean: [0.5], std: [0.5] } };
  const teacher: LoadedTeacher = {
    source: { networks: [network] },
    recorded: [{ type: "network", path: "teacher", checksum: "0" }],
  };
  const runs = runsOf(["batch=11", "epochs=2", "augment=tutorial;strong"], "0,1").map((run) => {
    return { ...run, teacher, training: withTeacher(run.training) };
  });
  const compiled: number[] = [];
  const { signal } = new AbortController();
  const counting: Device = {
    backend: () => ({
      compile: (networks, options) => {
        compiled.push(networks.length);
        return wasmBackend().compile(networks, options);
      },
    }),
  };
  const failed: unknown[] = [];
  await trainInFleets(runs, {
    device: counting,
    data,
    signal,
    onFleet: () => {},
    onTooMany: () => {},
    onProgress: () => {},
    onEnd: async (_, error) => void (error && failed.push(error)),
  });
  expect(failed).toEqual([]);
  // The fleet, and a teacher for each augmentation.
  expect(compiled.slice(0, 3)).toEqual([4, 1, 1]);
  const path = join(folder, "taught");
  const plan = planRun(runs[3].training, data);
  await trainAlone({ plan, path, teacher }, data, { device: deviceFor(1) }, { terminal: SILENT, json: false }, signal);
  for (const name of ["last.ckpt", "best.safetensors"]) {
    expect((await readFile(join(path, name))).equals(await readFile(join(runs[3].path, name))), name).toBe(true);
  }
});

it("pauses each run of a fleet after its own epoch, and goes on with them to the bits of runs that never paused", async () => {
  const runs = runsOf(["batch=10", "epochs=2,3"], "9,10");
  const ended: string[] = [];
  const train = (some: readonly (SweptRun & { name: string })[]) =>
    trainInFleets(some, {
      device: deviceFor(4),
      data,
      signal: new AbortController().signal,
      onFleet: () => {},
      onTooMany: () => {},
      onProgress: () => {},
      onEnd: async ({ name }, error) => void ended.push(error ? `${name}: ${error.message}` : name),
    });
  const epochsOf = ({ path }: SweptRun) => readHistory(path).then(({ length }) => length);
  // The last one would pause at its end, so it is trained to its end.
  const pauses = [1, 2, 1, 3];
  await train(runs.map((run, index) => ({ ...run, pauseAfter: pauses[index] })));
  expect(ended.toSorted()).toEqual(runs.map(({ name }) => name).toSorted());
  expect(await Promise.all(runs.map(epochsOf))).toEqual(pauses);
  expect(runs.map(({ path }) => existsSync(join(path, "result.json")))).toEqual([false, false, false, true]);
  await train(runs.slice(0, 3));
  expect(await Promise.all(runs.map(epochsOf))).toEqual([2, 3, 2, 3]);
  const path = join(folder, "straight");
  const { signal } = new AbortController();
  const plan = planRun(runs[1].training, data);
  await trainAlone({ plan, path }, data, { device: deviceFor(1) }, { terminal: SILENT, json: false }, signal);
  for (const name of ["last.ckpt", "previous.ckpt", "best.safetensors"]) {
    expect((await readFile(join(path, name))).equals(await readFile(join(runs[1].path, name))), name).toBe(true);
  }
});

it("fails a run alone if even that needs too much memory", async () => {
  const ended: (string | undefined)[] = [];
  await trainInFleets(runsOf(["batch=9", "epochs=1"], "7,8"), {
    device: deviceFor(0),
    data,
    signal: new AbortController().signal,
    onFleet: () => {},
    onTooMany: () => {},
    onProgress: () => {},
    onEnd: async (_, error) => void ended.push(error?.message),
  });
  expect(ended).toEqual(["too little memory", "too little memory"]);
});
