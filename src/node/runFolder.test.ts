import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeCheckpoint } from "../formats/checkpoint.js";
import { FormatError } from "../formats/errors.js";
import { readModelMetadata } from "../formats/modelMetadata.js";
import { readPth } from "../formats/pth/pth.js";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.js";
import { initializeParameters, type Model, type NamedTensors } from "../model/index.js";
import type { RunConfig } from "../runs/config.js";
import { formatHistory, parseHistory } from "../runs/history.js";
import type { EpochRecord, TrainingState } from "../training/epochs.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { saveCheckpoint } from "./checkpointFiles.js";
import { loadWeights } from "./loadWeights.js";
import { findRunFolders, readRun, runFolderOf } from "./runFiles.js";
import { RunFolder, readRunConfig } from "./runFolder.js";

// Small, as all tests write and compare several copies of its parameters.
const model: Model = {
  input: { channels: 1, height: 12, width: 12 },
  layers: [
    { type: "conv2d", name: "conv1", outChannels: 2, kernel: 5, stride: 1, padding: 0 },
    { type: "sigmoid" },
    { type: "averagePool2d", kernel: 2, stride: 2 },
    { type: "flatten" },
    { type: "linear", name: "fc1", outFeatures: 3 },
  ],
};

const config: RunConfig = {
  versions: { lenet: "0.1.0", node: "20.19.0", v8: "11.3" },
  startedAt: "2026-01-02T03:04:05.678Z",
  recipe: RECIPES.paper,
  scheduleRestarts: [],
  seed: 5,
  model,
  parameterCount: 17_000,
  data: {
    name: "digits",
    resize: "contain",
    background: 0,
    checksum: "abc",
    images: 100,
    classes: ["a", "b", "c"],
    generated: true,
  },
  threads: 2,
  arithmetic: "wasm-fused",
};

const record = (epoch: number): EpochRecord => ({
  epoch,
  trainLoss: 1 / 3,
  trainAccuracy: 0.1 + 0.2,
  validationLoss: 1e-7,
  validationAccuracy: epoch / 10,
  learningRate: 1.2e-8,
  trainSeconds: 1.5,
  validationSeconds: 0.25,
});

const weights = (seed: number): NamedTensors<Float32Array> => initializeParameters(model, seed);

/** The state after an epoch; the best epoch may be an earlier one. */
const state = (epoch: number, bestEpoch: number): TrainingState => ({
  epoch,
  parameters: weights(epoch),
  optimizer: { first: weights(100 + epoch), second: weights(200 + epoch) },
  best: { epoch: bestEpoch, validationAccuracy: bestEpoch / 10, parameters: weights(bestEpoch) },
});

let parent: string;
let path: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "lenet-run-"));
  path = join(parent, "deep", "run");
});
afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

async function messageOf(action: Promise<unknown>): Promise<string> {
  const message = await action.then(
    () => "nothing went wrong",
    (error: Error) => error.message,
  );
  expect(message).not.toContain("\n");
  return message.replaceAll(path, "RUN").replaceAll(parent, "PARENT");
}

/** A closed run with epochs, of which the second is the best. */
async function makeRun(epochs = 3, of = config): Promise<RunFolder> {
  const folder = await RunFolder.create(path, of);
  for (let epoch = 1; epoch <= epochs; epoch++) await folder.keepEpoch(record(epoch), state(epoch, Math.min(epoch, 2)));
  await folder.close();
  return folder;
}

/** Changes one byte of a file; a negative position counts from its end. */
async function damage(name: string, at: number): Promise<void> {
  const bytes = await readFile(join(path, name));
  bytes[at < 0 ? bytes.length + at : at] ^= 1;
  await writeFile(join(path, name), bytes);
}

/** Which of a run's files an action writes: each write gives a name to another file. */
async function writtenBy(action: () => Promise<unknown>): Promise<string[]> {
  const before = new Map<string, number>();
  for (const name of await filesOf(path)) before.set(name, (await stat(join(path, name))).ino);
  // Otherwise a new file could have the number of the one that it replaces.
  const kept = join(parent, "kept");
  await mkdir(kept);
  for (const name of before.keys()) await link(join(path, name), join(kept, name));
  await action();
  const written: string[] = [];
  for (const name of await filesOf(path)) {
    if (before.get(name) !== (await stat(join(path, name))).ino) written.push(name);
  }
  await rm(kept, { recursive: true });
  return written;
}

