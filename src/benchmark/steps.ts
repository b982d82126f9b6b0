import type { Dataset } from "../data/dataset.js";
import { generateDigits } from "../data/digits.js";
import type { WasmEngine } from "../engine/index.js";
import { type ImageShape, initializeParameters, lenet5, type Model } from "../model/index.js";
import { batchAssembler } from "../training/epochs.js";
import type { Recipe } from "../training/recipes/index.js";
import { scheduleAt } from "../training/recipes/schedules.js";
import type { Task } from "./measure.js";

/** Enough for every batch to find its pictures elsewhere in memory, few enough to be drawn in no time. */
const PICTURES = 2048;
const SEED = 0;
/** Of the tutorial's 48,000 pictures in batches of 32. */
const STEPS_AN_EPOCH = 1500;

/** Drawn pictures to train on. */
export function benchmarkPictures(size: ImageShape): Dataset {
  return generateDigits({ seed: SEED, count: PICTURES, part: "train", ...size });
}

/** The network of a recipe for pictures of a size. */
export function benchmarkModel(recipe: Recipe, { channels, height, width }: ImageShape): Model {
  return lenet5({ ...recipe, input: { channels, height, width }, classes: 10 });
}

/** The tasks of an engine: a step as the training loop takes it, and a batch as validation evaluates it. */
export function stepTasks(engine: WasmEngine, recipe: Recipe, dataset: Dataset): { train: Task; forward: Task } {
  engine.setParameters(initializeParameters(engine.model, SEED));
  const nextBatch = batchWalker(dataset, engine.batchSize);
  const source = { engine, dataset, recipe, seed: SEED };
  const augmented = batchAssembler(source, 1);
  const plain = batchAssembler(source, 1, false);
  const loss = { labelSmoothing: recipe.labelSmoothing, seed: SEED };
  let step = 0;
  return {
    train: {
      run: () => {
        const { indices, labels } = nextBatch();
        const rates = scheduleAt(recipe.schedule, step++ % STEPS_AN_EPOCH, recipe.epochs * STEPS_AN_EPOCH);
        engine.train(augmented(indices), labels, loss, { step, ...rates });
      },
    },
    forward: {
      run: () => {
        const { indices, labels } = nextBatch();
        engine.evaluate(plain(indices), labels);
      },
    },
  };
}

/** Draws the augmentation of a batch without training on it. */
export function drawTask(engine: WasmEngine, recipe: Recipe, dataset: Dataset): Task {
  const nextBatch = batchWalker(dataset, engine.batchSize);
  const augmented = batchAssembler({ engine, dataset, recipe, seed: SEED }, 1);
  return { run: () => void augmented(nextBatch().indices) };
}

/** Gives one batch after the other, from the start again after the last. */
function batchWalker({ labels }: Dataset, batchSize: number) {
  let start = 0;
  const order = Uint32Array.from(labels.keys());
  return () => {
    if (start + batchSize > order.length) start = 0;
    const batch = {
      indices: order.subarray(start, start + batchSize),
      labels: labels.subarray(start, start + batchSize),
    };
    start += batchSize;
    return batch;
  };
}
