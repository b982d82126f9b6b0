import { drawTransformation, isAugmenting, writeTransformation } from "../data/augmentation.js";
import type { Dataset } from "../data/dataset.js";
import { PLACEMENT_WORDS } from "../data/placement.js";
import { epochOrder, type Split } from "../data/split.js";
import type { Engine, OptimizerState, PictureBatch, SampleResults } from "../engine/index.js";
import type { NamedTensors } from "../model/index.js";
import { Tally } from "./metrics.js";
import { forEachBatch, type PassOptions } from "./passes.js";
import type { Recipe } from "./recipes/index.js";
import { scheduleAt } from "./recipes/schedules.js";

/** What an epoch came to. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Mean of the loss that is trained: with label smoothing and dropout, while the parameters change. */
  readonly trainLoss: number;
  /** 0 … 1, in the same pass. */
  readonly trainAccuracy: number;
  /** Mean cross-entropy without smoothing, after the epoch. */
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  /** Of the epoch's last step. */
  readonly learningRate: number;
  readonly trainSeconds: number;
  readonly validationSeconds: number;
}

/** The parameters, averaged where the recipe says so, with the best validation accuracy so far; of equal ones the first. */
export interface Best {
  readonly epoch: number;
  readonly validationAccuracy: number;
  readonly parameters: NamedTensors<Float32Array>;
}

/** All that a training needs to go on after an epoch; with the counter-based draws there is no generator to keep. */
export interface TrainingState {
  readonly epoch: number;
  /** As the last step left them, never averaged. */
  readonly parameters: NamedTensors<Float32Array>;
  readonly optimizer: OptimizerState;
  readonly best: Best;
}

/** What the loop tells about the pass it is in. */
export interface EpochProgress {
  readonly epoch: number;
  readonly phase: "train" | "validation";
  readonly done: number;
  readonly total: number;
  /** Mean so far. */
  readonly loss: number;
  readonly accuracy: number;
}

/** What a batch of the pass came to. */
export interface EpochBatch {
  readonly epoch: number;
  readonly phase: EpochProgress["phase"];
  /** Samples of the pass up to and with this batch, and of the whole pass. */
  readonly done: number;
  readonly total: number;
  readonly labels: Uint8Array;
  readonly results: SampleResults;
}

/** A training. */
export interface EpochsOptions {
  /** Compiled for the recipe's batch size and averaging, with the parameters to start from. */
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly split: Split;
  readonly recipe: Recipe;
  readonly seed: number;
  /** The epochs after which the recipe's schedule begins anew, ascending; the first stretch begins with the first epoch. */
  readonly scheduleRestarts?: readonly number[];
  /** Go on after this state, with the very bits of a training that was never interrupted. */
  readonly resumeFrom?: TrainingState;
  /** Told several times a second. */
  readonly onProgress?: (progress: EpochProgress) => void;
  /** Called after every batch; where it gives a promise, the loop waits for it. */
  readonly onBatch?: (batch: EpochBatch) => Promise<void> | undefined;
  /** Aborting ends the loop with the signal's reason, within a fraction of a second. */
  readonly signal?: AbortSignal;
}

/** The loss became NaN or infinite. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/** An epoch of the loop: its record, and the state after it. */
export interface FinishedEpoch {
  readonly record: EpochRecord;
  readonly state: TrainingState;
}

/**
 * Trains: for every epoch a pass over the shuffled, augmented training images, then one over the validation images.
 * Yields after each, until all are done or the recipe's patience is at its end; then the engine holds the parameters with
 * the best validation accuracy.
 *
 * @throws DivergedError where the loss is no finite number any more, RangeError where the engine does not average the
 *   parameters as the recipe wants
 */
