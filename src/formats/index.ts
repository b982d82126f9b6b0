/**
 * Reads and writes weights, checkpoints and recipes.
 *
 * @example
 * ```ts
 * import { LeNet5 } from "lenet";
 * import { readWeights, writeWeights } from "lenet/formats";
 *
 * const network = LeNet5.create({ classes: ["cat", "dog"] });
 * // Or "pth" for PyTorch, "onnx" for ONNX Runtime. readWeights finds the format out by itself.
 * const bytes = writeWeights(network.weights(), "safetensors");
 * console.log(LeNet5.from(readWeights(bytes)).classes);
 * ```
 *
 * @module lenet/formats
 */

export { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
export { FormatError, UnknownLayersError } from "./errors.js";
export type { OnnxOptions } from "./onnx/index.js";
export { readPth, writePth } from "./pth/pth.js";
export { type RecipeFile, readRecipeFile } from "./recipeFile.js";
export { readSafetensors, writeSafetensors } from "./safetensors.js";
export type { TensorFile } from "./tensorFile.js";
export {
  type ParameterFreeLayers,
  readWeights,
  WEIGHTS_FORMATS,
  type WeightsFormat,
  writeWeights,
} from "./weightFiles.js";
