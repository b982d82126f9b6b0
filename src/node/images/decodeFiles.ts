import type { ImageSettings } from "../../data/images/resize.js";
import type { DecoderOutcome, EncodedImage } from "./decoderMessages.js";
import { DEFAULT_THREADS, DecoderThreads } from "./decoderThreads.js";

/** The progress of decoding, in files. */
export interface DecodingProgress {
  readonly done: number;
  readonly total: number;
}

/** How to decode files. */
export interface DecodingOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DecodingProgress) => void;
  /** Whether to invert images before they are fitted. */
  readonly invert?: boolean;
  /** The maximum number of decoding threads. Default: one per core, at most 8. */
  readonly threads?: number;
  /** Gives up on a file that takes longer. Default: 20. */
  readonly secondsPerFile?: number;
}

/** What came of a file: its original size, or why it has no image. */
export type FileOutcome =
  | { readonly width: number; readonly height: number }
  | { readonly reason: string; readonly lasting: boolean };

/** Decoded files, in order. */
export interface DecodedFiles {
  /** [file][channels][height][width]. The content is undefined if a file has no image. */
  readonly pixels: Uint8Array;
  readonly outcomes: readonly FileOutcome[];
}

/** Small files decode in less time than a message takes to get the next one. */
const IMAGES_PER_THREAD = 4;
const SECONDS_PER_FILE = 20;

/**
 * Decodes images, usually files, and fits them to one size, on all cores. A file that crashes the decoder or takes too
 * long gets a reason, like any damaged file.
 *
 * @throws the signal's reason if it is aborted
 */
export async function decodeFiles(
  images: readonly EncodedImage[],
  settings: ImageSettings,
  options: DecodingOptions = {},
): Promise<DecodedFiles> {
  const { signal, onProgress, invert, threads: mostThreads = DEFAULT_THREADS } = options;
  const { secondsPerFile: secondsPerImage = SECONDS_PER_FILE } = options;
  signal?.throwIfAborted();
  const { channels, height, width } = settings.shape;
  const bytes = channels * height * width;
  const pixels = new Uint8Array(images.length * bytes);
  const outcomes: FileOutcome[] = [];
  if (images.length === 0) return { pixels, outcomes };
  const threads = new DecoderThreads({
    threads: Math.min(mostThreads, images.length),
    secondsPerImage,
    imagesPerThread: IMAGES_PER_THREAD,
  });
  let next = 0;
  let done = 0;
  /** Decodes one file after another until there are none left. */
  const work = async () => {
    while (next < images.length) {
      const index = next++;
      const job = { source: images[index], settings, invert };
      const outcome = await new Promise<DecoderOutcome>((resolve, reject) => threads.add({ job, resolve, reject }));
      if ("reason" in outcome) outcomes[index] = outcome;
      else {
        pixels.set(outcome.pixels, index * bytes);
        outcomes[index] = { width: outcome.width, height: outcome.height };
      }
      done++;
      onProgress?.({ done, total: images.length });
    }
  };
  const abort = () => threads.close(signal?.reason);
  signal?.addEventListener("abort", abort);
  try {
    signal?.throwIfAborted();
    await Promise.all(Array.from({ length: mostThreads * IMAGES_PER_THREAD }, work));
    return { pixels, outcomes };
  } finally {
    signal?.removeEventListener("abort", abort);
    threads.close(new Error("decoding was given up"));
  }
}
