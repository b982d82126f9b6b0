import type { Dataset } from "../data/dataset.js";
import type { Engine } from "../engine/index.js";
import { forEachBatch, type PassOptions } from "./passes.js";

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
  await forEachBatch(indices.length, engine.batchSize, options, (start, end) => {
    const { data } = engine.predict({ pixels: dataset.images, indices: indices.subarray(start, end) });
    for (let sample = 0; sample < end - start; sample++) {
      const logits = data.subarray(sample * classes, (sample + 1) * classes);
      probabilities.set(softmax(logits), (start + sample) * classes);
    }
  });
  return probabilities;
}

/** The probabilities of logits, taken less the largest, so that none overflows. */
export function softmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
