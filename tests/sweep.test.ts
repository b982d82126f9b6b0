import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateDigits } from "../src/data/index.js";
import { interruptOnceThere, type RunOptions, runProgram } from "./support/program.js";
import { sweepContents } from "./support/sweepContents.mjs";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-sweep-"));
  await mkdir(inFolder("few"));
  await writeDigits("train", "train", 1000);
  await writeDigits("test", "t10k", 200);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const lenet = (args: string, options?: RunOptions) => runProgram(folder, args.split(" "), options);
const inFolder = (name: string) => join(folder, name);
const readJson = async (name: string) => JSON.parse(await readFile(inFolder(name), "utf8"));
const lines = (text: string) => text.trimEnd().split("\n");

/** Writes a few generated digits as IDX files; an epoch takes a fraction of a second. */
async function writeDigits(part: "train" | "test", name: string, count: number): Promise<void> {
  const { images, labels, height, width } = generateDigits({ seed: 0, part, count });
  const idx = (bytes: Uint8Array, ...extents: number[]) => {
    const header = Buffer.alloc(4 + 4 * extents.length);
    header.writeUInt16BE(0x0800 + extents.length, 2);
    extents.forEach((extent, axis) => {
      header.writeUInt32BE(extent, 4 + 4 * axis);
    });
    return Buffer.concat([header, bytes]);
  };
  await writeFile(inFolder(`few/${name}-images-idx3-ubyte`), idx(images, count, height, width));
  await writeFile(inFolder(`few/${name}-labels-idx1-ubyte`), idx(labels, count));
}

describe("lenet sweep reports wrong usage in one line, with exit code 2", () => {
  const invalid = (option: string, value: string, why: string) =>
    `option '${option}' argument '${value}' is invalid. ${why}`;
  it.each([
    ["--seeds 3,3", invalid("--seeds <n|list>", "3,3", "Seed 3 is listed twice")],
    [
      "--set lr=1e-3,x",
      invalid("--set <key=values>", "lr=1e-3,x", '"x" is not valid for lr: it must be a number above 0 and below 100'),
    ],
    [
      "--set lr=1 --set lr=2",
      invalid("--set <key=values>", "lr=2", "The key lr is already set: list all its values in one --set"),
    ],
    [
      "--recipe paper --set recipe=paper,improved",
      "option '--recipe <name>' cannot be used with option '--set recipe=…'",
    ],
    [
      "--seeds 1000 --set batch=1,2,3,4,5,6,7,8,9,10,11",
      "all combinations and seeds make 11,000 runs, but the limit is 10,000",
    ],
    ["--resume a --set lr=1", "option '--resume <sweep>' cannot be used with option '--set <key=values>'"],
    ["--epochs 2 --set epochs=1,2", "option '--epochs <n>' cannot be used with option '--set epochs=…'"],
    ["--config a.json --set recipe=paper", "option '--config <file>' cannot be used with option '--set recipe=…'"],
    ["--index 3", "option '--index <i>' needs '--out <dir>' or '--resume <sweep>'"],
    ["--set lr=1..2", "option '--set lr=1..2' needs '--sample <n>', as a range has no list of values"],
    ["--sample 3", "option '--sample <n>' needs '--set <key=values>'"],
    [
      "--sample 3 --set batch=1,2",
      "option '--sample <n>' argument '3' is invalid. there are hardly more than 2 different combinations: sample fewer",
    ],
    ["--halving 2 --index 1", "option '--halving <n>' cannot be used with option '--index <i>'"],
    ["--collect a --index 3", "option '--collect <sweep...>' cannot be used with option '--index <i>'"],
  ])("%s", async (args, message) => {
    const stderr = `lenet: ${message}; see "lenet sweep --help"\n`;
    expect(await lenet(`sweep ${args}`)).toEqual({ code: 2, stdout: "", stderr });
  });
});

