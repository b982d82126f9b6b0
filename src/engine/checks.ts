import { type Model, ShapeError } from "../model/index.js";
import type { Averaging, OptimizerState, TrainingSlice } from "./backend.js";

/** @throws RangeError unless a slice has one update per step */
export function requireUpdates({ updates }: TrainingSlice, samples: number, batchSize: number): void {
  const steps = Math.ceil(samples / batchSize);
  if (updates.length !== steps) {
    throw new RangeError(`${samples} samples in batches of ${batchSize} need ${steps} updates, got ${updates.length}`);
  }
}

/**
 * Checks that a state has an average exactly if the network keeps one.
 *
 * @throws ShapeError saying which of them has an average
 */
export function requireAverage(averaging: Averaging | null | undefined, { average }: OptimizerState): void {
  if (average && !averaging) {
    throw new ShapeError("the state has an average of the parameters, but the engine keeps none");
  }
  if (averaging && !average) {
    throw new ShapeError("the state has no average of the parameters, but the engine keeps one");
  }
}

/**
 * Checks that the networks of a fleet can be computed side by side.
 *
 * @throws RangeError naming the first network that differs
 */
export function requireSameLayers(models: readonly Model[]): void {
  const structure = ({ input, layers }: Model) =>
    JSON.stringify([
      input.channels,
      input.height,
      input.width,
      layers.map((layer) => ("probability" in layer ? layer.type : layer)),
    ]);
  if (models.length === 0) throw new RangeError("there are no networks");
  const other = models.findIndex((model) => structure(model) !== structure(models[0]));
  if (other > 0) throw new RangeError(`network ${other} does not have the same layers as network 0`);
}
