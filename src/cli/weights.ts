import type { Engine } from "../engine/backend.js";
import type { Weights } from "../model/index.js";
import { type LoadedWeights, loadWeights } from "../node/loadWeights.js";
import { RECIPES, type RecipeName } from "../training/recipes/recipes.js";
import { type Device, PROCESSOR, type ProcessorOptions } from "./device.js";

/** Describes the `<weights>` argument. */
export const WEIGHTS_HELP = "a .pth, .safetensors or .onnx file, or a run folder (uses its best weights)";

/** The batch size for evaluation. */
const BATCH_SIZE = 32;

/** Reads weights. The recipe gives activation and pooling if the file does not. */
export function openWeights(path: string, recipe: RecipeName | undefined): Promise<LoadedWeights> {
  return loadWeights(path, recipe === undefined ? undefined : RECIPES[recipe]);
}

/** An engine with these weights, for evaluation. Default: on the processor. */
export async function engineFor(
  { model, normalization, parameters, run }: Weights & Pick<LoadedWeights, "run">,
  processor: ProcessorOptions,
  device: Device = PROCESSOR,
): Promise<Engine> {
  const backend = device.backend(BATCH_SIZE, processor);
  const engine = await backend.compile([{ model, normalization, rubbishPenalty: run?.recipe.rubbishPenalty }], {
    batchSize: BATCH_SIZE,
  });
  await engine.setParameters(parameters);
  return engine;
}
