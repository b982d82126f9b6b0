import { type Model, ShapeError } from "../model/index.js";
import type { Averaging, OptimizerState, TrainingSlice } from "./backend.js";

/** @throws RangeError unless a slice has one update for each step */
export function requireUpdates({ updates }: TrainingSlice, samples: number, batchSize: number): void {
  const steps = Math.ceil(samples / batchSize);
  if (updates.length !== steps) {
    throw new RangeError(
      `${samples} samples in batches of ${batchSize} are ${steps} steps, there are ${updates.length} updates`,
    );
  }
}

/**
 * Refuses the state of a network with averaging for one without, and the reverse.
 *
 * @throws ShapeError saying which is which
 */
export function requireAverage(averaging: Averaging | null | undefined, { average }: OptimizerState): void {
  if (average && !averaging) throw new ShapeError("the state has an average of the parameters, the engine keeps none");
  if (averaging && !average) throw new ShapeError("the state has no average of the parameters, the engine keeps one");
}

/**
 * Refuses a fleet whose networks cannot be computed side by side.
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
  if (other > 0) throw new RangeError(`network ${other} has other layers than network 0`);
}