it("says in one line that a folder exists, is missing or is not a sweep folder", async () => {
  await mkdir(inFolder("taken"));
  const failureOf = async (args: string) => (await lenet(`sweep ${args}`)).stderr;
  expect(await failureOf("--out taken")).toBe(
    "lenet: taken already exists: choose another folder with --out, or continue its sweep with --resume\n",
  );
  expect(await failureOf("--resume nowhere")).toBe("lenet: nowhere does not exist\n");
  expect(await failureOf("--resume taken")).toBe("lenet: taken is not a sweep folder: it has no sweep.config.json\n");
});

it("trains every combination with every seed; lists a failed run and continues with the others", async () => {
  const { code, stdout, stderr } = await lenet(
    "sweep --data few --set weight-decay=0.01,90 --set epochs=2 --set lr=0.1 --seeds 3,7 --json --out grid",
  );
  expect(code).toBe(1);
  expect(lines(stderr).at(-1)).toBe("lenet: 2 of 4 runs failed, see the reasons above");
  const report = JSON.parse(stdout);
  expect(report).toEqual(await readJson("grid/sweep.json"));
  const names = [3, 7].flatMap((seed) =>
    ["0.01", "90"].map((decay) => `weight-decay=${decay}_epochs=2_lr=0.1_seed=${seed}`),
  );
  expect((await readdir(inFolder("grid"))).sort()).toEqual(
    [...names, ...["config.json", "csv", "html", "json", "png", "svg"].map((end) => `sweep.${end}`)].sort(),
  );
  expect(report.runs.map(({ run }: { run: string }) => run)).toEqual(names);
  expect(report.runs.map(({ status }: { status: string }) => status)).toEqual([
    "finished",
    "failed",
    "finished",
    "failed",
  ]);
  expect(report.runs[1].reason).toMatch(/^the training diverged in epoch 1: the loss is NaN at learning rate /);
  expect(report.combinations.map(({ failed }: { failed: number }) => failed)).toEqual([0, 2]);
  for (const index of [0, 2]) {
    const result = await readJson(`grid/${names[index]}/result.json`);
    expect(report.runs[index]).toMatchObject({
      validationAccuracy: result.bestValidationAccuracy,
      testAccuracy: result.test.accuracy,
    });
    expect(await readJson(`grid/${names[index]}/config.json`)).toMatchObject({
      seed: [3, 0, 7][index],
      threads: 1,
      recipe: { optimizer: { weightDecay: 0.01 }, schedule: { maximumLearningRate: 0.1 }, epochs: 2 },
    });
  }
  const { mean } = report.combinations[0].validationAccuracy;
  expect(mean).toBeCloseTo((report.runs[0].validationAccuracy + report.runs[2].validationAccuracy) / 2, 12);
  expect(lines(await readFile(inFolder("grid/sweep.csv"), "utf8"))).toHaveLength(5);
});

it("says how to resume after an interruption, and resumes to the same bits as lenet train", async () => {
  const sweep = "sweep --data few --set epochs=1,25,2 --set val-split=0.95 --seeds 1 --out broken";
  const run = "broken/epochs=25_val-split=0.95_seed=0";
  const interrupted = await lenet(`${sweep} --jobs 1`, interruptOnceThere(inFolder(`${run}/last.ckpt`)));
  expect(interrupted.code).toBe(130);
  expect(lines(interrupted.stderr)).toEqual([
    "lenet: interrupted after 1 of 3 runs; resume with: npx lenet sweep --resume broken",
  ]);
  const files = await readdir(inFolder(run));
  expect(files).toContain("last.ckpt");
  expect(files).not.toContain("result.json");
  expect(await readdir(inFolder("broken"))).toHaveLength(3);
  const short = inFolder("broken/epochs=1_val-split=0.95_seed=0/result.json");
  const before = await readFile(short, "utf8");

  const resumed = await lenet("sweep --resume broken");
  expect({ code: resumed.code, stderr: resumed.stderr }).toEqual({ code: 0, stderr: "" });
  expect(resumed.stdout).toMatch(/\n3 runs of LeNet-5 on few, \d+ in parallel, 1 already finished\n/);
  expect(await readFile(short, "utf8")).toBe(before);
  const { runs } = await readJson("broken/sweep.json");
  expect(runs.map(({ status }: { status: string }) => status)).toEqual(Array(3).fill("finished"));

  await lenet("train --data few --epochs 25 --val-split 0.95 --seed 0 --threads 1 --out single");
  for (const name of ["model.pth", "best.safetensors", "last.ckpt"]) {
    const [bytes, others] = await Promise.all([run, "single"].map((path) => readFile(inFolder(join(path, name)))));
    expect(bytes.equals(others), name).toBe(true);
  }
});

