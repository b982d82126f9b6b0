import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { requireParameters } from "../engine/parameterStore.js";
import { type ModelMetadata, readModelMetadata } from "../formats/modelMetadata.js";
import { readPth } from "../formats/pth.js";
import { readSafetensors } from "../formats/safetensors.js";
import {
  inferShapes,
  lenet5FromTensors,
  type Model,
  type NamedTensors,
  type Normalization,
  parameterSpecs,
} from "../model/index.js";
import { type Recipe, TUTORIAL_NORMALIZATION } from "../training/recipes/index.js";
import { describeFileError, isFolder } from "./files.js";
import { named, RUN_FILES } from "./runFiles.js";
import { type RunConfig, readRunConfig } from "./runFolder.js";

/** Weights with the model that they belong to. */
export interface LoadedWeights {
  readonly model: Model;
  readonly parameters: NamedTensors;
  readonly normalization: Normalization;
  /** Where the file has it. */
  readonly metadata?: ModelMetadata;
  /** Where they came from a run folder. */
  readonly run?: RunConfig;
}

/**
 * Reads a .pth or .safetensors file, or the best weights of a run folder. The model is read from the file's metadata
 * where it has any, else inferred from the tensors' shapes; what leaves no trace there is taken from the recipe.
 *
 * @throws Error with one line that names the file
 */
export async function loadWeights(path: string, recipe: Recipe | undefined): Promise<LoadedWeights> {
  if (await isFolder(path)) {
    const run = await readRunConfig(path);
    return { ...(await loadWeights(join(path, RUN_FILES.safetensors), recipe)), run };
  }
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Error(describeFileError(error, `read ${path}`), { cause: error });
  }
  const format = extname(path).toLowerCase();
  if (format !== ".pth" && format !== ".pt" && format !== ".safetensors") {
    throw new Error(`${path}: weights are a .pth or .safetensors file or a run folder`);
  }
  return named(path, () => {
    const file = format === ".safetensors" ? readSafetensors(bytes) : { tensors: readPth(bytes), metadata: {} };
    const metadata = readModelMetadata(file.metadata);
    const model = metadata?.model ?? inferModel(file.tensors, recipe);
    requireParameters(parameterSpecs(inferShapes(model)), file.tensors);
    const normalization = metadata?.normalization ?? TUTORIAL_NORMALIZATION;
    return { model, parameters: file.tensors, normalization, metadata };
  });
}

function inferModel(tensors: NamedTensors, recipe: Recipe | undefined): Model {
  if (!recipe) {
    throw new Error("the file does not say which activation and pooling its model has; name its recipe with --recipe");
  }
  const { activation, pooling, dropout } = recipe;
  return lenet5FromTensors(tensors, { activation, pooling, dropout });
}
