import type { AugmentationDraw } from "../../data/augmentation.js";
import { classCount, learnedSpecs, type Model, type ShapedLayer } from "../../model/index.js";
import { dropoutKeys, dropoutThreshold } from "../../numeric/dropoutDraw.js";
import { type Averaging, averageShare, type LossSettings, type OptimizerSettings, type Update } from "../backend.js";
import { HYPERPARAMETER_WORDS, hyperparameterValues, packHyperparameters } from "../hyperparameters.js";
import { muonMatrices } from "../muon.js";
import { DRAW_WORDS, packDraw, SPREADS, spreadsOf } from "../placementDraws.js";
import { LOSS, lossWords } from "./kernels/crossEntropy.js";
import { doubleBits } from "./kernels/doubles.js";
import { DROPOUT, DROPOUT_WORDS } from "./kernels/dropout.js";
import { OPTIMIZERS } from "./kernels/optimizer.js";

/** The words of the record that says what one network does in one step; then come those of its dropout layers. */
export const RECORD = {
  /** 0: the network rests. */
  samples: 0,
  /** The bits of what multiplies each sample's cross-entropy. */
  labelShare: 1,
  /** The bits of 1 / samples. */
  scale: 2,
  optimizer: 3,
  /** 1: the average of the parameters is moved. */
  averages: 4,
  /** 1: its samples have placements. */
  placed: 5,
  /** 1: batch normalisation measures the batch, as in training. */
  measures: 6,
  /** The bits of the batch's share in the running statistics; 0: the layers' own. */
  share: 7,
  hyperparameters: 8,
  dropout: 8 + HYPERPARAMETER_WORDS,
} as const;

/** Its exponential is 0. Shaders know no infinity. */
const NO_LOGIT = -1e30;

/** The words that say how a job's placements are drawn; the spreads are float64, two words each. */
export const DRAW_RECORD_WORDS = DRAW_WORDS + 2 * SPREADS.length;

/** The words of a record. */
export function recordWords(layers: readonly ShapedLayer[]): number {
  return RECORD.dropout + dropoutLayers(layers).length * DROPOUT_WORDS + matrixNames(layers).length;
}

/** The word that says whether Muon updates a weight. */
export function matrixFlag(layers: readonly ShapedLayer[], parameter: string): number {
  const names = matrixNames(layers);
  return recordWords(layers) - names.length + names.indexOf(parameter);
}

/** The weights of several dimensions. */
function matrixNames(layers: readonly ShapedLayer[]): string[] {
  return learnedSpecs(layers).flatMap(({ name, shape }) => (shape.length > 1 ? [name] : []));
}

/** The places of the dropout layers in a model. */
export function dropoutLayers(layers: readonly Pick<ShapedLayer, "layer">[]): number[] {
  return [...layers.keys()].filter((index) => layers[index].layer.type === "dropout");
}

/** What one network does in a call, in steps of so many samples. */
export interface Job {
  readonly indices: ArrayLike<number>;
  readonly placements?: AugmentationDraw | Int32Array;
  readonly loss: Partial<LossSettings>;
  readonly rubbishPenalty?: number;
  /** The labels of all images. Default: 0 each. */
  readonly labels?: ArrayLike<number>;
  /** What a training needs besides. */
  readonly training?: {
    readonly seed: number;
    /** Undefined: statistics are measured as their mean over the steps, and nothing else is changed. */
    readonly optimizer?: OptimizerSettings;
    readonly averaging?: Averaging | null;
    /** One for each step. */
    readonly updates: readonly Update[];
  };
}

/** Where the parts of packed jobs begin, in words. */
export interface PackedJobs {
  readonly words: Uint32Array;
  readonly samplesAt: number;
  readonly drawsAt: number;
  readonly lossAt: number;
  readonly teacherAt: number;
}

/** The words of a teacher's logits for a sample: none if no job has a teacher. */
export function teacherWords(jobs: readonly (Job | undefined)[], layers: readonly ShapedLayer[]): number {
  return jobs.some((job) => job?.loss.distillation) ? classCount(layers) : 0;
}

