import { PLACEMENT_WORDS } from "../data/placement.js";
import {
  classCount,
  type Model,
  type NamedTensors,
  type Normalization,
  type ShapedLayer,
  ShapeError,
  type Tensor,
} from "../model/index.js";

/** Pictures as they are stored: bytes, normalised by the engine. */
export interface PictureBatch {
  /** uint8 [any number][channels][height][width] */
  readonly pixels: Uint8Array;
  /** Which of the pictures make up the batch, by their index. */
  readonly indices: ArrayLike<number>;
  /** How each is transformed, see PLACEMENT: PLACEMENT_WORDS words a sample; as they are where left out. */
  readonly placements?: Int32Array;
}

/** Inputs that are normalised already. */
export interface ValueBatch {
  /** float32 [count][channels][height][width] */
  readonly values: Float32Array;
}

/** What goes into an engine at once. */
export type Batch = PictureBatch | ValueBatch;

/** The optimisers, named and parameterised as in torch.optim. */
export type OptimizerSettings =
  | {
      readonly type: "adamw" | "adam";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    }
  | { readonly type: "sgd"; readonly momentum: number; readonly nesterov: boolean; readonly weightDecay: number };

/**
 * The exponential moving average of all parameters, moved after every step: average + (1 − decay) · (parameter − average).
 * The first step makes it the parameters themselves, as torch.optim.swa_utils.AveragedModel; step t after that takes
 * min(decay, t / (t + 9)), as TensorFlow's ExponentialMovingAverage, so that the start is soon forgotten.
 */
export interface Averaging {
  /** 0 … 1; the average is over about the last 1 / (1 − decay) steps. */
  readonly decay: number;
}

/** What one step of the optimiser is told. */
export interface Update {
  /** Counts the optimiser's steps from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Replaces β1 (or SGD's momentum) where the schedule cycles it. */
  readonly momentum?: number;
}

/** The loss that is trained, and where its dropout draws from. */
export interface LossSettings {
  readonly labelSmoothing: number;
  readonly seed: number;
}

/** What each sample of a batch came to, in the order of the batch. */
export interface SampleResults {
  /** Cross-entropy, smoothed where the call says so. */
  readonly losses: Float32Array;
  /** The class of the first largest logit. */
  readonly predictions: Int32Array;
}

/** What the steps leave besides the parameters, by the parameters' names. */
export interface OptimizerState {
  /** The first moments; of SGD the momentum. */
  readonly first: NamedTensors<Float32Array>;
  readonly second: NamedTensors<Float32Array>;
  /** The average of the parameters, of an engine with averaging alone. */
  readonly average?: NamedTensors<Float32Array>;
}

/** What a layer put out for a batch: float32 [count, …output shape]. */
export interface LayerActivation {
  readonly layer: ShapedLayer;
  readonly output: Tensor<Float32Array>;
}

/**
 * A model compiled for a batch size. All calls are synchronous; a batch has 1 … `batchSize` samples, labels are class
 * indices in the batch's order. Tensors go in and come out in PyTorch's names, shapes and layout, as copies.
 */
export interface Engine {
  readonly model: Model;
  readonly layers: readonly ShapedLayer[];
  readonly batchSize: number;

  /** All parameters, never their average. */
  parameters(): NamedTensors<Float32Array>;
  /** @throws ShapeError where a tensor is missing, not of the model, or of another shape */
  setParameters(tensors: NamedTensors): void;
  /** What the steps so far left: zeros before the first. */
  optimizerState(): OptimizerState;
  /** @throws ShapeError as `setParameters`, and where the state has an average and the engine none, or the reverse */
  setOptimizerState(state: OptimizerState): void;

  /** One training step: forward, backward, update. Dropout draws from (seed, step). */
  train(batch: Batch, labels: ArrayLike<number>, loss: LossSettings, update: Update): SampleResults;
  /** Forward and backward in evaluation mode (no dropout), parameters left alone; gradients of the mean loss. */
  differentiate(
    batch: Batch,
    labels: ArrayLike<number>,
    labelSmoothing?: number,
  ): SampleResults & { readonly gradients: NamedTensors<Float32Array> };
  /** Loss and predictions in evaluation mode, without label smoothing. */
  evaluate(batch: Batch, labels: ArrayLike<number>): SampleResults;
  /** Logits in evaluation mode: float32 [count, classes]. */
  predict(batch: Batch): Tensor<Float32Array>;
  /** Every layer's output in evaluation mode. @throws Error unless compiled with `keepActivations` */
  activations(batch: Batch): LayerActivation[];
  /** Ends the engine's threads. The engine is of no use afterwards. */
  dispose(): void;
}

