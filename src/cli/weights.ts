import type { Engine } from "../engine/backend.js";
import type { Weights } from "../model/index.js";
import { type LoadedWeights, loadWeights } from "../node/loadWeights.js";
import { type Arithmetic, processorBackend } from "../node/threads.js";
import { RECIPES } from "../training/recipes/recipes.js";

/** Describes the `<weights>` argument. */
export const WEIGHTS_HELP = "a .pth, .safetensors or .onnx file, or a run folder (uses its best weights)";

/** The default batch size for evaluation. */
const BATCH_SIZE = 32;

/** Reads weights. The recipe gives activation and pooling if the file does not. */
export function openWeights(path: string, recipe: string | undefined): Promise<LoadedWeights> {
  return loadWeights(path, recipe === undefined ? undefined : RECIPES[recipe]);
}

/** How to compute with weights. */
interface EngineSettings {
  readonly batchSize?: number;
  readonly threads?: number;
  readonly arithmetic?: Arithmetic;
}

/** An engine with these weights, for evaluation. */
export async function engineFor(
  { model, normalization, parameters }: Weights,
  { batchSize = BATCH_SIZE, threads, arithmetic }: EngineSettings,
): Promise<Engine> {
  const backend = processorBackend(batchSize, threads, arithmetic);
  const engine = await backend.compile([{ model, normalization }], { batchSize });
  await engine.setParameters(parameters);
  return engine;
}
