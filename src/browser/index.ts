/**
 * What browsers add: threads as web workers, pictures' files.
 *
 * @module lenet/browser
 */

export * from "./pictures.js";
export * from "./threads.js";