/** What every engine is made with. */
export interface EngineOptions {
  /** The most samples that a call may have. */
  readonly batchSize: number;
  readonly normalization: Normalization;
  readonly optimizer: OptimizerSettings;
  /** Whether to keep an average of the parameters, and which; none where left out. */
  readonly averaging?: Averaging | null;
}

/** The number of samples of a batch. */
export function batchCount(batch: Batch, model: Model): number {
  if ("indices" in batch) return batch.indices.length;
  const { channels, height, width } = model.input;
  return batch.values.length / (channels * height * width);
}

/**
 * Refuses a batch that an engine cannot take, before anything is computed.
 *
 * @throws RangeError saying what is wrong and with which sample
 */
export function requireBatch(engine: Engine, batch: Batch, labels: ArrayLike<number>): void {
  const { channels, height, width } = engine.model.input;
  const pictureSize = channels * height * width;
  const count = batchCount(batch, engine.model);
  if (!Number.isInteger(count)) {
    throw new RangeError(
      `the batch has ${count * pictureSize} values, not a multiple of ${channels}×${height}×${width}`,
    );
  }
  if (count < 1 || count > engine.batchSize) {
    throw new RangeError(`the batch has ${count} samples, the engine takes 1 … ${engine.batchSize}`);
  }
  if (labels.length !== count) throw new RangeError(`the batch has ${count} samples and ${labels.length} labels`);
  const classes = classCount(engine.layers);
  for (let sample = 0; sample < count; sample++) {
    if (!isIndex(labels[sample], classes)) {
      throw new RangeError(`the label of sample ${sample} is ${labels[sample]}, the model has ${classes} classes`);
    }
  }
  if (!("indices" in batch)) return;
  const pictures = Math.floor(batch.pixels.length / pictureSize);
  for (let sample = 0; sample < count; sample++) {
    const index = batch.indices[sample];
    if (!isIndex(index, pictures)) {
      throw new RangeError(`sample ${sample} is picture ${index}, there are ${pictures}`);
    }
  }
  const { placements } = batch;
  if (placements && placements.length < count * PLACEMENT_WORDS) {
    throw new RangeError(
      `the placements have ${placements.length} words, ${count} samples need ${count * PLACEMENT_WORDS}`,
    );
  }
}

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}

/**
 * Refuses a normalisation that does not fit the model's pictures.
 *
 * @throws RangeError naming both numbers of channels
 */
export function requireNormalization(model: Model, { mean, deviation }: Normalization): void {
  const { channels } = model.input;
  if ([mean, deviation].some(({ length }) => length !== 1 && length !== channels)) {
    throw new RangeError(
      `the normalization has ${mean.length} means and ${deviation.length} deviations, the model ${channels} channels`,
    );
  }
}

/**
 * Refuses the state of an engine with averaging for one without, and the reverse.
 *
 * @throws ShapeError saying which is which
 */
export function requireAverage({ averaging }: EngineOptions, { average }: OptimizerState): void {
  if (average && !averaging) throw new ShapeError("the state has an average of the parameters, the engine keeps none");
  if (averaging && !average) throw new ShapeError("the state has no average of the parameters, the engine keeps one");
}

/** The normalised value of every byte, float32 [channels][256], in the arithmetic of ToTensor and Normalize. */
export function normalizedBytes({ mean, deviation }: Normalization, channels: number): Float32Array {
  const table = new Float32Array(channels * 256);
  for (let channel = 0; channel < channels; channel++) {
    const channelMean = Math.fround(mean[channel % mean.length]);
    const channelDeviation = Math.fround(deviation[channel % deviation.length]);
    for (let byte = 0; byte < 256; byte++) {
      table[channel * 256 + byte] = Math.fround(Math.fround(byte / 255) - channelMean) / channelDeviation;
    }
  }
  return table;
}
