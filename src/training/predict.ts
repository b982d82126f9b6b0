import type { Dataset } from "../data/dataset.js";
import type { Engine } from "../engine/backend.js";
import { forEachSlice, type PassOptions } from "./passes.js";

/**
 * What an engine's parameters make of images as they are: the softmax of the logits.
 *
 * @param indices the images to take
 * @returns the probability of each class: [image][class], 0 … 1
 */
export async function predictDataset(
  engine: Engine,
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

/** What an engine makes of an image. */
export interface Judgement {
  /** The first class with the highest probability, as an index. */
  readonly class: number;
  /** Of each class, 0 … 1: the softmax of the logits. */
  readonly probabilities: readonly number[];
  /** The engine's outputs. */
  readonly logits: readonly number[];
}

/** @throws Error in one line where the logits are no finite numbers */
export function judge(logits: Float32Array): Judgement {
  if (!logits.every(Number.isFinite)) {
    throw new Error("the network gives no numbers: some of its weights are infinite or no numbers");
  }
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  return { class: logits.indexOf(largest), probabilities: Array.from(softmax(logits)), logits: Array.from(logits) };
}

/** The probabilities of logits, taken less the largest, so that none overflows. */
export function softmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
