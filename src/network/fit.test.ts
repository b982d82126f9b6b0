import { expect, it } from "vitest";
import { AUGMENTATIONS } from "../data/augmentation.js";
import { generateDigits } from "../data/digits.js";
import { createDataset } from "../data/images/createDataset.js";
import { splitFold, splitIndices } from "../data/split.js";
import type { ThreadStart } from "../engine/wasm/threads.js";
import type { NamedTensors } from "../model/index.js";
import { startThread } from "../node/threads.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { type FitEpoch, type FitOptions, fit as train } from "./fit.js";
import { evaluate } from "./inference.js";
import { LeNet5 } from "./lenet5.js";

const digits = generateDigits({ seed: 1, count: 200, part: "train" });
const create = (seed = 0) => LeNet5.create({ classes: digits.classes, seed });
const values = (tensors: NamedTensors) => [...tensors].map(([name, { data }]) => [name, [...data]]);

/** Trains on the digits and returns the epochs' results, without their times. */
async function epochsOf(network: LeNet5, options: FitOptions): Promise<FitEpoch[]> {
  const epochs: FitEpoch[] = [];
  for await (const epoch of train(network, digits, options)) {
    epochs.push({ ...epoch, trainSeconds: 0, validationSeconds: 0 });
  }
  return epochs;
}

it("leaves the network with the best parameters, and records how they were trained", async () => {
  const network = create();
  const epochs = await epochsOf(network, { epochs: 6, learningRate: 0.01 });
  const best = epochs.findLast(({ isBest }) => isBest)!;
  expect(best.validationAccuracy).toBe(Math.max(...epochs.map(({ validationAccuracy }) => validationAccuracy)));
  const { epoch, validationAccuracy } = best;
  expect(network.training).toEqual({ recipe: "improved", data: "digits", epoch, validationAccuracy });
  const { validation } = splitIndices(200, RECIPES.improved.validationFraction, 0);
  const images = new Uint8Array(validation.length * 784);
  validation.forEach((index, place) => {
    images.set(digits.images.subarray(index * 784, (index + 1) * 784), place * 784);
  });
  const labels = Array.from(validation, (index) => digits.labels[index]);
  const { accuracy } = await evaluate(network, createDataset({ images, labels, classes: digits.classes }));
  expect(accuracy).toBe(validationAccuracy);
});

it("resumes from a state, bit-identical to an uninterrupted run", async () => {
  const uninterrupted = create();
  const epochs = await epochsOf(uninterrupted, { epochs: 4, seed: 5 });
  const resumed = create(1);
  expect(await epochsOf(resumed, { epochs: 4, seed: 5, resumeFrom: epochs[1].state })).toEqual(epochs.slice(2));
  expect(values(resumed.parameters)).toEqual(values(uninterrupted.parameters));
});

it("ends its threads when the loop is left, and starts none before the loop begins", async () => {
  let running = 0;
  const start = (how: ThreadStart) => {
    const thread = startThread(how);
    running++;
    return {
      terminate: () => {
        running--;
        thread.terminate();
      },
    };
  };
  const network = create();
  const epochs = train(network, digits, { epochs: 3, threads: { count: 64, start } });
  expect(running).toBe(0);
  for await (const { epoch } of epochs) {
    expect(epoch).toBe(1);
    // A batch of 32 is four tiles, each for two threads, and the caller is one of them.
    expect(running).toBe(7);
    break;
  }
  expect(running).toBe(0);
  const alone = create();
  for await (const { epoch } of train(alone, digits, { epochs: 3 })) if (epoch === 1) break;
  expect(values(network.parameters)).toEqual(values(alone.parameters));
});

it("accepts images of another size, a split and a signal", async () => {
  const small = generateDigits({ seed: 1, count: 40, part: "train", height: 16, width: 16 });
  const split = { train: Uint32Array.of(0, 1, 2), validation: Uint32Array.of(3) };
  const totals = new Set<number>();
  const onProgress = ({ total }: { total: number }) => totals.add(total);
  for await (const { validationAccuracy } of train(create(), small, { epochs: 1, split, onProgress })) {
    expect([0, 1]).toContain(validationAccuracy);
  }
  expect([...totals]).toEqual([3, 1]);
  const ended = train(create(), digits, { signal: AbortSignal.abort(new Error("enough")) });
  await expect(ended.next()).rejects.toThrow("enough");
});

it("mirrors characters only if told to explicitly", async () => {
  const plain = { epochs: 1, recipe: { ...RECIPES.improved, augmentation: AUGMENTATIONS.none } };
  const flipping = { ...AUGMENTATIONS.none, flip: 1 };
  const losses = [];
  for (const options of [
    plain,
    { ...plain, recipe: { ...plain.recipe, augmentation: flipping } },
    { ...plain, augmentation: flipping },
  ]) {
    const [{ trainLoss }] = await epochsOf(create(), options);
    losses.push(trainLoss);
  }
  expect(losses[1]).toBe(losses[0]);
  expect(losses[2]).not.toBe(losses[0]);
});

