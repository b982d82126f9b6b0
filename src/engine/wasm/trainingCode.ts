import type { Layer } from "../../model/index.js";
import { emitSampleGradients, emitTileGradients } from "./gradientCode.js";
import {
  assemblyScratchBytes,
  emitDerivative,
  emitDrawPlacement,
  emitMuon,
  emitOptimizer,
  emitPlaced,
  emitWeightedLoss,
  type KernelContext,
  type PassCode,
  type PlacedLayer,
  type SingleSurroundings,
  type TilePointers,
  tileBytes,
} from "./kernels/index.js";
import { trainingKernelsOf } from "./layers.js";
import { placeMatrix } from "./muonCode.js";
import { emitSegments } from "./segments.js";
import { emitSteps } from "./stepCode.js";

/** Adds the gradients of one sample alone. Those of a layer that applies an activation start before the activation. */
function addSingleGradients(
  context: KernelContext,
  name: string,
  placed: PlacedLayer<Layer>,
  forward: PassCode,
  surroundings: SingleSurroundings,
): PassCode {
  const kernels = trainingKernelsOf(placed.described.layer);
  const code = kernels?.single?.(context, name, placed, forward, surroundings) ?? forward;
  const { activation } = surroundings;
  if (!activation) return code;
  const kernel = emitDerivative(context, `${name}.derivative`, activation, tileBytes(placed.output));
  const derivative = { kernel, operands: ({ y, dy }: TilePointers) => [y, dy] };
  return { ...code, parameterGradients: [derivative, ...(code.parameterGradients ?? [])] };
}

/**
 * All that only training takes of a program's code. Whoever trains passes it on; whoever predicts does not import it, so
 * that a bundler leaves it out.
 */
export const TRAINING_CODE = {
  trainingKernelsOf,
  addSingleGradients,
  assemblyScratchBytes,
  emitPlaced,
  emitDrawPlacement,
  emitWeightedLoss,
  emitOptimizer,
  emitMuon,
  placeMatrix,
  emitTileGradients,
  emitSampleGradients,
  emitSegments,
  emitSteps,
};

/** The type of {@link TRAINING_CODE}. */
export type TrainingCode = typeof TRAINING_CODE;
