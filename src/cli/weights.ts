import type { Engine } from "../engine/backend.js";
import type { Weights } from "../model/index.js";
import { type LoadedWeights, loadWeights } from "../node/loadWeights.js";
import { processorBackend } from "../node/threads.js";
import { RECIPES } from "../training/recipes/recipes.js";

/** What the commands take that start from weights. */
export const WEIGHTS_HELP = "a .pth, .safetensors or .onnx file, or a run folder (its best weights)";

/** Images that are evaluated at a time. */
const BATCH_SIZE = 32;

/** Reads weights; of a file that does not say which activation and pooling its model has, by the recipe's. */
export function openWeights(path: string, recipe: string | undefined): Promise<LoadedWeights> {
  return loadWeights(path, recipe === undefined ? undefined : RECIPES[recipe]);
}

/** An engine that evaluates weights. */
export async function engineFor(
  { model, normalization, parameters }: Weights,
  { batchSize = BATCH_SIZE, threads }: { batchSize?: number; threads?: number },
): Promise<Engine> {
  const engine = await processorBackend(batchSize, threads).compile([{ model, normalization }], { batchSize });
  await engine.setParameters(parameters);
  return engine;
}
