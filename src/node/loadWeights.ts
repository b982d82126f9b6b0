import { join } from "node:path";
import { MOST_WEIGHTS_BYTES, type ParameterFreeLayers, readWeights } from "../formats/weightFiles.js";
import type { Weights } from "../model/index.js";
import type { RunConfig } from "../runs/config.js";
import { identityHash, identityOf } from "../runs/identity.js";
import { RUN_FILES } from "../runs/runFolderFiles.js";
import { isFolder, readFileBounded } from "./disk/files.js";
import { named } from "./runFiles.js";
import { readRunConfig } from "./runFolder.js";

/** Weights loaded from disk. */
export interface LoadedWeights extends Weights {
  /** The run's configuration, if they came from a run folder. */
  readonly run?: RunConfig;
}

/**
 * Reads a .pth, .safetensors or .onnx file, or the best weights of a run folder.
 *
 * @param parameterFree the layers without parameters, for a file without metadata
 * @throws Error naming the file if it cannot be read
 */
export async function loadWeights(path: string, parameterFree?: ParameterFreeLayers): Promise<LoadedWeights> {
  if (await isFolder(path)) {
    const run = await readRunConfig(path);
    const weights = await loadWeights(join(path, RUN_FILES.safetensors), parameterFree);
    await requireOfRun(path, run, weights);
    return { ...weights, run };
  }
  const bytes = await readFileBounded(path, MOST_WEIGHTS_BYTES);
  return named(path, () => readWeights(bytes, parameterFree));
}

/** @throws Error if the weights say that another run trained them */
async function requireOfRun(path: string, config: RunConfig, { metadata }: Weights): Promise<void> {
  if (metadata?.run === undefined || metadata.epoch === undefined) return;
  if (metadata.run === (await identityHash(await identityOf(config, metadata.epoch)))) return;
  throw new Error(
    `${path}: ${RUN_FILES.safetensors} does not belong to ${RUN_FILES.config}: one of them was changed or is from another run; name the weights' file itself to use it anyway`,
  );
}
