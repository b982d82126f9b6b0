/**
 * What Node adds: threads, images' files, data sets and weights on the disk.
 *
 * @module lenet/node
 */

export type { DownloadProgress } from "./disk/download.js";
export { enableFusedArithmetic } from "./fusedArithmetic.js";
export { decodeImage, encodePng } from "./images/codec.js";
export type { SkippedFile } from "./images/folderWalk.js";
export { ImageError, MAXIMUM_PIXELS } from "./images/header.js";
export { DatasetUnavailableError } from "./obtain.js";
export {
  COLOUR_INPUT,
  DATA_NAMES,
  type DataSettings,
  type OpenDataOptions,
  type OpenedData,
  openData,
} from "./openData.js";
export { startThread, threads } from "./threads.js";
export { nodeGpu } from "./webgpu.js";
export { type LoadedWeights, loadWeights } from "./weights.js";
