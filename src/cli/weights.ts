import type { WasmEngine } from "../engine/index.js";
import type { Weights } from "../model/index.js";
import { type LoadedWeights, loadWeights } from "../node/weights.js";
import { RECIPES } from "../training/recipes/index.js";
import { compileForNode } from "./engine.js";

/** What the commands take that start from weights. */
export const WEIGHTS_HELP = "a .pth, .safetensors or .onnx file, or a run folder (its best weights)";

/** Images that are evaluated at a time. */
const BATCH_SIZE = 32;

/** Reads weights; of a file that does not say which activation and pooling its model has, by the recipe's. */
export function openWeights(path: string, recipe: string | undefined): Promise<LoadedWeights> {
  return loadWeights(path, recipe === undefined ? undefined : RECIPES[recipe]);
}

/** An engine that evaluates weights. */
export function engineOf(
  { model, normalization, parameters }: Weights,
  { batchSize = BATCH_SIZE, threads }: { batchSize?: number; threads?: number },
): WasmEngine {
  // Nothing is trained: any optimiser does.
  const { optimizer } = RECIPES.paper;
  const engine = compileForNode(model, { batchSize, threads, normalization, optimizer });
  engine.setParameters(parameters);
  return engine;
}
