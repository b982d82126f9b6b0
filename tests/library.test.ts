import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DIGIT_CLASSES, datasetFromIdx } from "../src/data/index.js";
import { type Dataset, fold, LeNet5, RECIPES, type RecipeName, fit as train } from "../src/index.js";
import { loadWeights, threads } from "../src/node/index.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { runProgram } from "./support/program.js";

const SEED = 11;
const DATA = "digits-of-200";

let folder: string;
let dataset: Dataset;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-library-"));
  await writeDigitFiles(join(folder, DATA), { train: 200, test: 50 });
  const file = async (name: string) => ({ bytes: await readFile(join(folder, DATA, name)), what: name });
  dataset = datasetFromIdx({
    name: DATA,
    classes: DIGIT_CLASSES,
    images: await file("train-images-idx3-ubyte"),
    labels: await file("train-labels-idx1-ubyte"),
    checksum: "",
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(Object.keys(RECIPES) as RecipeName[])(
  "trains the recipe %s to the same bits as the command line",
  async (name) => {
    const learns = RECIPES[name].distillation !== undefined;
    const options = ["--recipe", name, "--epochs", "3", "--seed", String(SEED), "--out", name];
    if (learns) options.push("--teacher", "improved");
    const outcome = await runProgram(folder, ["train", "--data", DATA, ...options]);
    // After so few steps, the network may still predict one class alone.
    expect(outcome.stderr).toMatch(/^(warning: the network has learned nothing: .*\n)?$/);
    expect(outcome.code).toBe(0);
    const run = LeNet5.from(await loadWeights(join(folder, name)));

    const recipe = RECIPES[name];
    const network = LeNet5.create({ ...recipe, classes: DIGIT_CLASSES, seed: SEED });
    const teacher = learns ? LeNet5.from(await loadWeights(join(folder, "improved"))) : undefined;
    const settings = { recipe, teacher, epochs: 3, seed: SEED, threads: threads(3) };
    for await (const { epoch } of train(network, dataset, settings)) {
      expect(epoch).toBeLessThan(4);
    }
    // The command line saves the network without batch normalisation.
    const { model, parameters, ...others } = network.weights();
    expect(LeNet5.from({ ...others, ...fold(model, parameters) })).toEqual(run);
  },
);
