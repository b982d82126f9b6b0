/**
 * Weights, checkpoints and recipes as bytes and text, and back.
 *
 * @module lenet/formats
 */

export { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
export { FormatError } from "./errors.js";
export { readModelMetadata, writeModelMetadata } from "./modelMetadata.js";
export { readPth, writePth } from "./pth.js";
export { type RecipeFile, readRecipeFile } from "./recipeFile.js";
export { readSafetensors, type SafetensorsFile, writeSafetensors } from "./safetensors.js";
export { readWeights, type UnseenInTensors } from "./weights.js";
