import { drawPlacements } from "../data/augmentation.js";
import type { Dataset } from "../data/dataset.js";
import { generateDigits } from "../data/digits.js";
import { PLACEMENT_WORDS } from "../data/placement.js";
import type { Engine } from "../engine/backend.js";
import { type ImageShape, initializeParameters, lenet5, type Model } from "../model/index.js";
import { placementsFor } from "../training/epochs.js";
import type { Recipe } from "../training/recipes/recipes.js";
import { scheduleAt } from "../training/recipes/schedules.js";
import type { Task } from "./measure.js";

/** Enough that consecutive batches read different memory, few enough to draw quickly. */
const IMAGES = 2048;
const SEED = 0;
/** The tutorial's 48,000 images in batches of 32. */
const STEPS_PER_EPOCH = 1500;

/** Generated images to train on. */
export function benchmarkImages(size: ImageShape): Dataset {
  return generateDigits({ seed: SEED, count: IMAGES, part: "train", ...size });
}

/** The network of a recipe for images of the given size. */
export function benchmarkModel(recipe: Recipe, { channels, height, width }: ImageShape): Model {
  return lenet5({ ...recipe, input: { channels, height, width }, classes: 10 });
}

/** Samples per call: enough to hide the cost of the call itself. */
const SAMPLES_PER_CALL = 32;

/** The tasks of an engine: a step as in the training loop, and a batch as in validation. */
export async function stepTasks(
  engine: Engine,
  recipe: Recipe,
  dataset: Dataset,
): Promise<{ train: Task; forward: Task }> {
  await engine.setParameters(initializeParameters(engine.models[0], SEED));
  const images = await engine.load({ pixels: dataset.images, labels: dataset.labels });
  const repeats = Math.max(1, Math.floor(SAMPLES_PER_CALL / engine.batchSize));
  const nextIndices = indexWalker(dataset, repeats * engine.batchSize);
  const placements = placementsFor({ recipe, seed: SEED }, 1);
  const { labelSmoothing } = recipe;
  let step = 0;
  return {
    train: {
      repeats,
      run: () => {
        const updates = Array.from({ length: repeats }, () => {
          const rates = scheduleAt(recipe.schedule, step++ % STEPS_PER_EPOCH, recipe.epochs * STEPS_PER_EPOCH);
          return { step, ...rates };
        });
        const slice = { indices: nextIndices(), placements, labelSmoothing, seed: SEED, updates };
        return engine.train(images, [slice]);
      },
    },
    forward: { repeats, run: () => engine.evaluate(images, [{ indices: nextIndices() }]) },
  };
}

/** A task that draws the augmentation of a batch without training on it. */
export function drawTask(batchSize: number, recipe: Recipe, dataset: Dataset): Task {
  const nextIndices = indexWalker(dataset, batchSize);
  const target = new Int32Array(batchSize * PLACEMENT_WORDS);
  const draw = { augmentation: recipe.augmentation, seed: SEED, epoch: 1 };
  return { run: () => drawPlacements(draw, dataset, nextIndices(), 0, batchSize, target) };
}

/** Returns the indices for one call after another, starting over at the end. */
function indexWalker({ labels }: Dataset, count: number): () => Uint32Array {
  let start = 0;
  const order = Uint32Array.from(labels.keys());
  return () => {
    if (start + count > order.length) start = 0;
    start += count;
    return order.subarray(start - count, start);
  };
}
