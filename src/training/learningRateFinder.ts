import { epochOrder } from "../data/split.js";
import type { Selection } from "../engine/backend.js";
import { integerPower } from "../numeric/elementary.js";
import { type EpochsOptions, placementsFor } from "./epochs.js";
import { forEachSlice, type PassOptions } from "./passes.js";
import { updateSecondDerivatives } from "./secondDerivatives.js";

/** A step of a learning rate sweep. */
export interface SweepStep {
  readonly learningRate: number;
  /** The training loss, smoothed over the steps so far. */
  readonly loss: number;
}

/** Suggested learning rates, chosen as in fastai. */
export interface LearningRateSuggestions {
  /** Slightly past the first third of the longest stretch in which the loss falls; fastai's default. */
  readonly valley: number;
  /** Where the loss falls fastest. Late in a sweep that learns nothing, this may be chance. */
  readonly steepest: number;
}

/** A sweep: what to train, and with which learning rates. */
export interface SweepOptions
  extends Pick<EpochsOptions, "engine" | "dataset" | "split" | "recipe" | "seed">,
    PassOptions {
  /** The maximum number of steps. Default: 200. */
  readonly steps?: number;
  /** The first learning rate. Default: 1e-7. */
  readonly from?: number;
  /** The learning rate that the step after the last would have. Default: 10. */
  readonly to?: number;
}

/** The weight of the previous losses in the moving average. */
const SMOOTHING = 0.98;
/** The sweep ends when the smoothed loss exceeds its minimum by this factor. */
const DIVERGENCE = 4;

/**
 * Trains with a learning rate that grows by a constant factor at every step, after Smith, "Cyclical learning rates for
 * training neural networks" (2017), as fastai's LRFinder does. Ends when the loss explodes or is not finite, or after
 * the last step. Batches are the recipe's, without the short last batch of an epoch. Afterwards, the engine's state is
 * restored.
 *
 * @returns the steps of the sweep, with finite losses
 */
export async function sweepLearningRate(options: SweepOptions): Promise<SweepStep[]> {
  const { engine, dataset, recipe, seed, steps = 200, from = 1e-7, to = 10 } = options;
  const { labelSmoothing, classWeights } = recipe;
  const parameters = await engine.parameters();
  const optimizer = await engine.optimizerState();
  const batchAt = batches(options);
  // Rounded because the last bits of a power differ between JavaScript engines.
  const factor = Number(((to / from) ** (1 / steps)).toPrecision(14));
  const sweep: SweepStep[] = [];
  let smoothed = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let ended = false;
  const images = await engine.load({ pixels: dataset.images, labels: dataset.labels });
  try {
    await updateSecondDerivatives(engine, 0, recipe, dataset, epochOrder(options.split.train, seed, 1));
    await forEachSlice(steps, { ...options, batchSize: 1 }, async (start, end) => {
      for (let index = start; index < end && !ended; index++) {
        const learningRate = from * integerPower(factor, index);
        const updates = [{ step: index + 1, learningRate }];
        const [{ losses }] = await engine.train(images, [
          { ...batchAt(index), labelSmoothing, classWeights, seed, updates },
        ]);
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

/** Selects the images of a step, in the order and with the augmentation of its epoch. */
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

/** Steps at the end that are ignored: those of an explosion, or with the highest learning rates. */
const IGNORED_AT_END = 5;

/**
 * Suggests learning rates with fastai's `valley` and `steep`, ignoring the sweep's first tenth and its last five steps.
 *
 * @param steps the maximum number of steps of the sweep
 * @throws RangeError if the sweep ended too early
 *
 * @example
 * ```ts
 * import { suggestLearningRates } from "lenet/engine";
 *
 * // A loss that falls and then explodes.
 * const steps = Array.from({ length: 100 }, (_, step) => {
 *   const learningRate = 1e-6 * 1.15 ** step;
 *   return { learningRate, loss: 2 - 1.5 / (1 + 1e-3 / learningRate) + learningRate };
 * });
 * console.log(suggestLearningRates(steps));
 * ```
 */
export function suggestLearningRates(sweep: readonly SweepStep[], steps = 200): LearningRateSuggestions {
  const considered = sweep.slice(Math.floor(steps / 10), -IGNORED_AT_END);
  if (considered.length < 2) {
    throw new RangeError(`the loss exploded after ${sweep.length} steps, too few to suggest a learning rate`);
  }
  const losses = considered.map(({ loss }) => loss);
  return {
    valley: considered[valleyIndex(losses)].learningRate,
    steepest: considered[steepestIndex(losses)].learningRate,
  };
}

/** A curve whose loss falls by a smaller fraction shows the noise of its start, not which learning rate is right. */
const LEAST_FALL = 0.1;

/**
 * The fraction by which the loss falls in a sweep, from its first tenth on, and whether that is enough to read the curve.
 * The sigmoid of the paper's recipe, for one, stays on a plateau longer than any sweep.
 */
export function readabilityOf(
  sweep: readonly SweepStep[],
  steps = 200,
): { readonly fall: number; readonly isReadable: boolean } {
  const losses = sweep.slice(Math.floor(steps / 10), -IGNORED_AT_END).map(({ loss }) => loss);
  const fall = Math.max(0, 1 - Math.min(...losses) / losses[0]);
  return { fall, isReadable: fall >= LEAST_FALL };
}

/** Slightly past the first third of the longest falling subsequence, assumed to start its length before its end. */
function valleyIndex(losses: readonly number[]): number {
  // For each index, the length of the longest falling subsequence that ends there.
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

/** Where the loss falls most until the next step; on a logarithmic axis, the learning rates are equally spaced. */
function steepestIndex(losses: readonly number[]): number {
  let steepest = 0;
  const fall = (index: number) => losses[index] - losses[index + 1];
  for (let index = 1; index + 1 < losses.length; index++) if (fall(index) > fall(steepest)) steepest = index;
  return steepest;
}
