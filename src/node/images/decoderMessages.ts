import type { DecodedImage } from "../../data/images/color.js";
import type { ImageSettings } from "../../data/images/resize.js";

// Not in decoderThread.ts, because importing that makes any thread a decoder.

/** A thread's first message: it takes images now. */
export const READY = "ready";

/** An image to decode, and what to do with it. */
export interface DecoderJob {
  readonly bytes: Uint8Array;
  /** Fit it to a network's input. Default: return the whole image. */
  readonly settings?: ImageSettings;
  readonly invert?: boolean;
}

/** The image or its fitted pixels, or what is wrong with it. */
export interface DecoderReply {
  readonly image?: DecodedImage;
  readonly pixels?: Uint8Array;
  readonly reason?: string;
  /** The decoder's memory is damaged or has grown too much: the thread must be replaced. */
  readonly isWorn: boolean;
}
