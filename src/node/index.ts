/**
 * For Node: threads, image files, and data sets and weights on disk.
 *
 * @module lenet/node
 */

export type { DownloadProgress } from "./disk/download.js";
export { decodeImage, encodePng } from "./images/codec.js";
export { type DecodeOptions, DecoderBusyError, ImageDecoder, type ImageDecoderOptions } from "./images/decoder.js";
export type { SkippedFile } from "./images/folderWalk.js";
export { ImageError, MAXIMUM_PIXELS } from "./images/header.js";
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
