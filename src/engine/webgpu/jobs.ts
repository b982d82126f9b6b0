import type { AugmentationDraw } from "../../data/augmentation.js";
import { drawPlacements } from "../../data/augmentation.js";
import { PLACEMENT_WORDS } from "../../data/placement.js";
import type { Model, ShapedLayer } from "../../model/index.js";
import { dropoutKeys, dropoutThreshold } from "../../numeric/dropoutDraw.js";
import { type Averaging, averageShare, type OptimizerSettings, type Update } from "../backend.js";
import { HYPERPARAMETER_WORDS, hyperparameterValues, packHyperparameters } from "../hyperparameters.js";
import { DROPOUT, DROPOUT_WORDS } from "./kernels/dropout.js";
import { OPTIMIZERS } from "./kernels/optimizer.js";

/** The words of the record that says what one network does in one step; then come those of its dropout layers. */
export const RECORD = {
  /** 0: the network rests. */
  samples: 0,
  /** The bits of the label smoothing. */
  smoothing: 1,
  /** The bits of 1 / samples. */
  scale: 2,
  optimizer: 3,
  /** 1: the average of the parameters is moved. */
  averages: 4,
  /** 1: its samples have placements. */
  placed: 5,
  hyperparameters: 6,
  dropout: 6 + HYPERPARAMETER_WORDS,
} as const;

/** The words of a record. */
export function recordWords(layers: readonly ShapedLayer[]): number {
  return RECORD.dropout + dropoutLayers(layers).length * DROPOUT_WORDS;
}

/** The places of the dropout layers in a model. */
export function dropoutLayers(layers: readonly Pick<ShapedLayer, "layer">[]): number[] {
  return [...layers.keys()].filter((index) => layers[index].layer.type === "dropout");
}

/** What one network does in a call, in steps of so many samples. */
export interface Job {
  readonly indices: ArrayLike<number>;
  readonly placements?: AugmentationDraw | Int32Array;
  readonly labelSmoothing: number;
  /** What a training needs besides. */
  readonly training?: {
    readonly seed: number;
    readonly optimizer: OptimizerSettings;
    readonly averaging?: Averaging | null;
    /** One for each step. */
    readonly updates: readonly Update[];
  };
}

/** Where the parts of packed jobs begin, in words. */
export interface PackedJobs {
  readonly words: Uint32Array;
  readonly samplesAt: number;
  readonly placementsAt: number;
}

/**
 * Packs some steps of jobs: [job][step] records, [job][step][width] images by their indices, and where a job has them
 * [job][step][width] placements.
 *
 * @param width the samples of a step at most
 */
export function packJobs(
  jobs: readonly (Job | undefined)[],
  models: readonly Model[],
  layers: readonly ShapedLayer[],
  { first, steps, width }: { readonly first: number; readonly steps: number; readonly width: number },
): PackedJobs {
  const size = recordWords(layers);
  const samplesAt = jobs.length * steps * size;
  const samples = jobs.length * steps * width;
  const placementsAt = samplesAt + samples;
  const placed = jobs.some((job) => job?.placements);
  const words = new Uint32Array(placementsAt + (placed ? samples * PLACEMENT_WORDS : 0));
  const integers = new Int32Array(words.buffer);
  const floats = new Float32Array(words.buffer);
  for (const [place, job] of jobs.entries()) {
    if (!job) continue;
    const { indices, placements } = job;
    const start = Math.min(first * width, indices.length);
    const end = Math.min(start + steps * width, indices.length);
    const sample = place * steps * width;
    for (let index = start; index < end; index++) words[samplesAt + sample + index - start] = indices[index];
    if (placements) {
      const target = integers.subarray(placementsAt + sample * PLACEMENT_WORDS);
      if (placements instanceof Int32Array) {
        target.set(placements.subarray(start * PLACEMENT_WORDS, end * PLACEMENT_WORDS));
      } else {
        drawPlacements(placements, models[place].input, indices, start, end, target);
      }
    }
    for (let step = 0; start + step * width < end; step++) {
      const record = (place * steps + step) * size;
      const count = Math.min(width, end - start - step * width);
      words[record + RECORD.samples] = count;
      floats[record + RECORD.smoothing] = job.labelSmoothing;
      floats[record + RECORD.scale] = 1 / count;
      words[record + RECORD.placed] = placements ? 1 : 0;
      packTraining(job, models[place], first + step, words.subarray(record), floats.subarray(record));
    }
  }
  return { words, samplesAt, placementsAt };
}

/** The words of the optimizer and of dropout. Without a training nothing is dropped. */
function packTraining({ training }: Job, model: Model, step: number, words: Uint32Array, floats: Float32Array): void {
  const update = training?.updates[step];
  if (training && update) {
    const { optimizer, averaging } = training;
    words[RECORD.optimizer] = OPTIMIZERS[optimizer.type];
    words[RECORD.averages] = averaging ? 1 : 0;
    const values = hyperparameterValues(optimizer, update);
    if (averaging) values.averageShare = averageShare(averaging, update.step);
    floats.set(packHyperparameters(values), RECORD.hyperparameters);
  }
  for (const [place, index] of dropoutLayers(model.layers.map((layer) => ({ layer }))).entries()) {
    const at = RECORD.dropout + place * DROPOUT_WORDS;
    const layer = model.layers[index];
    const probability = training && layer.type === "dropout" ? layer.probability : 0;
    if (training && update) {
      const [firstKey, secondKey] = dropoutKeys(training.seed, update.step, index);
      words[at + DROPOUT.firstKey] = firstKey;
      words[at + DROPOUT.secondKey] = secondKey;
    }
    words[at + DROPOUT.threshold] = dropoutThreshold(probability);
    floats[at + DROPOUT.scale] = 1 / (1 - probability);
    floats[at + DROPOUT.unscale] = 1 - probability;
  }
}
