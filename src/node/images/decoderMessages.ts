import type { ImageSettings } from "../../data/images/resize.js";

// Not in decoderThread.ts, because importing that makes any thread a decoder.

/** An image that is not decoded yet: the path of its file, or its bytes. */
export type EncodedImage = string | Uint8Array;

/** An image to decode, and what to do with it. */
export interface DecoderJob {
  readonly source: EncodedImage;
  /** Fit it to a network's input. Default: return the whole image. */
  readonly settings?: ImageSettings;
  readonly invert?: boolean;
}

/** A message to a thread: it may decode the image whose pixels it has asked for. */
export const PROCEED = "proceed";

/** A decoded image. */
export interface DecodedPixels {
  /** The image's own size. */
  readonly width: number;
  readonly height: number;
  /** Fitted: [channels][height][width] of the settings. Otherwise red, green, blue and opacity of every pixel. */
  readonly pixels: Uint8Array;
}

/** What comes of a job: an image, or why there is none. */
export type DecoderOutcome =
  | DecodedPixels
  | {
      readonly reason: string;
      /** Whether it will be the same the next time, unless the image changes. */
      readonly lasting: boolean;
    };

/** A message of a thread. */
export type DecoderReply =
  /** It takes jobs now. */
  | { readonly kind: "ready" }
  /** It is about to decode an image of so many pixels, and waits for {@link PROCEED}. */
  | { readonly kind: "asking"; readonly pixels: number }
  /** Its oldest job is done. If it is worn, its memory is damaged or has grown too much: it must be replaced. */
  | { readonly kind: "done"; readonly outcome: DecoderOutcome; readonly isWorn: boolean };
