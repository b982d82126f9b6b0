/**
 * Browser support: threads as web workers, decoding of image files.
 *
 * @module lenet/browser
 */

export * from "./images.js";
export * from "./threads.js";
