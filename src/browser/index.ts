/**
 * What browsers add: threads as web workers, images' files.
 *
 * @module lenet/browser
 */

export * from "./images.js";
export * from "./threads.js";
