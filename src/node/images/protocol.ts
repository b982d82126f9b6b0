import type { ImageSettings } from "../../data/images/resize.js";

// What the pool and its workers tell each other. Not in worker.ts: importing that in any thread makes it a decoder.

/** What a worker is started with. */
export interface WorkerStart {
  /** ImageMagick's. */
  readonly module: WebAssembly.Module;
  readonly settings: ImageSettings;
  /** Whether images are inverted before they are fitted. */
  readonly invert: boolean;
  /** Receives every fitted image at its slot. */
  readonly pixels: Uint8Array;
  /** One element: the slot that the worker is at, NO_SLOT where it is at none. */
  readonly current: Int32Array;
}

/** An image as it is not decoded yet: the path of its file, or its bytes. */
export type EncodedImage = string | Uint8Array;

/** An image to decode, and where its pixels go. */
export interface Job {
  readonly slot: number;
  readonly image: EncodedImage;
}

/** What has become of a file: its original size, or why it has none. */
export type Outcome = { readonly slot: number } & (
  | { readonly width: number; readonly height: number }
  | { readonly reason: string; readonly lasting: boolean }
);

/** A worker's reply to its jobs. */
export interface Reply {
  readonly outcomes: readonly Outcome[];
  /** The worker must be replaced: its memory is damaged or has grown too far. It may not have done all its jobs. */
  readonly isWorn: boolean;
}

/** Of an image that is not decoded yet. */
export const MAXIMUM_FILE_BYTES = 500e6;

/** Stands for no slot. */
export const NO_SLOT = -1;
