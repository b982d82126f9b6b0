import { drawImage } from "../data/images/image.js";
import type { ImageSettings } from "../data/images/resize.js";
import type { Engine } from "../engine/backend.js";
import { type Judgement, judge } from "../training/evaluate.js";
import type { ImageSource } from "./imageSources.js";
import { type DecodedFiles, type DecodingOptions, type DecodingProgress, decodeFiles } from "./images/decodeFiles.js";

/** A network's prediction for an image. */
export interface Prediction extends Judgement {
  /** The image's name. */
  readonly file: string;
  /** What the network saw: [channels][height][width]. */
  readonly pixels: Uint8Array;
}

/** An image that cannot be read, and why. */
export interface UnreadableImage {
  readonly file: string;
  readonly reason: string;
}

/** How images are fitted to the network's input. */
export interface PredictOptions extends Pick<ImageSettings, "resize" | "background"> {
  /** Whether to invert images before they are placed on the background. */
  readonly invert?: boolean;
  /** The maximum number of decoding threads. Default: one per core. */
  readonly threads?: number;
  /** Aborts. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DecodingProgress) => void;
}

/** How many images, and how many bytes of them, are held in memory at once. */
const MOST_AT_A_TIME = 2048;
const MOST_BYTES_AT_A_TIME = 2 ** 24;

/**
 * Predicts the classes of images of any size and format, in order. Yields results as they become available, so memory
 * does not grow with the number of images.
 *
 * @throws Error if the weights yield values that are not finite
 * @throws the signal's reason if it is aborted
 */
export async function* predictImages(
  engine: Engine,
  sources: readonly ImageSource[],
  options: PredictOptions,
): AsyncGenerator<Prediction | UnreadableImage> {
  const { resize, background, invert, threads, signal, onProgress } = options;
  const { input: shape } = engine.models[0];
  const imageBytes = shape.channels * shape.height * shape.width;
  const atATime = Math.min(MOST_AT_A_TIME, Math.ceil(MOST_BYTES_AT_A_TIME / imageBytes));
  for (let start = 0; start < sources.length; start += atATime) {
    const chunk = sources.slice(start, start + atATime);
    const { pixels, outcomes } = await pixelsOf(
      chunk.map(({ image }) => image),
      { shape, resize, background },
      {
        invert,
        threads,
        signal,
        onProgress: ({ done }) => onProgress?.({ done: start + done, total: sources.length }),
      },
    );
    const readable = [...outcomes.keys()].filter((index) => !("reason" in outcomes[index]));
    const logits = await predictAll(engine, pixels, readable);
    for (const [index, { name: file }] of chunk.entries()) {
      const outcome = outcomes[index];
      const seen = pixels.subarray(index * imageBytes, (index + 1) * imageBytes);
      if ("reason" in outcome) yield { file, reason: outcome.reason };
      else yield { file, ...judge(logits.get(index)!), pixels: seen };
    }
  }
}

/** Images fitted to the network's input: those of files are decoded, those that are pixels already only fitted. */
async function pixelsOf(
  images: readonly ImageSource["image"][],
  settings: ImageSettings,
  options: DecodingOptions,
): Promise<DecodedFiles> {
  const isEncoded = (image: ImageSource["image"]) => typeof image === "string" || image instanceof Uint8Array;
  const files = images.filter((image) => isEncoded(image));
  const decoded = await decodeFiles(files, settings, options);
  if (files.length === images.length) return decoded;
  const { channels, height, width } = settings.shape;
  const bytes = channels * height * width;
  const pixels = new Uint8Array(images.length * bytes);
  let next = 0;
  const outcomes = images.map((image, index) => {
    if (isEncoded(image)) {
      pixels.set(decoded.pixels.subarray(next * bytes, (next + 1) * bytes), index * bytes);
      return decoded.outcomes[next++];
    }
    const data = options.invert ? image.data.map((value) => 255 - value) : image.data;
    drawImage({ ...image, data }, settings, pixels, index * bytes);
    return { width: image.width, height: image.height };
  });
  return { pixels, outcomes };
}

/** The logits of the images at these indices, by index. */
async function predictAll(
  engine: Engine,
  pixels: Uint8Array,
  indices: readonly number[],
): Promise<Map<number, Float32Array>> {
  if (indices.length === 0) return new Map();
  const images = await engine.load({ pixels });
  const { shape, data } = await engine.predict(images, { indices });
  images.unload();
  const classes = shape[1];
  return new Map(indices.map((index, place) => [index, data.subarray(place * classes, (place + 1) * classes)]));
}