describe("runs that are trained by themselves", () => {
  const settings = "--data few --epochs 2 --batch 64 --augment none --set lr=1e-3,2e-3 --seeds 3-4 --jobs 1";
  const train = (out: string, index: number) => lenet(`sweep ${settings} --out ${out} --index ${index}`);

  it("are collected to the sweep of one machine, byte for byte but times", async () => {
    const whole = await lenet(`sweep ${settings} --out whole`);
    expect(whole.stderr).toBe("");
    // Two at once: one of them creates the folder.
    const [first, second] = await Promise.all([train("shared", 0), train("shared", 2)]);
    expect([first, second].map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array(2).fill({ code: 0, stderr: "" }),
    );
    expect(first.stdout).toMatch(/run 0 of 4 runs: shared\/lr=1e-3_seed=3/);
    expect((await lenet("sweep --collect shared")).stderr).toBe(
      "lenet: shared: 2 of 4 runs are not finished, train them with --index: 1,3\n",
    );
    expect((await train("shared", 2)).stdout).toMatch(/it is already finished\n$/);
    for (const index of [1, 3]) await train("other", index);
    const collected = await lenet("sweep --collect shared other");
    expect(collected.stderr).toBe("");
    expect(await sweepContents(inFolder("shared"), "shared")).toEqual(await sweepContents(inFolder("whole"), "whole"));
    expect(collected.stdout).toMatch(/^settings +runs +val acc /);
  });

  it("are refused if the index or the settings do not belong to the sweep", async () => {
    expect((await train("shared", 4)).stderr).toBe("lenet: --index must be from 0 to 3: there are 4 runs\n");
    expect((await lenet("sweep --data few --epochs 3 --seeds 3 --out shared --index 0")).stderr).toBe(
      "lenet: shared is another sweep, they differ in its changes, --set and --seeds: choose another folder with --out\n",
    );
    await lenet("sweep --data few --epochs 3 --seeds 3 --out third --index 0 --jobs 1");
    expect((await lenet("sweep --collect shared third")).stderr).toBe(
      "lenet: third is not of the same sweep as shared\n",
    );
  });

  it("keep the reason why they failed", async () => {
    const diverging = "sweep --data few --epochs 1 --set weight-decay=90 --set lr=0.1 --seeds 1 --out diverging";
    expect((await lenet(`${diverging} --index 0`)).stderr).toMatch(
      /^lenet: weight-decay=90_lr=0.1_seed=0 failed: the training diverged in epoch 1: /,
    );
    const collected = await lenet("sweep --collect diverging");
    expect(collected.code).toBe(1);
    expect(collected.stdout).toMatch(/\nfailed: weight-decay=90_lr=0.1_seed=0: the training diverged in epoch 1: /);
    expect(collected.stderr).toBe("lenet: 1 of 1 run failed, see the reasons above\n");
  });

  it("are a fault if two that should be equal differ", async () => {
    const [run] = (await readdir(inFolder("other"))).filter((name) => name.startsWith("lr="));
    const path = inFolder(`other/${run}/result.json`);
    const result = await readFile(path, "utf8");
    await writeFile(path, result.replace(/"fingerprint": "...../, '"fingerprint": "00000'));
    expect((await lenet("sweep --collect shared other")).stderr).toMatch(
      /^lenet: other\/.* and shared\/.* should have the same weights, but differ: one of the machines computes wrongly\n$/,
    );
  });
});

it("takes a recipe file, and adds seeds to a finished sweep", async () => {
  await writeFile(inFolder("tiny.json"), '{"extends": "paper", "epochs": 2, "batchSize": 100, "augmentation": "none"}');
  const begun = await lenet("sweep --data few --config tiny.json --epochs 1 --seeds 2 --out seeds");
  expect(begun.stderr).toBe("");
  expect(begun.stdout).toMatch(/\ntiny {2,}2 {2}/);
  const added = await lenet("sweep --resume seeds --seeds 1-3");
  expect(added.stderr).toBe("");
  expect(added.stdout).toMatch(/\n4 runs of LeNet-5 on few, \d+ in parallel, 2 already finished\n/);
  const { runs } = await readJson("seeds/sweep.json");
  expect(runs.map(({ run }: { run: string }) => run)).toEqual([0, 1, 2, 3].map((seed) => `seed=${seed}`));
  expect(await readJson("seeds/seed=3/config.json")).toMatchObject({
    seed: 3,
    recipe: { name: "tiny", activation: "sigmoid", epochs: 1, batchSize: 100, augmentation: { cropPadding: 0 } },
  });
});

it("stops the worse half of a sample after each rung; the best ends with the bits of a run that never paused", async () => {
  const settings = "--epochs 4 --sample 4 --set lr=1e-4..1e-1:log --set batch=50,100 --seeds 2 --halving 2";
  const { stdout, stderr } = await lenet(`sweep --data few ${settings} --out halved`);
  expect(stderr).toBe("");
  expect(stdout).toMatch(/\n2 of 4 combinations go on\n(?:.*\n)*1 of 2 combinations go on\n/);
  const { runs, combinations } = await readJson("halved/sweep.json");
  expect(combinations.map(({ stoppedAfter }: { stoppedAfter?: number }) => stoppedAfter)).toEqual([undefined, 2, 1, 1]);
  const ended = (status: string) => runs.filter((run: { status: string }) => run.status === status);
  expect([ended("finished").length, ended("stopped").length]).toEqual([2, 6]);
  // At the first rung, nobody that was stopped was better than who goes on.
  const means = new Map<string, number>();
  for (const { run, settings: of } of runs) {
    const [, first] = lines(await readFile(inFolder(`halved/${run}/history.csv`), "utf8"));
    means.set(JSON.stringify(of), (means.get(JSON.stringify(of)) ?? 0) + Number(first.split(",")[4]) / 2);
  }
  const [best, second, ...stopped] = combinations.map(({ settings: of }: { settings: object }) =>
    means.get(JSON.stringify(of)),
  );
  expect(Math.min(best, second)).toBeGreaterThanOrEqual(Math.max(...stopped));

  const [{ run, settings: of, seed }] = ended("finished");
  await lenet(
    `train --data few --epochs 4 --lr ${of.lr} --batch ${of.batch} --seed ${seed} --threads 1 --out straight`,
  );
  for (const name of ["model.pth", "best.safetensors", "last.ckpt", "previous.ckpt"]) {
    const [bytes, others] = await Promise.all(
      [`halved/${run}`, "straight"].map((path) => readFile(inFolder(join(path, name)))),
    );
    expect(bytes.equals(others), name).toBe(true);
  }
  expect(await readFile(inFolder("halved/sweep.html"), "utf8")).toContain("All runs are compared after 1 epoch");
  // Once more: everything is decided, and nothing is trained.
  const before = await sweepContents(inFolder("halved"), "halved");
  expect((await lenet("sweep --resume halved")).stderr).toBe("");
  expect(await sweepContents(inFolder("halved"), "halved")).toEqual(before);
  expect((await lenet("sweep --resume halved --seeds 3")).stderr).toMatch(/more cannot be added\n$/);
});
