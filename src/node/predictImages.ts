import type { ImageSettings } from "../data/images/resize.js";
import type { Engine } from "../engine/backend.js";
import { type Judgement, judge } from "../training/predict.js";
import type { ImageSource } from "./imageSources.js";
import { type DecodingProgress, decodeFiles } from "./images/pool.js";

/** What a network says of an image. */
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

/** How images are brought to a network. */
export interface PredictOptions extends Pick<ImageSettings, "resize" | "background"> {
  /** Whether light becomes dark and dark light, before the images are laid on the background. */
  readonly invert?: boolean;
  /** The most threads to decode in; one a core where left out. */
  readonly threads?: number;
  /** Ends the work. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DecodingProgress) => void;
}

/** Images that are held in memory at a time, and their bytes. */
const MOST_AT_A_TIME = 2048;
const MOST_BYTES_AT_A_TIME = 2 ** 24;

/**
 * Predicts the classes of images of any size and format, in their order; the results come as they are there, so that
 * memory does not grow with the number of images.
 *
 * @throws Error with one line where the weights give no numbers
 * @throws the signal's reason where it ends the work
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
    const { pixels, outcomes } = await decodeFiles(
      chunk.map(({ image }) => image),
      { shape, resize, background },
      {
        invert,
        threads,
        signal,
        onProgress: ({ done }) => onProgress?.({ done: start + done, total: sources.length }),
      },
    );
    const readable = outcomes.filter((outcome) => !("reason" in outcome)).map(({ slot }) => slot);
    const logits = await predictAll(engine, pixels, readable);
    for (const [slot, { name: file }] of chunk.entries()) {
      const outcome = outcomes[slot];
      const seen = pixels.subarray(slot * imageBytes, (slot + 1) * imageBytes);
      if ("reason" in outcome) yield { file, reason: outcome.reason };
      else yield { file, ...judge(logits.get(slot)!), pixels: seen };
    }
  }
}

/** The logits of some images, by their indices. */
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
