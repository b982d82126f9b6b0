import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { generateDigits, splitIndices } from "../src/data/index.js";
import {
  type Arithmetic,
  type Engine,
  evaluateDataset,
  initializeParameters,
  lenet5,
  runEpochs,
  wasmBackend,
} from "../src/engine.js";
import { readCheckpoint, writeCheckpoint } from "../src/formats/checkpoint.js";
import { AUGMENTATIONS, type Dataset, DivergedError, type NamedTensors, RECIPES, type Recipe } from "../src/index.js";
import { enableFusedArithmetic, startThread } from "../src/node/threads.js";
import type { EpochRecord, TrainingState } from "../src/training/epochs.js";
import { customizeRecipe } from "../src/training/recipes/recipes.js";

enableFusedArithmetic();

const SEED = 3;

interface Setting {
  readonly recipe: Recipe;
  readonly dataset: Dataset;
  readonly threads?: number;
  readonly arithmetic?: Arithmetic;
  readonly seed?: number;
  readonly resumeFrom?: TrainingState;
}

/** A finished run: its records and states, and the engine with the best weights. */
interface Training {
  readonly records: Omit<EpochRecord, "trainSeconds" | "validationSeconds">[];
  readonly states: TrainingState[];
  readonly engine: Engine;
}

const engines: Engine[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

async function train({
  recipe,
  dataset,
  threads = 1,
  arithmetic,
  seed = SEED,
  resumeFrom,
}: Setting): Promise<Training> {
  const model = lenet5({ ...recipe, input: dataset, classes: dataset.classes.length });
  const backend = wasmBackend({ threads: { count: threads, start: startThread }, arithmetic });
  const engine = await backend.compile([{ model, ...recipe }], recipe);
  engines.push(engine);
  await engine.setParameters(initializeParameters(model, seed));
  const split = splitIndices(dataset.labels.length, recipe.validationFraction, seed);
  const records: Training["records"] = [];
  const states: TrainingState[] = [];
  for await (const { record, state } of runEpochs({ engine, dataset, split, recipe, seed, resumeFrom })) {
    const { trainSeconds, validationSeconds, ...result } = record;
    expect(Math.min(trainSeconds, validationSeconds)).toBeGreaterThan(0);
    records.push(result);
    states.push(state);
  }
  return { records, states, engine };
}

function hashTensors(...all: NamedTensors<Float32Array>[]): string {
  const hash = createHash("sha256");
  for (const tensors of all) {
    for (const [name, { data }] of tensors) {
      hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  return hash.digest("hex");
}

function averagesOf({ average }: TrainingState["optimizer"]): NamedTensors<Float32Array>[] {
  return average ? [average] : [];
}

/** Hashes all results of a run: parameters, both moments, their average and the best parameters after every epoch. */
async function bitsOf({ records, states, engine }: Training) {
  return {
    records,
    states: states.map(({ parameters, optimizer, best }) =>
      hashTensors(parameters, optimizer.first, optimizer.second, ...averagesOf(optimizer), best.parameters),
    ),
    best: hashTensors(await engine.parameters()),
  };
}

const averaging = { decay: 0.9 };
const digits = generateDigits({ seed: 1, count: 400, part: "train" });
const images = generateDigits({ seed: 1, count: 200, part: "train", channels: 3, height: 32, width: 32 });
const { paper, improved } = RECIPES;
const oneCycle = {
  type: "oneCycle",
  warmupFraction: 0.3,
  divisor: 25,
  finalDivisor: 1e4,
  annealing: "cosine",
  cycleMomentum: true,
  baseMomentum: 0.85,
  maximumMomentum: 0.95,
  threePhase: false,
} as const;
const momentum = {
  optimizer: { type: "sgd", momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
  schedule: { type: "cosine", learningRate: 0.01, finalLearningRate: 1e-4, warmupSteps: 5 },
} as const;

const normalized: Recipe = { ...improved, batchNorm: true, averaging };

describe("the same bits", () => {
  // 320 and 160 training images: of these batch sizes, only 32 and 64 divide 320.
  const settings: [string, Setting][] = [
    ["paper, batches of 32", { recipe: customizeRecipe(paper, { epochs: 2 }), dataset: digits }],
    ["improved, batches of 27", { recipe: customizeRecipe(improved, { epochs: 2, batchSize: 27 }), dataset: digits }],
    ["averaged", { recipe: { ...customizeRecipe(improved, { epochs: 2 }), averaging }, dataset: digits }],
    ["improved, batches of 100", { recipe: customizeRecipe(improved, { epochs: 2, batchSize: 100 }), dataset: digits }],
    ["improved, batches of 3", { recipe: customizeRecipe(improved, { epochs: 1, batchSize: 3 }), dataset: digits }],
    ["batch normalisation, averaged", { recipe: { ...normalized, epochs: 2, batchSize: 50 }, dataset: digits }],
    ["SGD on colours", { recipe: { ...customizeRecipe(improved, { epochs: 2 }), ...momentum }, dataset: images }],
    [
      "without fused multiply-add",
      { recipe: customizeRecipe(improved, { epochs: 2, batchSize: 64 }), dataset: digits, arithmetic: "portable" },
    ],
  ];

  it.each(settings)("with one thread without shared memory, and with two and three threads: %s", async (_, setting) => {
    const alone = await bitsOf(await train(setting));
    expect(await bitsOf(await train({ ...setting, threads: 2 }))).toEqual(alone);
    expect(await bitsOf(await train({ ...setting, threads: 3 }))).toEqual(alone);
  });

  it("for two runs with the same seed, but not with another seed", async () => {
    const setting = { recipe: customizeRecipe(improved, { epochs: 1 }), dataset: digits };
    const first = await bitsOf(await train(setting));
    expect(await bitsOf(await train(setting))).toEqual(first);
    expect((await bitsOf(await train({ ...setting, seed: SEED + 1 }))).best).not.toBe(first.best);
  });

  it("on every machine without fused multiply-add", async () => {
    // All settings are written out, so a changed recipe does not change the pinned values.
    const recipe: Recipe = {
      ...paper,
      activation: "relu",
      pooling: "maxPool2d",
      dropout: 0.25,
      epochs: 2,
      schedule: { ...oneCycle, maximumLearningRate: 0.003 },
      labelSmoothing: 0.1,
    };
    const { records, states } = await bitsOf(await train({ recipe, dataset: digits, arithmetic: "portable" }));
    expect({ records, states }).toMatchInlineSnapshot(`
      {
        "records": [
          {
            "epoch": 1,
            "learningRate": 0.0024352369618492894,
            "trainAccuracy": 0.103125,
            "trainLoss": 2.302197177708149,
            "validationAccuracy": 0.0875,
            "validationLoss": 2.3043334633111954,
          },
          {
            "epoch": 2,
            "learningRate": 1.2e-8,
            "trainAccuracy": 0.125,
            "trainLoss": 2.296064855903387,
            "validationAccuracy": 0.1,
            "validationLoss": 2.301888182759285,
          },
        ],
        "states": [
          "ac818e6416f46515b10b5a16d3942e7d7fc67c0e69cf003304a69b1ce44bd9df",
          "cdb284579c12bf9a97f4475a5ab9edc9fecc4c009d62f3ccaf377e63dae0b62b",
        ],
      }
    `);
  });
});

describe("an interrupted run", () => {
  it.each([
    ["paper", customizeRecipe(paper, { epochs: 4 })],
    ["improved", customizeRecipe(improved, { epochs: 4, batchSize: 50 })],
    ["SGD", { ...customizeRecipe(improved, { epochs: 4 }), ...momentum }],
    ["averaged", { ...customizeRecipe(improved, { epochs: 4 }), averaging }],
    ["batch normalisation, averaged", { ...normalized, epochs: 4 }],
  ])("resumes bit-identically from every checkpoint: %s", async (_, recipe) => {
    const setting: Setting = { recipe, dataset: digits, threads: 2 };
    const uninterrupted = await train(setting);
    const expected = await bitsOf(uninterrupted);
    for (const state of uninterrupted.states) {
      const resumed = await bitsOf(
        await train({ ...setting, threads: 1, resumeFrom: readCheckpoint(writeCheckpoint(state)) }),
      );
      expect(resumed.records).toEqual(expected.records.slice(state.epoch));
      expect(resumed.states).toEqual(expected.states.slice(state.epoch));
      expect(resumed.best).toBe(expected.best);
    }
  });
});

describe("validation", () => {
  it("of the best epoch matches an evaluation of its weights", async () => {
    const recipe = customizeRecipe(improved, { epochs: 2 });
    const { engine, records, states } = await train({ recipe, dataset: digits });
    const { validation } = splitIndices(digits.labels.length, recipe.validationFraction, SEED);
    const { accuracy, loss } = await evaluateDataset(engine, digits, validation);
    const best = records[states.at(-1)!.best.epoch - 1];
    expect({ accuracy, loss }).toEqual({ accuracy: best.validationAccuracy, loss: best.validationLoss });
  });

  it("of averaged parameters does not affect training", async () => {
    const recipe = customizeRecipe(improved, { epochs: 2 });
    const plain = await train({ recipe, dataset: digits });
    const averaged = await train({ recipe: { ...recipe, averaging }, dataset: digits });
    const trained = ({ states }: Training) => states.map(({ parameters }) => hashTensors(parameters));
    expect(trained(averaged)).toEqual(trained(plain));
    const { optimizer, best } = averaged.states[averaged.states.at(-1)!.best.epoch - 1];
    expect(hashTensors(await averaged.engine.parameters())).toBe(hashTensors(optimizer.average!));
    expect(hashTensors(best.parameters)).toBe(hashTensors(optimizer.average!));
    const { validation } = splitIndices(digits.labels.length, recipe.validationFraction, SEED);
    const { accuracy, loss } = await evaluateDataset(averaged.engine, digits, validation);
    const { validationAccuracy, validationLoss } = averaged.records[best.epoch - 1];
    expect({ accuracy, loss }).toEqual({ accuracy: validationAccuracy, loss: validationLoss });
    expect(validationLoss).not.toBe(plain.records[best.epoch - 1].validationLoss);
  });

  it("on augmented images changes the measurement, not the training", async () => {
    const plain = await train({ recipe: customizeRecipe(improved, { epochs: 1 }), dataset: digits });
    const augmented = await train({
      recipe: customizeRecipe(improved, { epochs: 1, augmentValidation: true }),
      dataset: digits,
    });
    expect(hashTensors(augmented.states[0].parameters)).toBe(hashTensors(plain.states[0].parameters));
    expect(augmented.records[0].validationLoss).not.toBe(plain.records[0].validationLoss);
  });
});

it("fails with one line if the learning rate is far too high", async () => {
  const recipe: Recipe = {
    ...customizeRecipe(paper, { epochs: 5 }),
    activation: "relu",
    optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    schedule: { type: "constant", learningRate: 1e9 },
  };
  const failure = await train({ recipe, dataset: digits }).catch((error) => error);
  expect(failure).toBeInstanceOf(DivergedError);
  expect(failure.message).toMatch(
    /^the training diverged in epoch 1: the loss is (NaN|Infinity) at learning rate 1000000000; try a lower one$/,
  );
});

describe("a short run on 10,000 generated digits", () => {
  const train10k = generateDigits({ seed: 0, count: 10_000, part: "train" });
  const test2k = generateDigits({ seed: 0, count: 2_000, part: "test" });
  const unflipped = { ...AUGMENTATIONS.tutorial, flip: 0 };

  it.each([
    ["improved, 2 epochs", customizeRecipe(improved, { epochs: 2, augmentation: unflipped }), 0.97],
    ["paper, 4 epochs", customizeRecipe(paper, { epochs: 4, augmentation: unflipped, learningRate: 3e-3 }), 0.9],
  ])("reaches a minimum accuracy on test images: %s", async (_, recipe, minimum) => {
    const { engine } = await train({ recipe, dataset: train10k, threads: 2 });
    const { accuracy } = await evaluateDataset(engine, test2k);
    expect(accuracy).toBeGreaterThan(minimum);
  });
});
