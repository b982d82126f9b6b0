/**
 * Reads and writes weights, checkpoints and recipes.
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
