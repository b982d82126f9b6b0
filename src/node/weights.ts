import { join } from "node:path";
import { readWeights, type UnseenInTensors } from "../formats/weights.js";
import type { Weights } from "../model/index.js";
import { isFolder, readFileBounded } from "./files.js";
import { named, RUN_FILES } from "./runFiles.js";
import { type RunConfig, readRunConfig } from "./runFolder.js";

/** Weights as they lie on the disk. */
export interface LoadedWeights extends Weights {
  /** Where they came from a run folder. */
  readonly run?: RunConfig;
}

/** A LeNet-5 for 3x128x128 pictures takes 7 MB, with its optimiser 21. */
const MOST_BYTES = 32e6;

/**
 * Reads a .pth or .safetensors file, or the best weights of a run folder.
 *
 * @param unseen what a file without metadata does not tell of its model, as a recipe has it
 * @throws Error with one line that names the file
 */
export async function loadWeights(path: string, unseen?: UnseenInTensors): Promise<LoadedWeights> {
  if (await isFolder(path)) {
    const run = await readRunConfig(path);
    return { ...(await loadWeights(join(path, RUN_FILES.safetensors), unseen)), run };
  }
  const bytes = await readFileBounded(path, MOST_BYTES);
  return named(path, () => readWeights(bytes, unseen));
}
