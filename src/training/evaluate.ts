import type { Dataset } from "../data/dataset.js";
import type { Engine } from "../engine/backend.js";
import { type Evaluation, evaluationOf } from "./metrics.js";
import { forEachSlice, type PassOptions } from "./passes.js";

/**
 * Evaluates an engine's parameters on images, without augmentation.
 *
 * @param indices the images to evaluate. Default: all of them.
 */
export async function evaluateDataset(
  engine: Engine,
  dataset: Dataset,
  indices: Uint32Array = Uint32Array.from(dataset.labels.keys()),
  options: PassOptions = {},
): Promise<Evaluation> {
  const labels = Uint8Array.from(indices, (index) => dataset.labels[index]);
  const predictions = new Int32Array(indices.length);
  const losses = new Float32Array(indices.length);
  const images = await engine.load({ pixels: dataset.images, labels: dataset.labels });
  try {
    await forEachSlice(indices.length, { ...options, batchSize: engine.batchSize }, async (start, end) => {
      const [results] = await engine.evaluate(images, [{ indices: indices.subarray(start, end) }]);
      predictions.set(results.predictions, start);
      losses.set(results.losses, start);
    });
  } finally {
    images.unload();
  }
  return evaluationOf(dataset.classes, labels, predictions, losses);
}
