import { type AugmentationDraw, isAugmenting } from "../data/augmentation.js";
import { epochOrder } from "../data/split.js";
import type { Engine, LoadedImages, OptimizerState, SampleResults } from "../engine/backend.js";
import type { NamedTensors } from "../model/index.js";
import { Tally } from "./metrics.js";
import { forEachSlice, type SliceOptions } from "./passes.js";
import type { TrainingPlan } from "./plan.js";
import { scheduleAt } from "./recipes/schedules.js";

/** The result of an epoch. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Mean training loss, with label smoothing and dropout, while the parameters change. */
  readonly trainLoss: number;
  /** 0 … 1, from the same pass. */
  readonly trainAccuracy: number;
  /** Mean cross-entropy without smoothing, after the epoch. */
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  /** The learning rate of the epoch's last step. */
  readonly learningRate: number;
  readonly trainSeconds: number;
  readonly validationSeconds: number;
}

/**
 * The parameters with the best validation accuracy so far, the first if several are equal; averaged if the recipe says
 * so.
 */
export interface Best {
  readonly epoch: number;
  readonly validationAccuracy: number;
  readonly parameters: NamedTensors<Float32Array>;
}

/** Everything needed to resume training after an epoch. Draws are counter-based, so there is no generator state. */
export interface TrainingState {
  readonly epoch: number;
  /** The parameters after the last step, never averaged. */
  readonly parameters: NamedTensors<Float32Array>;
  readonly optimizer: OptimizerState;
  readonly best: Best;
}

/** The progress of the current pass. */
export interface EpochProgress {
  readonly epoch: number;
  readonly phase: "train" | "validation";
  readonly done: number;
  readonly total: number;
  /** Mean over the samples so far. */
  readonly loss: number;
  readonly accuracy: number;
}

/** The results of a slice: batches of a pass that are computed in one call. */
export interface EpochSlice {
  readonly epoch: number;
  readonly phase: EpochProgress["phase"];
  /** Samples of the pass so far, including this slice. */
  readonly done: number;
  /** Samples in the entire pass. */
  readonly total: number;
  readonly labels: Uint8Array;
  readonly results: SampleResults;
}

/** A training run: a plan and the engine that executes it. */
export interface EpochsOptions extends Omit<TrainingPlan, "model" | "parameters"> {
  /** Compiled for the recipe's batch size and averaging, with the initial parameters set; see `compilePlan`. */
  readonly engine: Engine;
  /** Resume from this state, bit-identical to an uninterrupted run. */
  readonly resumeFrom?: TrainingState;
  /** Called several times a second. */
  readonly onProgress?: (progress: EpochProgress) => void;
  /** Called after every slice of a pass. If it returns a promise, the loop waits for it. */
  readonly onSlice?: (slice: EpochSlice) => Promise<void> | undefined;
  /** The maximum number of batches in the next slice. Default: as many as take an eighth of a second. */
  readonly batchesAtOnce?: () => number;
  /** Aborting ends the loop with the signal's reason, within a fraction of a second. */
  readonly signal?: AbortSignal;
}

/** The loss became NaN or infinite. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/** A finished epoch: its record and the state after it. */
export interface FinishedEpoch {
  readonly record: EpochRecord;
  readonly state: TrainingState;
}

/**
 * Trains: each epoch is a pass over the shuffled, augmented training images, then one over the validation images.
 * Yields after each epoch until all are done or the recipe's patience is exhausted. The engine then has the parameters
 * with the best validation accuracy.
 *
 * @throws DivergedError if the loss becomes NaN or infinite, RangeError if the recipe averages the parameters and the
 *   engine does not
 */
export async function* runEpochs(options: EpochsOptions): AsyncGenerator<FinishedEpoch, Best, undefined> {
  const { engine, dataset, recipe, resumeFrom } = options;
  let best: Best | undefined = resumeFrom?.best;
  if (resumeFrom) {
    await engine.setParameters(resumeFrom.parameters);
    await engine.setOptimizerState(resumeFrom.optimizer);
  }
  if (recipe.averaging && !(await engine.optimizerState()).average) {
    throw new RangeError(
      "the recipe averages the parameters, but the engine does not; compile it with the recipe's averaging",
    );
  }
  const images = await engine.load({ pixels: dataset.images, labels: dataset.labels });
  try {
    for (let epoch = (resumeFrom?.epoch ?? 0) + 1; epoch <= recipe.epochs; epoch++) {
      const since = Math.max(best?.epoch ?? epoch, scheduleStretch(options, epoch).start);
      if (recipe.patience > 0 && epoch - since > recipe.patience) break;
      const start = performance.now();
      const train = await trainEpoch(options, images, epoch);
      const middle = performance.now();
      const parameters = await engine.parameters();
      const optimizer = await engine.optimizerState();
      const validation = await validateEpoch(options, images, epoch);
      requireFiniteLoss(validation, epoch, train.learningRate);
      const end = performance.now();
      if (!best || validation.accuracy > best.validationAccuracy) {
        best = { epoch, validationAccuracy: validation.accuracy, parameters: optimizer.average ?? parameters };
      }
      yield {
        record: {
          epoch,
          trainLoss: train.tally.loss,
          trainAccuracy: train.tally.accuracy,
          validationLoss: validation.loss,
          validationAccuracy: validation.accuracy,
          learningRate: train.learningRate,
          trainSeconds: (middle - start) / 1000,
          validationSeconds: (end - middle) / 1000,
        },
        state: { epoch, parameters, optimizer, best },
      };
    }
  } finally {
    images.unload();
  }
  if (!best) throw new RangeError(`the recipe must have at least 1 epoch, not ${recipe.epochs}`);
  await engine.setParameters(best.parameters);
  return best;
}

