/**
 * For Node: threads, image files, and data sets and weights on disk.
 *
 * @example
 * ```ts
 * import { fit, LeNet5 } from "lenet";
 * import { generateDigits } from "lenet/data";
 * import { threads } from "lenet/node";
 *
 * const digits = generateDigits({ seed: 0, count: 640, part: "train" });
 * const network = LeNet5.create({ classes: digits.classes });
 * // One thread per core; the bits are the same for any number.
 * for await (const { epoch } of fit(network, digits, { epochs: 2, threads: threads() })) console.log(epoch);
 * ```
 *
 * @module lenet/node
 */

export type { RecordedCard, RecordedTeacher, RunConfig } from "../runs/config.js";
export type { DownloadProgress } from "./disk/download.js";
export { decodeImage } from "./images/codec.js";
export { type DecodeOptions, DecoderBusyError, ImageDecoder, type ImageDecoderOptions } from "./images/decoder.js";
export type { SkippedFile } from "./images/folderWalk.js";
export { ImageError, MAXIMUM_PIXELS } from "./images/header.js";
export { MissingDecoderError } from "./images/magick.js";
export { encodePng } from "./images/png.js";
export { type LoadedWeights, loadWeights } from "./loadWeights.js";
export { DatasetUnavailableError } from "./obtain.js";
export {
  COLOUR_INPUT,
  DATA_NAMES,
  type DataSettings,
  type OpenDataOptions,
  type OpenedData,
  openData,
} from "./openData.js";
export { enableFusedArithmetic, startThread, threads } from "./threads.js";
export { nodeGpu } from "./webgpu.js";
