import type { DecodedImage } from "../../data/images/color.js";
import type { ImageSettings } from "../../data/images/resize.js";
import type { DecodedPixels, DecoderJob, DecoderOutcome } from "./decoderMessages.js";
import { DEFAULT_THREADS, DecoderThreads, tooSlow } from "./decoderThreads.js";
import { ImageError, MAXIMUM_PIXELS, readImageHeader } from "./header.js";
import { isPngCutOff } from "./png.js";

/** The limits of an {@link ImageDecoder}. */
export interface ImageDecoderOptions {
  /** The maximum number of threads. Default: one per core, at most 8. */
  readonly threads?: number;
  /** Refuses larger images by their header. Default: `MAXIMUM_PIXELS`. */
  readonly maximumPixels?: number;
  /** Gives up on an image that takes longer to decode, and ends its thread. Default: 20. */
  readonly secondsPerImage?: number;
  /** Gives up on an image that is not decoded so long after it came, even if it only waited. Default: no limit. */
  readonly secondsInAll?: number;
  /** How many images may wait for a thread. Default: 1000. */
  readonly maximumWaiting?: number;
}

/** How to decode one image. */
export interface DecodeOptions {
  /** Aborting gives up on the image; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Invert the image first, for ink on paper. */
  readonly invert?: boolean;
}

/** Too many images are waiting for an {@link ImageDecoder}. Try again later. */
export class DecoderBusyError extends Error {
  override readonly name = "DecoderBusyError";
  readonly code = "ERR_DECODER_BUSY";
}

/**
 * Decodes images in worker threads, one after another as they come, with limits for images of strangers. Its threads
 * start when they are needed, and are replaced if an image takes too long, crashes them or makes their memory grow.
 */
export class ImageDecoder {
  private readonly options: Required<ImageDecoderOptions>;
  private threads: DecoderThreads | undefined;
  private closed = false;

  constructor(options: ImageDecoderOptions = {}) {
    this.options = {
      threads: DEFAULT_THREADS,
      maximumPixels: MAXIMUM_PIXELS,
      secondsPerImage: 20,
      secondsInAll: Number.POSITIVE_INFINITY,
      maximumWaiting: 1000,
      ...options,
    };
  }

  /** Starts all threads, so that the first images need not wait for it. @throws Error if one does not start */
  async start(): Promise<void> {
    await this.open().start();
  }

  /**
   * Decodes an image of any supported format, as `decodeImage` does.
   *
   * @throws ImageError if it is not an image, damaged, too large or takes too long
   * @throws DecoderBusyError if too many images are waiting
   */
  async decode(bytes: Uint8Array, options: DecodeOptions = {}): Promise<DecodedImage> {
    const { width, height, pixels } = await this.perform(bytes, { invert: options.invert }, options.signal);
    return { width, height, rgba: pixels };
  }

  /**
   * Decodes an image and fits it to a network's input.
   *
   * @returns [channels][height][width]
   * @throws as {@link ImageDecoder.decode}
   */
  async fit(bytes: Uint8Array, settings: ImageSettings, options: DecodeOptions = {}): Promise<Uint8Array> {
    return (await this.perform(bytes, { settings, invert: options.invert }, options.signal)).pixels;
  }

  /** The number of images that wait for a thread. */
  get waitingCount(): number {
    return this.threads?.waitingCount ?? 0;
  }

  /** Ends the threads. Images that are not decoded yet are refused. */
  close(): void {
    this.closed = true;
    this.threads?.close(new Error("the decoder was closed"));
  }

  private open(): DecoderThreads {
    if (this.closed) throw new Error("the decoder was closed");
    this.threads ??= new DecoderThreads(this.options);
    return this.threads;
  }

  private async perform(
    bytes: Uint8Array,
    how: Omit<DecoderJob, "source">,
    signal?: AbortSignal,
  ): Promise<DecodedPixels> {
    signal?.throwIfAborted();
    const { maximumPixels, maximumWaiting } = this.options;
    const { width, height } = readImageHeader(bytes);
    if (width * height > maximumPixels) {
      throw new ImageError(`too large: ${width}x${height} pixels, the limit is ${maximumPixels / 1e6} million`);
    }
    if (isPngCutOff(bytes)) throw new ImageError("damaged: it is cut off");
    const threads = this.open();
    if (threads.waitingCount >= maximumWaiting) throw busy();
    const outcome = await this.request({ ...how, source: bytes }, threads, signal);
    if ("reason" in outcome) throw new ImageError(outcome.reason);
    return outcome;
  }

  /** Has a job done, unless it is aborted or takes too long in all. */
  private async request(job: DecoderJob, threads: DecoderThreads, signal?: AbortSignal): Promise<DecoderOutcome> {
    const { secondsInAll } = this.options;
    let abort = () => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<DecoderOutcome>((resolve, reject) => {
        const request = { job, resolve, reject };
        const giveUpWaiting = (reason: unknown) => {
          threads.withdraw(request);
          reject(reason);
        };
        abort = () => giveUpWaiting(signal?.reason);
        signal?.addEventListener("abort", abort);
        if (Number.isFinite(secondsInAll)) {
          timer = setTimeout(() => {
            if (threads.isDecoding(request)) threads.giveUp(request, tooSlow(secondsInAll));
            else giveUpWaiting(busy());
          }, 1000 * secondsInAll);
        }
        threads.add(request);
      });
    } finally {
      signal?.removeEventListener("abort", abort);
      clearTimeout(timer);
    }
  }
}

function busy(): DecoderBusyError {
  return new DecoderBusyError("too many images are waiting to be decoded");
}