const rows = async () => parseHistory(await readFile(join(path, "history.csv"), "utf8"));
const filesOf = async (folder: string) => (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();

describe("a run folder", () => {
  it("has a config and an empty history from the start", async () => {
    await RunFolder.create(path, config);
    expect(await filesOf(path)).toEqual(["config.json", "history.csv"]);
    expect(JSON.parse(await readFile(join(path, "config.json"), "utf8"))).toEqual(config);
    expect(await readRunConfig(path)).toEqual(config);
    expect(await readFile(join(path, "history.csv"), "utf8")).toBe(
      "epoch,train_loss_all,train_acc_all,val_loss_all,val_acc_all,lr,train_seconds,val_seconds\n",
    );
  });

  it("holds each epoch's row, the best weights and the checkpoint after each epoch", async () => {
    const folder = await makeRun();
    expect((await readdir(path)).sort()).toEqual([
      ...["best.safetensors", "config.json", "history.csv", "last.ckpt", "model.pth", "previous.ckpt"],
    ]);
    expect((await readFile(join(path, "history.csv"), "utf8")).split("\n")).toEqual([
      "epoch,train_loss_all,train_acc_all,val_loss_all,val_acc_all,lr,train_seconds,val_seconds",
      "1,0.3333333333333333,0.30000000000000004,1e-7,0.1,1.2e-8,1.5,0.25",
      "2,0.3333333333333333,0.30000000000000004,1e-7,0.2,1.2e-8,1.5,0.25",
      "3,0.3333333333333333,0.30000000000000004,1e-7,0.3,1.2e-8,1.5,0.25",
      "",
    ]);
    expect(folder).toMatchObject({ epochs: 3, seconds: 5.25 });
    expect(readPth(await readFile(join(path, "model.pth"))).tensors).toEqual(weights(2));
    const { tensors, metadata } = readSafetensors(await readFile(join(path, "best.safetensors")));
    expect(tensors).toEqual(weights(2));
    expect(readModelMetadata(metadata)).toEqual({
      model,
      classes: ["a", "b", "c"],
      normalization: { mean: [0.5], std: [0.5] },
      framing: { resize: "contain", background: 0 },
      recipe: "paper",
      data: "digits",
      epoch: 2,
      validationAccuracy: 0.2,
      run: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("draws its curves, once there are epochs", async () => {
    const folder = await RunFolder.create(path, config);
    await folder.drawCurves();
    expect(await readdir(path)).not.toContain("curves.svg");
    await folder.keepEpoch(record(1), state(1, 1));
    await folder.drawCurves();
    expect(await readFile(join(path, "curves.svg"), "utf8")).toMatch(
      /^<svg.*LeNet-5 paper on digits.*seed .*<\/svg>\s*$/s,
    );
    expect((await readFile(join(path, "curves.png"))).subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
  });

  it("is not created over another one, nor where it cannot be", async () => {
    await makeRun(1);
    const before = await readFile(join(path, "last.ckpt"));
    expect(await messageOf(RunFolder.create(path, config))).toBe("cannot create the folder RUN: it exists already");
    expect(await readFile(join(path, "last.ckpt"))).toEqual(before);
    expect(await messageOf(RunFolder.create(join(path, "config.json", "below"), config))).toMatch(
      /^cannot create the folder RUN\/config.json\/below: /,
    );
  });

  it("is not left behind if its first file cannot be written", async () => {
    // JSON has no such number. This stands for any failure of the first write.
    const broken = { ...config, seed: 1n } as unknown as RunConfig;
    await expect(RunFolder.create(path, broken)).rejects.toThrow();
    expect(await readdir(join(parent, "deep"))).toEqual([]);
  });
});

describe("a reopened run folder", () => {
  it("resumes from its checkpoint", async () => {
    await makeRun();
    const { folder, state: read, repairs } = await RunFolder.reopen(path);
    expect(read).toEqual(state(3, 2));
    expect(repairs).toEqual([]);
    expect(folder.config).toEqual(config);
    expect(folder.records).toEqual([1, 2, 3].map(record));
    await folder.keepEpoch(record(4), state(4, 4));
    expect(await rows()).toEqual([1, 2, 3, 4].map(record));
    expect(readPth(await readFile(join(path, "model.pth"))).tensors).toEqual(weights(4));
  });

  it("undoes an epoch whose checkpoint was not written", async () => {
    const made = await RunFolder.create(path, config);
    await made.keepEpoch(record(1), state(1, 1));
    const checkpoint = await readFile(join(path, "last.ckpt"));
    await made.keepEpoch(record(2), state(2, 2));
    await made.close();
    await writeFile(join(path, "last.ckpt"), checkpoint);
    await writeFile(join(path, ".lenet-77-0123abcd.tmp"), checkpoint.subarray(0, 100));
    const { folder, state: read, repairs } = await RunFolder.reopen(path);
    expect(read).toEqual(state(1, 1));
    expect(folder.epochs).toBe(1);
    expect(repairs).toEqual(["removed 1 temporary file from an interrupted write"]);
    expect(await rows()).toEqual([record(1)]);
    expect(readPth(await readFile(join(path, "model.pth"))).tensors).toEqual(weights(1));
    expect(readSafetensors(await readFile(join(path, "best.safetensors"))).tensors).toEqual(weights(1));
  });

  it.each([
    ["a changed byte of the last weight", () => damage("last.ckpt", -33), "its checksum does not match"],
    ["a changed byte of its header", () => damage("last.ckpt", 60), /^/],
    ["a changed byte of its checksum", () => damage("last.ckpt", -1), "its checksum does not match"],
    [
      "its end cut off",
      async () => truncate(join(path, "last.ckpt"), (await stat(join(path, "last.ckpt"))).size - 100),
      /^safetensors: tensor "best.fc1.weight": its data ends at/,
    ],
    ["no content", () => truncate(join(path, "last.ckpt")), "safetensors: the file has only 0 bytes"],
  ])("resumes from the previous checkpoint if the last one has %s", async (_, change, fault) => {
    await makeRun();
    await change();
    const { folder, state: read, repairs } = await RunFolder.reopen(path);
    expect(read).toEqual(state(2, 2));
    expect(await rows()).toEqual([1, 2].map(record));
    const [, told] =
      /^the last checkpoint was damaged \(last.ckpt: (.*)\): resuming from the previous one, epoch 2$/.exec(
        repairs.join(),
      )!;
    if (typeof fault === "string") expect(told).toBe(fault);
    else expect(told).toMatch(fault);
    // The damaged checkpoint does not become the previous one.
    expect(await filesOf(path)).not.toContain("previous.ckpt");
    await folder.close();
    const again = await RunFolder.reopen(path);
    expect(again).toMatchObject({ state: { epoch: 2 }, repairs: [] });
  });

  it("resumes from the previous checkpoint if the last one is missing", async () => {
    await makeRun();
    await rm(join(path, "last.ckpt"));
    const { state: read, repairs } = await RunFolder.reopen(path);
    expect(read).toEqual(state(2, 2));
    expect(repairs).toEqual(["the last checkpoint is missing: resuming from the previous one, epoch 2"]);
  });

  it.each([
    ["the name of its checksum", "sha256", "sha257", /^the checkpoint has an unknown tensor "sha257"$/],
    ["its identity", "identity", "idintity", /^its checksum does not match$/],
  ])("resumes from the previous checkpoint if %s is damaged", async (_, text, other, fault) => {
    await makeRun();
    const bytes = await readFile(join(path, "last.ckpt"), "latin1");
    await writeFile(join(path, "last.ckpt"), bytes.replace(text, other), "latin1");
    const { repairs } = await RunFolder.reopen(path);
    expect(/\(last.ckpt: (.*)\)/.exec(repairs.join())?.[1]).toMatch(fault);
  });

  it.each([
    ["arithmetic", { arithmetic: "wasm-portable" }],
    ["arithmetic", { kernels: 2 }],
    ["recipe", { recipe: { ...config.recipe, labelSmoothing: 0.25 } }],
    ["recipe", { recipe: { ...config.recipe, epochs: 101 } }],
    ["seed", { seed: 6 }],
    ["model", { model: { ...model, layers: model.layers.with(1, { type: "relu" }) } }],
    ["training images", { data: { ...config.data, checksum: "abd" } }],
    ["validation images", { data: { ...config.data, validationCount: 3 } }],
    ["test images", { data: { ...config.data, testChecksum: "abc" } }],
  ])("is refused if its config has changed: %s", async (part, change) => {
    await makeRun();
    await writeFile(join(path, "config.json"), JSON.stringify({ ...config, ...change }));
    expect(await messageOf(RunFolder.reopen(path))).toBe(
      `RUN: last.ckpt does not belong to config.json, they differ in ${part}: restore the file that was changed, or resume a folder that holds only config.json to train from scratch`,
    );
  });

  it("is refused with another run's checkpoint, also if that is the previous one", async () => {
    await makeRun();
    const other = await RunFolder.create(join(parent, "other"), { ...config, seed: 7 });
    await other.keepEpoch(record(1), state(1, 1));
    await copyFile(join(parent, "other", "last.ckpt"), join(path, "last.ckpt"));
    expect(await messageOf(RunFolder.reopen(path))).toMatch(/^RUN: last.ckpt does not belong .* differ in seed: /);
    await copyFile(join(parent, "other", "last.ckpt"), join(path, "previous.ckpt"));
    await rm(join(path, "last.ckpt"));
    expect(await messageOf(RunFolder.reopen(path))).toMatch(/^RUN: previous.ckpt does not belong .* differ in seed: /);
  });

  it("does not give out another run's weights", async () => {
    await makeRun();
    expect((await loadWeights(path)).metadata?.run).toMatch(/^[0-9a-f]{64}$/);
    await writeFile(join(path, "config.json"), JSON.stringify({ ...config, seed: 8 }));
    expect(await messageOf(loadWeights(path))).toMatch(/^RUN: best.safetensors does not belong to config.json: /);
  });

  it("resumes from a checkpoint without a checksum, as early versions wrote it", async () => {
    await makeRun();
    const { tensors, metadata } = readSafetensors(writeCheckpoint(state(3, 2)));
    const unsealed = new Map([...tensors].filter(([name]) => name !== "sha256"));
    await writeFile(join(path, "last.ckpt"), writeSafetensors(unsealed, metadata));
    expect(await RunFolder.reopen(path)).toMatchObject({ state: state(3, 2), repairs: [] });
  });

  it("is extended if it is finished, which its config records at once", async () => {
    const done = { ...config, recipe: { ...config.recipe, epochs: 3 } };
    await makeRun(3, done);
    await writeFile(join(path, "result.json"), JSON.stringify({ epochs: 3, test: {} }));
    const { folder, state: read } = await RunFolder.reopen(path, 5);
    expect(read).toEqual(state(3, 2));
    expect(await readRunConfig(path)).toEqual(done);
    await folder.extend(5);
    const extended = { ...done, recipe: { ...done.recipe, epochs: 5 }, scheduleRestarts: [3], epochsBefore: [3] };
    expect(await readRunConfig(path)).toEqual(extended);
    expect(folder.config).toEqual(extended);
    await folder.close();
    // No longer finished, although the old result is still there.
    await (await RunFolder.reopen(path)).folder.close();
    expect(await messageOf(RunFolder.reopen(path, 7))).toBe(
      "RUN is not finished, and only a finished run can be extended: first resume it without --epochs to complete its 5 epochs",
    );
  });

  it("is extended again, also after an extension by an early version, which did not note the epochs before", async () => {
    const early = { ...config, recipe: { ...config.recipe, epochs: 5 }, scheduleRestarts: [2] };
    await makeRun(4, early);
    await writeFile(join(path, "result.json"), JSON.stringify({ epochs: 4 }));
    const { folder } = await RunFolder.reopen(path, 6);
    await folder.extend(6);
    expect(folder.config).toMatchObject({ scheduleRestarts: [2, 4], epochsBefore: [2, 5], recipe: { epochs: 6 } });
    await folder.keepEpoch(record(5), state(5, 2));
    await folder.extend(9);
    expect(await readRunConfig(path)).toMatchObject({ scheduleRestarts: [2, 4, 5], epochsBefore: [2, 5, 6] });
  });

  it("notes where its images are, if that is elsewhere, under the name that they had", async () => {
    const folder = await RunFolder.create(path, { ...config, data: { ...config.data, path: "/a", directory: "/b" } });
    const note = (place: { path?: string; directory?: string }) =>
      writtenBy(() => folder.noteData({ name: "other", ...place }));
    expect(await note({ path: "/a", directory: "/b" })).toEqual([]);
    for (const place of [{ path: "/c", directory: "/b" }, { path: "/c", directory: "/d" }, { path: "/c" }]) {
      expect(await note(place)).toEqual(["config.json"]);
      expect(await readRunConfig(path)).toEqual({ ...config, data: { ...config.data, ...place } });
      expect(folder.config.data).toMatchObject({ name: "digits", ...place });
    }
  });

  it("notes that it moves to another device, and after which epoch", async () => {
    await makeRun(2);
    const { folder } = await RunFolder.reopen(path);
    await folder.moveTo({ arithmetic: "wasm-portable", kernels: 2 });
    const earlierDevices = [{ lastEpoch: 2, arithmetic: "wasm-fused" }];
    expect(await readRunConfig(path)).toEqual({ ...config, arithmetic: "wasm-portable", kernels: 2, earlierDevices });
    await folder.keepEpoch(record(3), state(3, 3));
    await folder.close();
    expect(await RunFolder.reopen(path)).toMatchObject({ state: { epoch: 3 }, repairs: [] });
  });

  it("has its weights written only when others are the best", async () => {
    await makeRun();
    const reopening = async () => (await RunFolder.reopen(path)).folder;
    let folder!: RunFolder;
    expect(await writtenBy(async () => (folder = await reopening()))).toEqual([]);
    const everyEpoch = ["history.csv", "last.ckpt", "previous.ckpt"];
    expect(await writtenBy(() => folder.keepEpoch(record(4), state(4, 2)))).toEqual(everyEpoch);
    expect(await writtenBy(() => folder.keepEpoch(record(5), state(5, 5)))).toEqual([
      ...["best.safetensors", ...everyEpoch.slice(0, 2), "model.pth", "previous.ckpt"],
    ]);
    expect(await writtenBy(() => folder.keepEpoch(record(6), state(6, 5)))).toEqual(everyEpoch);
    expect(await writtenBy(() => folder.keepWeights(state(6, 5).best))).toEqual([]);
    expect(await writtenBy(() => folder.keepWeights(state(6, 6).best))).toEqual(["best.safetensors", "model.pth"]);
    expect(readPth(await readFile(join(path, "model.pth"))).tensors).toEqual(weights(6));
    await folder.close();
    // As the checkpoint has them.
    await rm(join(path, "model.pth"));
    expect(await writtenBy(reopening)).toEqual(["best.safetensors", "model.pth"]);
    expect(readPth(await readFile(join(path, "model.pth"))).tensors).toEqual(weights(5));
  });

  it.each<[string, (kept: TrainingState, other: NamedTensors<Float32Array>) => Partial<TrainingState>]>([
    ["parameters", (_, other) => ({ parameters: other })],
    ["first moments", ({ optimizer }, other) => ({ optimizer: { ...optimizer, first: other } })],
    ["second moments", ({ optimizer }, other) => ({ optimizer: { ...optimizer, second: other } })],
    ["averages", ({ optimizer }, other) => ({ optimizer: { ...optimizer, average: other } })],
    ["best parameters", ({ best }, other) => ({ best: { ...best, parameters: other } })],
  ])("resumes from the previous checkpoint if the last one has %s of another model", async (_, change) => {
    await makeRun();
    const kept = state(3, 2);
    const other = new Map([...kept.parameters].filter(([name]) => name !== "fc1.bias"));
    await copyFile(join(path, "previous.ckpt"), join(parent, "before"));
    await saveCheckpoint(path, { ...kept, ...change(kept, other) });
    await copyFile(join(parent, "before"), join(path, "previous.ckpt"));
    const { state: read, repairs } = await RunFolder.reopen(path);
    expect(read).toEqual(state(2, 2));
    expect(repairs.join()).toMatch(/^the last checkpoint was damaged \(last.ckpt: the weights have no tensor fc1.bias/);
  });

  it("resumes with an average of the parameters", async () => {
    await makeRun(0);
    const averaged = { ...state(1, 1), optimizer: { ...state(1, 1).optimizer, average: weights(9) } };
    await writeFile(join(path, "history.csv"), formatHistory([record(1)]));
    await saveCheckpoint(path, averaged);
    expect(await RunFolder.reopen(path)).toMatchObject({ state: averaged, repairs: [] });
  });

  it.each([
    ["without its report", { epochs: 100 }, ["confusion.svg"]],
    ["without its confusion matrix", { epochs: 100 }, ["report.html"]],
    ["with a damaged result", "{", ["confusion.svg", "report.html"]],
    ["with a result of a text", { epochs: "100" }, ["confusion.svg", "report.html"]],
  ])("resumes a run %s", async (_, result, files) => {
    await makeRun();
    await writeFile(join(path, "result.json"), typeof result === "string" ? result : JSON.stringify(result));
    for (const name of files) await writeFile(join(path, name), "");
    expect(await RunFolder.reopen(path)).toMatchObject({ state: { epoch: 3 } });
  });

  it("counts one epoch and several files in words", async () => {
    const one = { ...config, recipe: { ...config.recipe, epochs: 1 } };
    await makeRun(0, one);
    expect(await messageOf(RunFolder.reopen(path, 2))).toMatch(/ to complete its 1 epoch$/);
    for (const name of [".lenet-77-0123abcd.tmp", ".lenet-77-0123abce.tmp"]) await writeFile(join(path, name), "");
    const { folder, repairs } = await RunFolder.reopen(path);
    expect(repairs).toEqual(["removed 2 temporary files from an interrupted write"]);
    await folder.writeResult({ epochs: 1 });
    for (const name of ["report.html", "confusion.svg"]) await writeFile(join(path, name), "");
    await folder.close();
    const complete = "RUN is complete (1 epoch, result in result.json); extend it with --epochs N, N above 1";
    expect(await messageOf(RunFolder.reopen(path))).toBe(complete);
    expect(await readFile(join(path, "result.json"), "utf8")).toBe('{\n  "epochs": 1\n}\n');
  });

  it("is refused in one line while it is open, and nothing in it changes", async () => {
    await makeRun();
    const { folder } = await RunFolder.reopen(path);
    const before = await readdir(path);
    expect(await messageOf(RunFolder.reopen(path))).toMatch(
      /^RUN is in use by process \d+ on \S+ since \S+; if that process no longer exists, remove \.lenet-\d+-[0-9a-f]{8}\.lock there$/,
    );
    expect(await readdir(path)).toEqual(before);
    await folder.keepEpoch(record(4), state(4, 2));
    await folder.close();
    expect(await filesOf(path)).toEqual(await readdir(path));
  });

  it("is not written to after it was removed, even if another run replaces it", async () => {
    await makeRun();
    const { folder } = await RunFolder.reopen(path);
    const gone = "RUN or its lock was removed during the run; nothing more will be written there";
    await rm(path, { recursive: true });
    expect(await messageOf(folder.keepEpoch(record(4), state(4, 2)))).toBe(gone);
    await makeRun(1);
    expect(await messageOf(folder.keepEpoch(record(4), state(4, 2)))).toBe(gone);
    expect(await rows()).toEqual([record(1)]);
  });

  it.each([
    ["with only a config.json", async () => rm(join(path, "history.csv"))],
    ["interrupted in its first epoch", async () => undefined],
    [
      "that ended before its first checkpoint",
      async () => writeFile(join(path, "history.csv"), formatHistory([record(1)])),
    ],
  ])("starts with the first epoch: a run %s", async (_, change) => {
    await makeRun(0);
    await change();
    const { folder, state: read } = await RunFolder.reopen(path);
    expect(read).toBeUndefined();
    expect(await rows()).toEqual([]);
    await folder.keepEpoch(record(1), state(1, 1));
    expect(await rows()).toEqual([record(1)]);
  });

  const put = (name: string, content: string | Uint8Array) => async () => writeFile(join(path, name), content);
  it.each([
    [
      "is finished",
      async () => {
        await put("result.json", '{"epochs":100}')();
        for (const name of ["report.html", "confusion.svg"]) await put(name, "")();
      },
      "RUN is complete (100 epochs, result in result.json); extend it with --epochs N, N above 100",
    ],
    ["has no config", () => rm(join(path, "config.json")), "RUN is not a run folder: it has no config.json"],
    ["does not exist", () => rm(path, { recursive: true }), "RUN does not exist"],
    ["has a truncated config", () => truncate(join(path, "config.json"), 99), "RUN: config.json is not JSON"],
    [
      "has a config with a fault",
      put("config.json", JSON.stringify({ ...config, seed: -1 })),
      /^RUN: config.json: seed: /,
    ],
    [
      "has two damaged checkpoints",
      async () => {
        await damage("last.ckpt", -40);
        await truncate(join(path, "previous.ckpt"), 0);
      },
      "RUN has no usable checkpoint left: last.ckpt: its checksum does not match; previous.ckpt: safetensors: the file has only 0 bytes; to train from scratch, resume a folder that holds only a copy of its config.json",
    ],
    [
      "has a damaged checkpoint and none before it",
      async () => {
        await damage("last.ckpt", -40);
        await rm(join(path, "previous.ckpt"));
      },
      /^RUN has no usable checkpoint left: last.ckpt: its checksum does not match; to train from scratch, /,
    ],
    [
      "has the checkpoints of another model",
      put(
        "config.json",
        JSON.stringify({ ...config, model: { ...model, input: { channels: 3, height: 12, width: 12 } } }),
      ),
      /^RUN has no usable checkpoint left: last.ckpt: conv1.weight: the weights have \[2, 1, 5, 5\], the model \[2, 3, 5, 5\]; previous.ckpt: /,
    ],
    [
      "has lost its checkpoints",
      async () => {
        for (const name of ["last.ckpt", "previous.ckpt"]) await rm(join(path, name));
      },
      "RUN: history.csv holds 3 epochs, but there is no last.ckpt",
    ],
    [
      "has lost rows",
      put("history.csv", formatHistory([record(1)])),
      "RUN: the checkpoint is from epoch 3, but history.csv ends at epoch 1",
    ],
    [
      "has a history with other columns",
      put("history.csv", "epoch,loss\n1,2\n"),
      /^RUN: history.csv: its columns are epoch,loss, expected epoch,train_loss_all,/,
    ],
    [
      "has a row with a gap",
      put("history.csv", formatHistory([record(1)]).replace("1e-7", "")),
      /^RUN: history.csv: row 1 is invalid: "1,/,
    ],
    [
      "has a row that is no number",
      put("history.csv", formatHistory([record(1)]).replace("1e-7", "NaN")),
      /^RUN: history.csv: row 1 is invalid: "1,/,
    ],
    [
      "has rows out of order",
      put("history.csv", formatHistory([record(2)])),
      /^RUN: history.csv: row 1 is invalid: "2,/,
    ],
  ])("is refused in one line if it %s", async (_, change, message) => {
    await makeRun();
    await change();
    const told = await messageOf(RunFolder.reopen(path));
    if (typeof message === "string") expect(told).toBe(message);
    else expect(told).toMatch(message);
    expect(await readdir(path).catch(() => [])).not.toContainEqual(expect.stringMatching(/\.lock$/));
  });

  it.each([
    [
      4,
      undefined,
      "is not finished, and only a finished run can be extended: first resume it without --epochs to complete its 100 epochs",
    ],
    [100, { epochs: 100 }, "already has 100 epochs: --epochs must be higher"],
  ])("is not extended to %i epochs if its result is %j", async (epochs, result, message) => {
    await makeRun();
    if (result) await writeFile(join(path, "result.json"), JSON.stringify(result));
    expect(await messageOf(RunFolder.reopen(path, epochs))).toBe(`RUN ${message}`);
  });
});

describe("loadWeights", () => {
  it("reads a run's best weights with their metadata", async () => {
    await makeRun();
    const loaded = await loadWeights(path, undefined);
    expect(loaded.parameters).toEqual(weights(2));
    expect(loaded).toMatchObject({ model, normalization: { mean: [0.5], std: [0.5] }, run: config });
    expect(loaded.metadata?.epoch).toBe(2);
    const file = await loadWeights(join(path, "best.safetensors"), undefined);
    expect(file).toEqual({ ...loaded, run: undefined });
  });

  it("reads the same from a run's model.pth", async () => {
    await makeRun();
    const file = await loadWeights(join(path, "best.safetensors"), undefined);
    expect(await loadWeights(join(path, "model.pth"), undefined)).toEqual(file);
  });

  it("infers the model of a .pth from the tensors' shapes and a recipe", async () => {
    const file = "tests/golden/paper-1x28x28.pth";
    const loaded = await loadWeights(file, RECIPES.paper);
    expect(loaded.model.input).toEqual({ channels: 1, height: 28, width: 28 });
    expect(loaded.model.layers[1]).toEqual({ type: "sigmoid" });
    expect(loaded.normalization).toEqual(RECIPES.paper.normalization);
    expect((await loadWeights(file, RECIPES.improved)).model.layers[1]).toEqual({ type: "relu" });
    expect(await messageOf(loadWeights(file, undefined))).toBe(
      `${file}: the file does not say which activation and pooling its model has; name its recipe with --recipe`,
    );
  });

  it.each([
    ["nowhere.pth", "cannot read RUN/nowhere.pth: no such file or folder"],
    ["nowhere", "cannot read RUN/nowhere: no such file or folder"],
    ["history.csv", "RUN/history.csv: the file is not a .pth, .safetensors or .onnx file"],
    ["large.pth", "cannot read RUN/large.pth: it has 33 MB; the limit is 32 MB"],
    ["last.safetensors", /^RUN\/last.safetensors: /],
    ["cut.pth", /^RUN\/cut.pth: /],
    ["cut.safetensors", /^RUN\/cut.safetensors: /],
    ["empty.pth", /^RUN\/empty.pth: /],
    ["empty.safetensors", /^RUN\/empty.safetensors: /],
    ["folder.pth", "RUN/folder.pth is not a run folder: it has no config.json"],
  ])("refuses %s in one line", async (name, message) => {
    await makeRun();
    const [pth, safetensors, checkpoint] = await Promise.all(
      ["model.pth", "best.safetensors", "last.ckpt"].map((file) => readFile(join(path, file))),
    );
    await writeFile(join(path, "last.safetensors"), checkpoint);
    await writeFile(join(path, "cut.pth"), pth.subarray(0, pth.length - 100));
    await writeFile(join(path, "cut.safetensors"), safetensors.subarray(0, safetensors.length - 1));
    await writeFile(join(path, "empty.pth"), "");
    await writeFile(join(path, "large.pth"), "");
    await truncate(join(path, "large.pth"), 32_000_001);
    await writeFile(join(path, "empty.safetensors"), "");
    await mkdir(join(path, "folder.pth"));
    const told = await messageOf(loadWeights(join(path, name), undefined));
    if (typeof message === "string") expect(told).toBe(message);
    else expect(told).toMatch(message);
  });
});

describe("finding runs", () => {
  /** An empty folder, or one with a run's config. */
  const put = async (name: string, isRun: boolean) => {
    await mkdir(join(parent, name), { recursive: true });
    if (isRun) await writeFile(join(parent, name, "config.json"), JSON.stringify(config));
  };

  it("finds the runs in a folder and its subfolders, in the order of the numbers in their names", async () => {
    const runs = ["a/10", "a/9", "b", "b/within", "c/2/3/4", "c/2/3/4/5", "d/2/3/4/5", ".hidden/run"];
    for (const name of runs) await put(name, true);
    await put("empty", false);
    await writeFile(join(parent, "file"), "");
    // A run is not searched for others, and neither is what is hidden or too deep.
    const found = ["a/9", "a/10", "b", "c/2/3/4"].map((name) => join(parent, name));
    expect(await findRunFolders(parent)).toEqual(found);
    expect(await findRunFolders(join(parent, "b"))).toEqual([join(parent, "b")]);
    expect(await findRunFolders(join(parent, "empty"))).toEqual([]);
    expect(await messageOf(findRunFolders(join(parent, "none")))).toBe(
      "cannot read the folder PARENT/none: no such file or folder",
    );
  });

  it("takes a run's file for the run", async () => {
    await put("run", true);
    await put("other", false);
    for (const name of ["run/last.ckpt", "run/notes.txt", "other/last.ckpt"]) await writeFile(join(parent, name), "");
    await mkdir(join(parent, "run", "model.pth"));
    const isRun = { "run/last.ckpt": true, "run/config.json": true, run: false };
    const isNot = {
      "run/notes.txt": false,
      "run/history.csv": false,
      "run/model.pth": false,
      "other/last.ckpt": false,
    };
    for (const [name, expected] of Object.entries({ ...isRun, ...isNot })) {
      expect(await runFolderOf(join(parent, name)), name).toBe(join(parent, expected ? "run" : name));
    }
  });
});

describe("readRun", () => {
  const result = { bestEpoch: 2, bestValidationAccuracy: 0.2, seconds: 5 };

  it("reads a run, finished or not", async () => {
    await makeRun(2);
    const history = [1, 2].map(record);
    expect(await readRun(path)).toEqual({ path, config, history, result: undefined });
    await writeFile(join(path, "result.json"), JSON.stringify(result));
    expect(await readRun(path)).toEqual({ path, config, history, result });
    await rm(join(path, "history.csv"));
    expect(await readRun(path)).toEqual({ path, config, history: [], result });
  });

  it.each([
    ["config.json", 1e6, 1],
    ["history.csv", 16e6, 16],
    ["result.json", 4e6, 4],
    ["last.ckpt", 64e6, 64],
  ])("refuses a larger %s than a run has", async (name, most, megabytes) => {
    await makeRun(0);
    await writeFile(join(path, name), "");
    await truncate(join(path, name), most + 1);
    const reading = name === "last.ckpt" ? RunFolder.reopen(path) : readRun(path);
    expect(await messageOf(reading)).toBe(
      `cannot read RUN/${name}: it has ${megabytes + 1} MB; the limit is ${megabytes} MB`,
    );
  });

  it("names the run in an error, which keeps its class", async () => {
    await makeRun(0);
    await writeFile(join(path, "result.json"), "{}");
    await expect(readRun(path)).rejects.toThrow(FormatError);
    expect(await messageOf(readRun(path))).toMatch(/^RUN: result.json: bestEpoch: is missing/);
    await writeFile(join(path, "history.csv"), "epoch\n");
    expect(await messageOf(readRun(path))).toMatch(/^RUN: history.csv: its columns are epoch, /);
    expect(await messageOf(readRun(join(parent, "none")))).toBe("PARENT/none does not exist");
    expect(await messageOf(readRun(parent))).toBe("PARENT is not a run folder: it has no config.json");
  });
});