it.each<[string, FitOptions, RegExp]>([
  ["no epochs", { epochs: 0 }, /^epochs must be an integer of at least 1, not 0$/],
  ["half a batch", { batchSize: 0.5 }, /^batchSize must be an integer of at least 1, not 0\.5$/],
  ["a negative seed", { seed: -1 }, /^the seed must be an integer from 0 to 9007199254740991, not -1$/],
  [
    "no threads",
    { threads: { count: 0, start: startThread } },
    /^the number of threads must be an integer from 1 to 64, not 0$/,
  ],
  [
    "nothing to train on",
    { split: { train: new Uint32Array(0), validation: Uint32Array.of(1) } },
    /^split\.train\.length must be an integer of at least 1, not 0$/,
  ],
  ["nothing to train on", { validationFraction: 1 }, /^the validation fraction must be at least 0 and below 1, not 1$/],
  [
    "a recipe for another network",
    { recipe: RECIPES.paper },
    /^the recipe paper has activation "sigmoid", but the network has "relu"; create the network with LeNet5\.create\(\{ \.\.\.recipe, … \}\)/,
  ],
])("refuses %s immediately", (_, options, message) => {
  expect(() => train(create(), digits, options)).toThrow(message);
});

it("refuses a data set whose parts do not fit together", () => {
  expect(() => train(create(), { ...digits, images: digits.images.subarray(1) })).toThrow(
    /^digits: 156799 bytes of images, but 200 labels of images of 1x28x28 need 156800$/,
  );
});

const TEACHER = LeNet5.create({ classes: digits.classes, seed: 9 });

it("learns from a teacher, and resumes to the same bits", async () => {
  const options = { epochs: 3, seed: 5, teacher: TEACHER };
  const whole = create();
  const epochs = await epochsOf(whole, options);
  const alone = create();
  await epochsOf(alone, { epochs: 3, seed: 5 });
  expect(values(whole.parameters)).not.toEqual(values(alone.parameters));
  const resumed = create(1);
  expect(await epochsOf(resumed, { ...options, resumeFrom: epochs[0].state })).toEqual(epochs.slice(1));
  expect(values(resumed.parameters)).toEqual(values(whole.parameters));
});

it("follows a teacher rather than the labels if its share is 1", async () => {
  // A teacher that takes every digit for the next one.
  const logits = new Float32Array(2000);
  digits.labels.forEach((label, image) => {
    logits[image * 10 + ((label + 1) % 10)] = 8;
  });
  const network = create();
  const epochs = await epochsOf(network, {
    epochs: 12,
    learningRate: 0.01,
    teacher: logits,
    distillation: { temperature: 1, share: 1 },
    augmentation: AUGMENTATIONS.none,
  });
  // The best weights by the labels are the worst by the teacher.
  network.setParameters(epochs.at(-1)!.state.parameters);
  const next = { ...digits, labels: digits.labels.map((label) => (label + 1) % 10) };
  expect((await evaluate(network, next)).accuracy).toBeGreaterThan(0.9);
});

it("refuses a recipe that distils without a teacher, and a teacher with other classes", async () => {
  const network = LeNet5.create({ ...RECIPES.distilled, classes: digits.classes });
  await expect(epochsOf(network, { recipe: RECIPES.distilled, epochs: 1 })).rejects.toThrow(
    "the recipe distilled learns from a teacher, but there is none",
  );
  const other = LeNet5.create({ classes: ["a", "b", "c"] });
  await expect(epochsOf(create(), { teacher: other })).rejects.toThrow("the teacher has 3 classes, but digits has 10");
});

it("trains with class weights: a class of weight 0 is never learned", async () => {
  const network = create();
  const classWeights = digits.classes.map((_, index) => (index === 3 ? 0 : 1));
  await epochsOf(network, { epochs: 8, learningRate: 0.01, classWeights, labelSmoothing: 0 });
  const { confusion } = await evaluate(network, digits);
  expect(confusion.map((row) => row[3]).reduce((sum, count) => sum + count)).toBe(0);
  expect(() => train(create(), digits, { classWeights: [1, 2] })).toThrow(
    "there are 2 class weights, but digits has 10 classes",
  );
});

it("keeps the last weights of a fit on all images", async () => {
  const network = create();
  const epochs = await epochsOf(network, { epochs: 3, validationFraction: 0, patience: 1, learningRate: 0.01 });
  expect(epochs.map(({ isBest }) => isBest)).toEqual([true, true, true]);
  expect(values(network.parameters)).toEqual(values(epochs[2].state.parameters));
  expect((await evaluate(network, digits)).accuracy).toBe(epochs[2].validationAccuracy);
});

it("holds out a fold", async () => {
  const [{ state }] = await epochsOf(create(), { epochs: 1, fold: { number: 2, of: 4 } });
  const split = splitFold(200, { number: 2, of: 4 }, 0);
  const [other] = await epochsOf(create(), { epochs: 1, split });
  expect(state.best).toEqual(other.state.best);
});
