import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readWeights, type UnseenInTensors } from "../formats/weights.js";
import type { Weights } from "../model/index.js";
import { describeFileError, isFolder } from "./files.js";
import { named, RUN_FILES } from "./runFiles.js";
import { type RunConfig, readRunConfig } from "./runFolder.js";

/** Weights as they lie on the disk. */
export interface LoadedWeights extends Weights {
  /** Where they came from a run folder. */
  readonly run?: RunConfig;
}

/**
 * Reads a .pth or .safetensors file, or the best weights of a run folder.
 *
 * @param unseen what a file without metadata does not tell of its model, as a recipe has it
 * @throws Error with one line that names the file
 */
export async function loadWeights(path: string, unseen: UnseenInTensors | undefined): Promise<LoadedWeights> {
  if (await isFolder(path)) {
    const run = await readRunConfig(path);
    return { ...(await loadWeights(join(path, RUN_FILES.safetensors), unseen)), run };
  }
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Error(describeFileError(error, `read ${path}`), { cause: error });
  }
  return named(path, () => readWeights(bytes, unseen));
}
