import type { ImageSettings } from "../../data/images/resize.js";
import { MAXIMUM_PIXELS } from "./header.js";

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
  /** The slot on which the worker is working, or NO_SLOT; and the pixels that it has taken from the allowance. */
  readonly current: Int32Array;
  /** How many pixels may still be decoded at the same time, shared by all workers; see {@link Allowance}. */
  readonly allowance: Allowance;
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

/**
 * One element: the pixels that all threads together may still start to decode. A small file can unpack to a gigabyte,
 * and there is a thread for every core.
 */
export type Allowance = Int32Array;

/** Creates an allowance of as many pixels as the largest image has. */
export function createAllowance(): Allowance {
  return new Int32Array(new SharedArrayBuffer(4)).fill(MAXIMUM_PIXELS);
}

/** Takes pixels from an allowance, waiting in this thread until there are enough. */
export function takePixels(allowance: Allowance, pixels: number): void {
  for (;;) {
    const left = Atomics.load(allowance, 0);
    if (left < pixels) Atomics.wait(allowance, 0, left);
    else if (Atomics.compareExchange(allowance, 0, left, left - pixels) === left) return;
  }
}

/** Gives pixels back to an allowance. */
export function returnPixels(allowance: Allowance, pixels: number): void {
  if (pixels === 0) return;
  Atomics.add(allowance, 0, pixels);
  Atomics.notify(allowance, 0);
}

/** The value for no slot. */
export const NO_SLOT = -1;