export async function* runEpochs(options: EpochsOptions): AsyncGenerator<FinishedEpoch, Best, undefined> {
  const { engine, recipe, resumeFrom } = options;
  let best: Best | undefined = resumeFrom?.best;
  if (resumeFrom) {
    engine.setParameters(resumeFrom.parameters);
    engine.setOptimizerState(resumeFrom.optimizer);
  }
  if (recipe.averaging && !engine.optimizerState().average) {
    throw new RangeError(
      "the recipe averages the parameters, the engine does not: compile it with the recipe's averaging",
    );
  }
  for (let epoch = (resumeFrom?.epoch ?? 0) + 1; epoch <= recipe.epochs; epoch++) {
    const since = Math.max(best?.epoch ?? epoch, scheduleStretch(options, epoch).start);
    if (recipe.patience > 0 && epoch - since > recipe.patience) break;
    const start = performance.now();
    const train = await trainEpoch(options, epoch);
    const middle = performance.now();
    const parameters = engine.parameters();
    const optimizer = engine.optimizerState();
    if (optimizer.average) engine.setParameters(optimizer.average);
    const validation = await validateEpoch(options, epoch);
    requireFiniteLoss(validation, epoch, train.learningRate);
    if (optimizer.average) engine.setParameters(parameters);
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
  if (!best) throw new RangeError(`the recipe has ${recipe.epochs} epochs`);
  engine.setParameters(best.parameters);
  return best;
}

async function trainEpoch(options: EpochsOptions, epoch: number): Promise<{ tally: Tally; learningRate: number }> {
  const { engine, dataset, split, recipe, seed, onBatch } = options;
  const order = epochOrder(split.train, seed, epoch);
  const labels = Uint8Array.from(order, (index) => dataset.labels[index]);
  const stepsPerEpoch = Math.ceil(order.length / recipe.batchSize);
  const stretch = scheduleStretch(options, epoch);
  const scheduleStart = stepsPerEpoch * stretch.start;
  const scheduleSteps = stepsPerEpoch * (stretch.end - stretch.start);
  const assemble = batchAssembler(options, epoch);
  const tally = new Tally();
  let step = stepsPerEpoch * (epoch - 1);
  let learningRate = 0;
  await forEachBatch(order.length, recipe.batchSize, passOptions(options, epoch, "train", tally), (start, end) => {
    const rates = scheduleAt(recipe.schedule, step - scheduleStart, scheduleSteps);
    learningRate = rates.learningRate;
    step++;
    const batchLabels = labels.subarray(start, end);
    const loss = { labelSmoothing: recipe.labelSmoothing, seed };
    const results = engine.train(assemble(order.subarray(start, end)), batchLabels, loss, { step, ...rates });
    tally.add(results, batchLabels);
    requireFiniteLoss(tally, epoch, learningRate);
    return onBatch?.({ epoch, phase: "train", done: end, total: order.length, labels: batchLabels, results });
  });
  return { tally, learningRate };
}

/** The epochs, from after `start` to `end`, over which the schedule of an epoch runs. */
function scheduleStretch({ recipe, scheduleRestarts = [] }: EpochsOptions, epoch: number) {
  const start = scheduleRestarts.findLast((restart) => restart < epoch) ?? 0;
  const end = scheduleRestarts.find((restart) => restart >= epoch) ?? recipe.epochs;
  return { start, end };
}

function requireFiniteLoss({ loss }: Tally, epoch: number, learningRate: number): void {
  if (Number.isFinite(loss)) return;
  throw new DivergedError(
    `the training diverged in epoch ${epoch}: the loss is ${loss} at learning rate ${learningRate}; try a lower one`,
  );
}

async function validateEpoch(options: EpochsOptions, epoch: number): Promise<Tally> {
  const { engine, dataset, split, recipe, onBatch } = options;
  const tally = new Tally();
  const assemble = batchAssembler(options, epoch, recipe.augmentValidation);
  const total = split.validation.length;
  const labels = Uint8Array.from(split.validation, (index) => dataset.labels[index]);
  await forEachBatch(total, engine.batchSize, passOptions(options, epoch, "validation", tally), (start, end) => {
    const batchLabels = labels.subarray(start, end);
    const results = engine.evaluate(assemble(split.validation.subarray(start, end)), batchLabels);
    tally.add(results, batchLabels);
    return onBatch?.({ epoch, phase: "validation", done: end, total, labels: batchLabels, results });
  });
  return tally;
}

/** A pass that tells of its results so far. */
function passOptions(
  { signal, onProgress }: EpochsOptions,
  epoch: number,
  phase: EpochProgress["phase"],
  tally: Tally,
): PassOptions {
  return {
    signal,
    onProgress: (progress) => onProgress?.({ epoch, phase, ...progress, loss: tally.loss, accuracy: tally.accuracy }),
  };
}

/** Makes batches of an epoch: the pictures of the given indices, each with the transformation drawn for it. */
export function batchAssembler(
  { engine, dataset, recipe, seed }: Pick<EpochsOptions, "engine" | "dataset" | "recipe" | "seed">,
  epoch: number,
  augmented = true,
): (indices: Uint32Array) => PictureBatch {
  const { augmentation } = recipe;
  const { height, width, images } = dataset;
  const asTheyAre = !augmented || !isAugmenting(augmentation);
  const placements = new Int32Array(engine.batchSize * PLACEMENT_WORDS);
  return (indices: Uint32Array) => {
    if (asTheyAre) return { pixels: images, indices };
    indices.forEach((index, sample) => {
      const transformation = drawTransformation(augmentation, dataset, seed, epoch, index);
      writeTransformation(transformation, height, width, placements, sample * PLACEMENT_WORDS);
    });
    return { pixels: images, indices, placements };
  };
}
