import { epochOrder } from "../data/split.js";
import type { Selection } from "../engine/backend.js";
import { integerPower } from "../numeric/integerPower.js";
import { type EpochsOptions, placementsFor } from "./epochs.js";
import { forEachSlice, type PassOptions } from "./passes.js";

/** A step of the sweep. */
export interface SweepStep {
  readonly learningRate: number;
  /** The training loss, smoothed over the steps so far. */
  readonly loss: number;
}

/** Learning rates that suit a training, as fastai finds them. */
export interface LearningRateSuggestions {
  /** A bit behind the first third of the longest stretch in which the loss falls: fastai's own choice. */
  readonly valley: number;
  /** Where the loss falls fastest; late in a sweep that learns nothing, that may be chance. */
  readonly steepest: number;
}

/** A sweep: what is trained, and by which learning rates. */
export interface SweepOptions
  extends Pick<EpochsOptions, "engine" | "dataset" | "split" | "recipe" | "seed">,
    PassOptions {
  /** The most steps. Default 200. */
  readonly steps?: number;
  /** The first learning rate. Default 1e-7. */
  readonly from?: number;
  /** What the step after the last would have. Default 10. */
  readonly to?: number;
}

/** Of the loss that was, in the smoothed one after a step. */
const SMOOTHING = 0.98;
/** The sweep ends where the smoothed loss is this many times its lowest. */
const DIVERGENCE = 4;

/**
 * Trains with a learning rate that grows by the same factor at every step, after Smith, "Cyclical learning rates for
 * training neural networks" (2017), as fastai's LRFinder: until the loss explodes, the steps are done, or it is no finite
 * number. Batches are the recipe's, without an epoch's short last one. The engine is as before afterwards.
 *
 * @returns the steps up to where it ended
 */
export async function sweepLearningRate(options: SweepOptions): Promise<SweepStep[]> {
  const { engine, dataset, recipe, seed, steps = 200, from = 1e-7, to = 10 } = options;
  const { labelSmoothing } = recipe;
  const parameters = await engine.parameters();
  const optimizer = await engine.optimizerState();
  const batchAt = batches(options);
  // Rounded, since the last bits of a power differ between JavaScript engines.
  const factor = Number(((to / from) ** (1 / steps)).toPrecision(14));
  const sweep: SweepStep[] = [];
  let smoothed = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let ended = false;
  const images = await engine.load({ pixels: dataset.images, labels: dataset.labels });
  try {
    await forEachSlice(steps, { ...options, batchSize: 1 }, async (start, end) => {
      for (let index = start; index < end && !ended; index++) {
        const learningRate = from * integerPower(factor, index);
        const updates = [{ step: index + 1, learningRate }];
        const [{ losses }] = await engine.train(images, [{ ...batchAt(index), labelSmoothing, seed, updates }]);
        smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * mean(losses);
        const corrected = smoothed / (1 - integerPower(SMOOTHING, index + 1));
        if (Number.isFinite(corrected)) sweep.push({ learningRate, loss: corrected });
        lowest = Math.min(lowest, corrected);
        ended = !(corrected <= DIVERGENCE * lowest);
      }
    });
  } finally {
    images.unload();
    await engine.setParameters(parameters);
    await engine.setOptimizerState(optimizer);
  }
  return sweep;
}

/** The images of a step: of its epoch's order, augmented as in that epoch. */
function batches({ split, recipe, seed }: SweepOptions): (step: number) => Selection {
  const size = Math.min(recipe.batchSize, split.train.length);
  const stepsPerEpoch = Math.floor(split.train.length / size);
  let epoch = 0;
  let order = split.train;
  return (step) => {
    const place = step % stepsPerEpoch;
    if (place === 0) {
      epoch++;
      order = epochOrder(split.train, seed, epoch);
    }
    return {
      indices: order.subarray(place * size, (place + 1) * size),
      placements: placementsFor({ recipe, seed }, epoch),
    };
  };
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Steps at the end that are left out: of an explosion, or of the greatest learning rates. */
const LAST_LEFT_OUT = 5;

/**
 * Suggests learning rates by fastai's `valley` and `steep`, from a sweep without its first tenth and its last five steps.
 *
 * @param steps the most steps that the sweep could have had
 * @throws RangeError where it ended too early
 */
export function suggestLearningRates(sweep: readonly SweepStep[], steps = 200): LearningRateSuggestions {
  const considered = sweep.slice(Math.floor(steps / 10), -LAST_LEFT_OUT);
  if (considered.length < 2) {
    throw new RangeError(`the loss exploded after ${sweep.length} steps: too few to suggest a learning rate`);
  }
  const losses = considered.map(({ loss }) => loss);
  return {
    valley: considered[valleyIndex(losses)].learningRate,
    steepest: considered[steepestIndex(losses)].learningRate,
  };
}

/** A bit behind the first third of the longest falling subsequence, which is taken to begin its length before its end. */
function valleyIndex(losses: readonly number[]): number {
  // For each place, the length of the longest falling subsequence that ends there.
  const lengths: number[] = [];
  let end = 0;
  for (const [index, loss] of losses.entries()) {
    const before = lengths.filter((_, earlier) => losses[earlier] > loss);
    lengths.push(1 + before.reduce((longest, length) => Math.max(longest, length), 0));
    if (lengths[index] > lengths[end]) end = index;
  }
  if (end === 0) return 0;
  const start = end - lengths[end];
  const third = (end - start) / 3;
  return Math.max(0, start + Math.floor(third) + Math.floor(third / 2));
}

/** Where the loss falls most to the next step; by the rate's logarithm, all steps are equally far apart. */
function steepestIndex(losses: readonly number[]): number {
  let steepest = 0;
  const fall = (index: number) => losses[index] - losses[index + 1];
  for (let index = 1; index + 1 < losses.length; index++) if (fall(index) > fall(steepest)) steepest = index;
  return steepest;
}
