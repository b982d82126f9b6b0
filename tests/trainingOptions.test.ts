import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../src/formats/safetensors.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { onceToldOf, type RunOptions, runProgram } from "./support/program.js";

const IMAGES = { train: 160, test: 40 };

let folder: string;
const inFolder = (...names: string[]) => join(folder, ...names);
const lenet = (args: readonly string[], options: RunOptions = {}) => runProgram(folder, args, options);
const train = (...args: string[]) => lenet(["train", "--data", "images", "--batch", "32", "--seed", "3", ...args]);
const configOf = async (run: string) => JSON.parse(await readFile(inFolder(run, "config.json"), "utf8"));
const bytesOf = (run: string, name = "best.safetensors") => readFile(inFolder(run, name));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-distilled-"));
  await writeDigitFiles(inFolder("images"), IMAGES);
  for (const seed of ["1", "2"]) {
    const args = ["train", "--data", "images", "--epochs", "1", "--seed", seed, "--out", `teacher-${seed}`];
    expect(await lenet(args)).toMatchObject({ code: 0 });
  }
  expect(await train("--epochs", "2", "--out", "alone")).toMatchObject({ code: 0 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a run with teachers", () => {
  it("learns from them, records them, and gives the same bits again", async () => {
    const teachers = ["--teacher", "teacher-1", "teacher-2/best.safetensors"];
    expect(await train("--epochs", "2", ...teachers, "--out", "taught")).toMatchObject({ code: 0 });
    expect(await train("--epochs", "2", ...teachers, "--threads", "1", "--out", "again")).toMatchObject({ code: 0 });
    expect((await bytesOf("taught")).equals(await bytesOf("again"))).toBe(true);
    expect((await bytesOf("taught")).equals(await bytesOf("alone"))).toBe(false);
    const { recipe, teachers: recorded } = await configOf("taught");
    expect(recipe.distillation).toEqual({ temperature: 2, share: 0.9 });
    expect(recorded).toMatchObject([
      { type: "network", path: inFolder("teacher-1") },
      { type: "network", path: inFolder("teacher-2", "best.safetensors") },
    ]);
  });

  it("resumes bit-identically after it was killed, and refuses if its teacher has changed", async () => {
    const args = ["train", "--data", "images", "--batch", "32", "--seed", "3", "--epochs", "3", "--json"];
    const taught = [...args, "--teacher", "teacher-1"];
    expect(await lenet([...taught, "--out", "whole"])).toMatchObject({ code: 0 });
    const kill = onceToldOf('"epoch":1', (child) => child.kill("SIGKILL"));
    expect(await lenet([...taught, "--out", "killed"], kill)).toMatchObject({ code: null });
    const good = await bytesOf("teacher-1");
    await writeFile(inFolder("teacher-1", "best.safetensors"), await bytesOf("alone"));
    const refused = await lenet(["train", "--resume", "killed"]);
    expect(refused).toMatchObject({ code: 1 });
    await writeFile(inFolder("teacher-1", "best.safetensors"), good);
    expect(await lenet(["train", "--resume", "killed"])).toMatchObject({ code: 0 });
    for (const name of ["best.safetensors", "last.ckpt"]) {
      expect((await bytesOf("whole", name)).equals(await bytesOf("killed", name)), name).toBe(true);
    }
  });

  it("learns from soft labels of another program", async () => {
    const logits = Float32Array.from({ length: IMAGES.train * 10 }, (_, index) => (index * 7) % 13);
    const file = writeSafetensors(new Map([["logits", { shape: [IMAGES.train, 10], data: logits }]]));
    await writeFile(inFolder("labels.safetensors"), file);
    const soft = ["--soft-labels", "labels.safetensors"];
    expect(await train("--epochs", "2", ...soft, "--out", "soft")).toMatchObject({ code: 0 });
    expect((await bytesOf("soft")).equals(await bytesOf("alone"))).toBe(false);
    expect((await configOf("soft")).teachers).toMatchObject([{ type: "softLabels" }]);
  });

  it("is refused without its files", async () => {
    expect(await train("--teacher", "nowhere", "--out", "x")).toMatchObject({ code: 1, stderr: /nowhere/ });
    expect(await train("--teacher", "teacher-1", "--soft-labels", "x", "--out", "x")).toMatchObject({ code: 2 });
  });
});

describe("the recipe distilled", () => {
  it("trains its teacher first and says so; the next run finds it", async () => {
    await writeFile(inFolder("short.json"), JSON.stringify({ extends: "distilled", epochs: 1 }));
    const args = ["train", "--data", "images", "--config", "short.json"];
    const first = await lenet([...args, "--out", "first"]);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toContain("learns from a teacher, which is trained first: runs/images-teacher-seed0");
    expect((await configOf("runs/images-teacher-seed0")).recipe).toMatchObject({ name: "teacher", epochs: 24 });
    const second = await lenet([...args, "--out", "second"]);
    expect(second.stdout).toContain("learns from a teacher: runs/images-teacher-seed0");
    expect((await bytesOf("first")).equals(await bytesOf("second"))).toBe(true);
  });
});