async function trainEpoch(
  options: EpochsOptions,
  images: LoadedImages,
  epoch: number,
): Promise<{ tally: Tally; learningRate: number }> {
  const { engine, dataset, split, recipe, seed, onSlice } = options;
  const { batchSize, labelSmoothing } = recipe;
  const order = epochOrder(split.train, seed, epoch);
  const labels = Uint8Array.from(order, (index) => dataset.labels[index]);
  const stepsPerEpoch = Math.ceil(order.length / batchSize);
  const stretch = scheduleStretch(options, epoch);
  const scheduleStart = stepsPerEpoch * stretch.start;
  const scheduleSteps = stepsPerEpoch * (stretch.end - stretch.start);
  const placements = placementsFor(options, epoch);
  const tally = new Tally();
  let step = stepsPerEpoch * (epoch - 1);
  let learningRate = 0;
  await forEachSlice(order.length, sliceOptions(options, epoch, "train", tally), async (start, end) => {
    const updates = Array.from({ length: Math.ceil((end - start) / batchSize) }, () => {
      const rates = scheduleAt(recipe.schedule, step - scheduleStart, scheduleSteps);
      step++;
      return { step, ...rates };
    });
    const indices = order.subarray(start, end);
    const [results] = await engine.train(images, [{ indices, placements, labelSmoothing, seed, updates }]);
    const sliceLabels = labels.subarray(start, end);
    for (const [batch, update] of updates.entries()) {
      ({ learningRate } = update);
      tally.add(results, sliceLabels, batch * batchSize, Math.min((batch + 1) * batchSize, end - start));
      requireFiniteLoss(tally, epoch, learningRate);
    }
    await onSlice?.({ epoch, phase: "train", done: end, total: order.length, labels: sliceLabels, results });
  });
  return { tally, learningRate };
}

/** The stretch of epochs (start, end] that the schedule covers in an epoch. */
function scheduleStretch({ recipe, scheduleRestarts = [], epochsBefore = [] }: EpochsOptions, epoch: number) {
  const start = scheduleRestarts.findLast((restart) => restart < epoch) ?? 0;
  const next = scheduleRestarts.findIndex((restart) => restart >= epoch);
  const end = next < 0 ? recipe.epochs : (epochsBefore[next] ?? scheduleRestarts[next]);
  return { start, end };
}

function requireFiniteLoss({ loss }: Tally, epoch: number, learningRate: number): void {
  if (Number.isFinite(loss)) return;
  throw new DivergedError(
    `the training diverged in epoch ${epoch}: the loss is ${loss} at learning rate ${learningRate}; try a lower one`,
  );
}

/** Evaluates the validation images, with the averaged parameters if the recipe averages. */
async function validateEpoch(options: EpochsOptions, images: LoadedImages, epoch: number): Promise<Tally> {
  const { engine, dataset, split, recipe, onSlice } = options;
  const tally = new Tally();
  const placements = recipe.augmentValidation ? placementsFor(options, epoch) : undefined;
  const total = split.validation.length;
  const labels = Uint8Array.from(split.validation, (index) => dataset.labels[index]);
  const weights = recipe.averaging ? "average" : "current";
  await forEachSlice(total, sliceOptions(options, epoch, "validation", tally), async (start, end) => {
    const indices = split.validation.subarray(start, end);
    const [results] = await engine.evaluate(images, [{ indices, placements, weights }]);
    const sliceLabels = labels.subarray(start, end);
    tally.add(results, sliceLabels);
    await onSlice?.({ epoch, phase: "validation", done: end, total, labels: sliceLabels, results });
  });
  return tally;
}

/** The options of a pass, which reports its mean loss and accuracy so far. */
function sliceOptions(
  { engine, signal, onProgress, batchesAtOnce }: EpochsOptions,
  epoch: number,
  phase: EpochProgress["phase"],
  tally: Tally,
): SliceOptions {
  return {
    batchSize: engine.batchSize,
    batchesAtOnce,
    signal,
    onProgress: (progress) => onProgress?.({ epoch, phase, ...progress, loss: tally.loss, accuracy: tally.accuracy }),
  };
}

/** How the images of an epoch are transformed; undefined if the recipe leaves them as they are. */
export function placementsFor(
  { recipe: { augmentation }, seed }: Pick<EpochsOptions, "recipe" | "seed">,
  epoch: number,
): AugmentationDraw | undefined {
  return isAugmenting(augmentation) ? { augmentation, seed, epoch } : undefined;
}