/**
 * Packs some steps of jobs: [job][step] records, [job][step][width] images by their indices, for each job how its
 * placements are drawn and what its logits are compared with, and [job][step][width] the teachers' logits.
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
  const drawsAt = samplesAt + jobs.length * steps * width;
  const classes = classCount(layers);
  const lossAt = drawsAt + jobs.length * DRAW_RECORD_WORDS;
  const teacherAt = lossAt + jobs.length * lossWords(classes);
  const words = new Uint32Array(teacherAt + jobs.length * steps * width * teacherWords(jobs, layers));
  const floats = new Float32Array(words.buffer);
  for (const [place, job] of jobs.entries()) {
    if (!job) continue;
    const { indices, placements, loss } = job;
    const start = Math.min(first * width, indices.length);
    const end = Math.min(start + steps * width, indices.length);
    const sample = place * steps * width;
    for (let index = start; index < end; index++) words[samplesAt + sample + index - start] = indices[index];
    const dropouts = dropoutLayers(layers).map((index) => ({
      index,
      probability: dropProbability(job, models[place], index),
    }));
    const optimizer = job.training?.optimizer;
    const muon = optimizer?.type === "muon" ? muonMatrices(layers, optimizer) : [];
    const flags = muon.map(({ parameter }) => matrixFlag(layers, parameter));
    if (placements && !(placements instanceof Int32Array)) {
      const { input } = models[place];
      const draw = words.subarray(drawsAt + place * DRAW_RECORD_WORDS);
      packDraw(placements, input, draw);
      draw.set(spreadsOf(placements, input).flatMap(doubleBits), DRAW_WORDS);
    }
    packLoss(job, classes, floats.subarray(lossAt + place * lossWords(classes)));
    if (loss.distillation) {
      const logits = loss.distillation.logits.subarray(start * classes, end * classes);
      floats.set(logits, teacherAt + sample * classes);
    }
    for (let step = 0; start + step * width < end; step++) {
      const record = (place * steps + step) * size;
      const count = Math.min(width, end - start - step * width);
      words[record + RECORD.samples] = count;
      const firstOfStep = start + step * width;
      floats[record + RECORD.labelShare] = labelShare(job, firstOfStep, firstOfStep + count);
      floats[record + RECORD.scale] = 1 / count;
      words[record + RECORD.placed] = placements ? 1 : 0;
      const update = job.training?.updates[first + step];
      words[record + RECORD.measures] = job.training ? 1 : 0;
      for (const flag of flags) words[record + flag] = 1;
      if (job.training && optimizer && update) packUpdate(job.training, optimizer, update, { words, floats, record });
      else if (update) floats[record + RECORD.share] = 1 / update.step;
      packDropouts(dropouts, job.training, update, { words, floats, record });
    }
  }
  return { words, samplesAt, drawsAt, lossAt, teacherAt };
}

function packLoss({ loss, rubbishPenalty }: Job, classes: number, floats: Float32Array): void {
  const { labelSmoothing = 0, classWeights, distillation } = loss;
  const { temperature = 1, share = 0 } = distillation ?? {};
  floats[LOSS.smoothing] = labelSmoothing;
  floats[LOSS.teacherShare] = share * temperature * temperature;
  floats[LOSS.inverseTemperature] = 1 / temperature;
  floats[LOSS.rubbishLogit] = rubbishPenalty === undefined ? NO_LOGIT : -rubbishPenalty;
  for (let index = 0; index < classes; index++) floats[LOSS.classWeights + index] = classWeights?.[index] ?? 1;
}

/** What multiplies the cross-entropies of the samples from `first` to `end`, so that their mean is the weighted one. */
function labelShare({ indices, labels, loss }: Job, first: number, end: number): number {
  const { classWeights, distillation } = loss;
  const share = 1 - (distillation?.share ?? 0);
  if (!classWeights) return share;
  let total = 0;
  for (let place = first; place < end; place++) total += classWeights[labels?.[indices[place]] ?? 0];
  return total > 0 ? share * ((end - first) / total) : 0;
}

/** Without a training nothing is dropped. */
function dropProbability({ training }: Job, model: Model, index: number): number {
  const layer = model.layers[index];
  return training && layer.type === "dropout" ? layer.probability : 0;
}

/** A record that begins at a place of packed words. */
interface PackedRecord {
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  readonly record: number;
}

function packUpdate(
  { averaging }: NonNullable<Job["training"]>,
  optimizer: OptimizerSettings,
  update: Update,
  { words, floats, record }: PackedRecord,
): void {
  words[record + RECORD.optimizer] = OPTIMIZERS[optimizer.type];
  words[record + RECORD.averages] = averaging ? 1 : 0;
  const values = hyperparameterValues(optimizer, update);
  if (averaging) values.averageShare = averageShare(averaging, update.step);
  packHyperparameters(values, floats, record + RECORD.hyperparameters);
}

function packDropouts(
  dropouts: readonly { readonly index: number; readonly probability: number }[],
  training: Job["training"],
  update: Update | undefined,
  { words, floats, record }: PackedRecord,
): void {
  for (let place = 0; place < dropouts.length; place++) {
    const { index, probability } = dropouts[place];
    const at = record + RECORD.dropout + place * DROPOUT_WORDS;
    if (training && update && probability > 0) {
      const [firstKey, secondKey] = dropoutKeys(training.seed, update.step, index);
      words[at + DROPOUT.firstKey] = firstKey;
      words[at + DROPOUT.secondKey] = secondKey;
    }
    words[at + DROPOUT.threshold] = dropoutThreshold(probability);
    floats[at + DROPOUT.scale] = 1 / (1 - probability);
    floats[at + DROPOUT.unscale] = 1 - probability;
  }
}
