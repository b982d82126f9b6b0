import type { ImageSettings } from "../../data/images/resize.js";

// The messages between the pool and its workers. Not in worker.ts, because importing that makes any thread a decoder.

/** The data with which a worker starts. */
export interface WorkerStart {
  /** ImageMagick's module. */
  readonly module: WebAssembly.Module;
  readonly settings: ImageSettings;
  /** Whether to invert images before they are fitted. */
  readonly invert: boolean;
  /** Receives every fitted image at its slot. */
  readonly pixels: Uint8Array;
  /** One element: the slot on which the worker is working, or NO_SLOT. */
  readonly current: Int32Array;
}

/** An image that is not decoded yet: the path of its file, or its bytes. */
export type EncodedImage = string | Uint8Array;

/** An image to decode, and where its pixels go. */
export interface Job {
  readonly slot: number;
  readonly image: EncodedImage;
}

/** The result for a file: its original size, or why it has no image. */
export type Outcome = { readonly slot: number } & (
  | { readonly width: number; readonly height: number }
  | { readonly reason: string; readonly lasting: boolean }
);

/** A worker's reply to its jobs. */
export interface Reply {
  readonly outcomes: readonly Outcome[];
  /**
   * The worker must be replaced because its memory is damaged or has grown too much. It may not have done all its jobs.
   */
  readonly isWorn: boolean;
}

/** The largest encoded image, in bytes. */
export const MAXIMUM_FILE_BYTES = 500e6;

/** The value for no slot. */
export const NO_SLOT = -1;
