import type { Weights } from "../../model/index.js";

// The messages between the pool and its threads. Not in inferenceThread.ts, because importing that makes any thread one.

/** What the bytes of an item are. */
export const ItemKind = {
  /** float32 [images][channels][height][width]: normalised inputs. */
  values: 0,
  /** uint8 [images][channels][height][width] */
  pixels: 1,
  /** A plain PNG, see `isPlainPng`. */
  png: 2,
  /** A plain PNG to invert. */
  invertedPng: 3,
} as const;
export type ItemKind = (typeof ItemKind)[keyof typeof ItemKind];

/** Several requests to one network, computed at once. */
export interface BatchMessage {
  readonly network: number;
  /** The bytes of all items, each at a multiple of 4. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The kind, offset and length of each item. */
  readonly items: Int32Array<ArrayBuffer>;
}

/** A message to a thread: load a network, unload it, or compute a batch. */
export type ToThread =
  | { readonly load: number; readonly weights: Weights }
  | { readonly unload: number }
  | BatchMessage;

/** What a thread answers to a batch: the logits of all images, and which items have none, and why. */
export interface BatchReply {
  /** [image][class], without the images of faulty items. */
  readonly logits: Float32Array<ArrayBuffer>;
  readonly faults: ReadonlyMap<number, string>;
}

/** What a thread answers. */
export type FromThread =
  | { readonly loaded: number; readonly error?: string }
  | { readonly failed: string }
  | BatchReply;