describe("stages", () => {
  it("are refused if no checkpoint of the network could be read", async () => {
    await writeFile(inFolder("huge.json"), JSON.stringify({ extends: "best", stages: [[512, 512, 512]] }));
    expect(await train("--config", "huge.json", "--out", "huge")).toMatchObject({
      code: 1,
      stderr: /the network has 12,\d{3},\d{3} parameters; at most 3,200,000 can be trained/,
    });
  });
});

describe("a sweep with a teacher", () => {
  it("trains every run as alone", async () => {
    const args = ["sweep", "--data", "images", "--seeds", "3,4", "--set", "epochs=2", "--set", "batch=32"];
    expect(await lenet([...args, "--teacher", "teacher-1", "teacher-2", "--out", "swept"])).toMatchObject({ code: 0 });
    const teachers = ["--teacher", "teacher-1", "teacher-2"];
    expect(await train("--epochs", "2", ...teachers, "--out", "single")).toMatchObject({ code: 0 });
    expect((await bytesOf("swept/epochs=2_batch=32_seed=3")).equals(await bytesOf("single"))).toBe(true);
  });

  it("refuses the recipe distilled without a teacher", async () => {
    const { code, stderr } = await lenet(["sweep", "--data", "images", "--recipe", "distilled", "--seeds", "1"]);
    expect({ code, stderr: stderr.trimEnd().split("\n").at(-1) }).toEqual({
      code: 1,
      stderr: "lenet: the recipe distilled learns from a teacher: name it with --teacher",
    });
  });
});

describe("training options", () => {
  it("change the recipe", async () => {
    const options = ["--optimizer", "sgd", "--dropout", "0.3", "--patience", "4", "--class-weights", "balanced"];
    expect(await train("--epochs", "1", "--lr", "0.01", ...options, "--out", "options")).toMatchObject({ code: 0 });
    const { recipe } = await configOf("options");
    expect(recipe).toMatchObject({
      optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
      dropout: 0.3,
      patience: 4,
    });
    expect(recipe.classWeights).toHaveLength(10);
  });

  it("are refused if they are wrong", async () => {
    expect(await train("--class-weights", "1,x")).toMatchObject({ code: 2 });
    expect(await train("--optimizer", "best")).toMatchObject({ code: 2 });
    expect(await train("--class-weights", "1,2", "--out", "x")).toMatchObject({
      code: 1,
      stderr: "lenet: there are 2 class weights, but images has 10 classes\n",
    });
  });
});

describe("a fit on all images", () => {
  it("says that nothing is held out, and keeps the last weights", async () => {
    const { stdout } = await train("--epochs", "3", "--val-split", "0", "--out", "all");
    expect(stdout).toContain("nothing is held out: the weights of the last epoch are kept");
    expect(JSON.parse(await readFile(inFolder("all", "result.json"), "utf8")).bestEpoch).toBe(3);
  });
});

describe("a cross-validation", () => {
  it("trains a run for each fold and reports their mean", async () => {
    const args = ["sweep", "--data", "images", "--folds", "3", "--epochs", "1", "--out", "folds", "--json"];
    const { code, stdout } = await lenet(args);
    expect(code).toBe(0);
    const { combinations, runs } = JSON.parse(stdout);
    expect(runs.map(({ run, fold, seed }: Record<string, unknown>) => [run, fold, seed])).toEqual([
      ["fold=1_seed=0", 1, 0],
      ["fold=2_seed=0", 2, 0],
      ["fold=3_seed=0", 3, 0],
    ]);
    const accuracies = runs.map(({ validationAccuracy }: { validationAccuracy: number }) => validationAccuracy);
    const mean = accuracies.reduce((sum: number, one: number) => sum + one, 0) / 3;
    expect(combinations[0].validationAccuracy.mean).toBeCloseTo(mean, 12);
    const { recipe } = await configOf("folds/fold=2_seed=0");
    expect(recipe.fold).toEqual({ number: 2, of: 3 });
    const csv = await readFile(inFolder("folds", "sweep.csv"), "utf8");
    expect(csv.split("\n")[0]).toMatch(/^run,fold,seed,status/);
    expect(csv.split("\n")[1]).toMatch(/^"?fold=1_seed=0"?,1,0,finished/);
  });

  it("is refused beside a comparison of splits", async () => {
    expect(await lenet(["sweep", "--folds", "3", "--set", "val-split=0.1,0.2"])).toMatchObject({ code: 2 });
  });
});
