/**
 * What Node adds: threads, pictures' files, data sets and weights on the disk.
 *
 * @module lenet/node
 */

export type { DownloadProgress } from "./disk/download.js";
export { enableFusedArithmetic } from "./fusedArithmetic.js";
export { DatasetUnavailableError } from "./obtain.js";
export {
  COLOUR_INPUT,
  DATA_NAMES,
  type DataSettings,
  type OpenDataOptions,
  type OpenedData,
  openData,
} from "./openData.js";
export { decodePicture, encodePng } from "./pictures/codec.js";
export type { SkippedFile } from "./pictures/folderWalk.js";
export { MAXIMUM_PIXELS, PictureError } from "./pictures/header.js";
export { startThread, threads } from "./threads.js";
export { type LoadedWeights, loadWeights } from "./weights.js";
