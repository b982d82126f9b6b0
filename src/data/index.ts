/**
 * Data sets, drawn or read from bytes, and their preparation for training.
 *
 * @example
 * ```ts
 * import { generateDigits, splitIndices } from "lenet/data";
 *
 * const digits = generateDigits({ seed: 0, count: 100, part: "train", height: 32, width: 32 });
 * const { train, validation } = splitIndices(digits.labels.length, 0.2, 0);
 * console.log(digits.classes, train.length, validation.length);
 * ```
 *
 * @module lenet/data
 */

export type { AugmentationDraw, Placements } from "./augmentation.js";
export { formatAugmentation, type ParsedAugmentation, parseAugmentation } from "./augmentationText.js";
export { augmentationFor } from "./characters.js";
export { datasetFromCifar } from "./cifar.js";
export type { DatasetPart, DatasetParts, SourceFile } from "./dataset.js";
export { DIGIT_CLASSES, DIGITS_DATASET, type DigitsOptions, generateDigits } from "./digits.js";
export { datasetFromIdx, type IdxArray, parseIdx } from "./idx.js";
export { adaptDataset, resizeImage } from "./images/adapt.js";
export type { ImageSettings } from "./images/resize.js";
export { type ChannelStatistics, measureChannels } from "./normalization.js";
export { PLACEMENT, PLACEMENT_WORDS } from "./placement.js";
export { type Fold, type HeldBack, holdBackTest, splitFold, splitIndices, splitTraining } from "./split.js";
