import type { Dataset } from "../data/dataset.js";
import type { Evaluator } from "../engine/backend.js";
import { type Evaluation, evaluationOf } from "./metrics.js";
import { forEachSlice, type PassOptions } from "./passes.js";

/** What is evaluated: images with their labels, as bytes or as normalised values. */
export type LabelledImages = Pick<Dataset, "classes"> & { readonly labels: ArrayLike<number> } & (
    | Pick<Dataset, "images">
    | { readonly values: Float32Array }
  );

/**
 * Evaluates an engine's parameters on images, without augmentation.
 *
 * @param indices the images to evaluate. Default: all of them.
 * @throws Error if the loss of an image is NaN or infinite
 */
export async function evaluateDataset(
  engine: Evaluator,
  dataset: LabelledImages,
  indices: Uint32Array = Uint32Array.from({ length: dataset.labels.length }, (_, index) => index),
  options: PassOptions = {},
): Promise<Evaluation> {
  const labels = Uint8Array.from(indices, (index) => dataset.labels[index]);
  const predictions = new Int32Array(indices.length);
  const losses = new Float32Array(indices.length);
  const { labels: all } = dataset;
  const images = await engine.load(
    "values" in dataset ? { values: dataset.values, labels: all } : { pixels: dataset.images, labels: all },
  );
  try {
    await forEachSlice(indices.length, { ...options, batchSize: engine.batchSize }, async (start, end) => {
      const [results] = await engine.evaluate(images, [{ indices: indices.subarray(start, end) }]);
      predictions.set(results.predictions, start);
      losses.set(results.losses, start);
    });
  } finally {
    images.unload();
  }
  const wrong = losses.findIndex((loss) => !Number.isFinite(loss));
  if (wrong >= 0) {
    throw new Error(`the loss of image ${indices[wrong]} is ${losses[wrong]}: the network's outputs are not finite`);
  }
  return evaluationOf(dataset.classes, labels, predictions, losses);
}

/**
 * Predicts class probabilities for images, without augmentation: the softmax of the logits.
 *
 * @param indices the images to predict
 * @returns [image][class], 0 … 1
 */
export async function predictDataset(
  engine: Evaluator,
  dataset: Dataset,
  indices: Uint32Array,
  options: PassOptions = {},
): Promise<Float64Array> {
  const classes = dataset.classes.length;
  const probabilities = new Float64Array(indices.length * classes);
  const images = await engine.load({ pixels: dataset.images });
  try {
    await forEachSlice(indices.length, { ...options, batchSize: engine.batchSize }, async (start, end) => {
      const { data } = await engine.predict(images, { indices: indices.subarray(start, end) });
      for (let sample = 0; sample < end - start; sample++) {
        const logits = data.subarray(sample * classes, (sample + 1) * classes);
        probabilities.set(softmax(logits), (start + sample) * classes);
      }
    });
  } finally {
    images.unload();
  }
  return probabilities;
}

/** The prediction for one image. */
export interface Judgement {
  /** The index of the class with the highest probability, the first if several are equal. */
  readonly class: number;
  /** The probability of each class, 0 … 1: the softmax of the logits. */
  readonly probabilities: readonly number[];
  /** The network's outputs. */
  readonly logits: readonly number[];
}

/** Turns logits into a prediction. @throws Error if a logit is NaN or infinite */
export function judge(logits: Float32Array): Judgement {
  if (!logits.every(Number.isFinite)) {
    throw new Error("the network's outputs are not finite: some of its weights are NaN or infinite");
  }
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  return { class: logits.indexOf(largest), probabilities: Array.from(softmax(logits)), logits: Array.from(logits) };
}

/** The softmax of the logits. The largest logit is subtracted first to avoid overflow. */
export function softmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
