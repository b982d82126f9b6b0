// What a library on Node needs of the machine: threads, pictures' files, data sets and weights on the disk.

export { enableFusedArithmetic } from "./fusedArithmetic.js";
export { DatasetUnavailableError } from "./obtain.js";
export { type DataSettings, type OpenDataOptions, type OpenedData, openData } from "./openData.js";
export { decodePicture, encodePng } from "./pictures/codec.js";
export { MAXIMUM_PIXELS, PictureError } from "./pictures/header.js";
export type { SkippedFile } from "./pictures/listing.js";
export { startThread, threads } from "./threads.js";
export { type LoadedWeights, loadWeights } from "./weights.js";
