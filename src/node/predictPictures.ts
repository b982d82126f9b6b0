import type { PictureSettings } from "../data/pictures/fit.js";
import type { Engine } from "../engine/backend.js";
import { type Judgement, judge } from "../training/predict.js";
import type { PictureSource } from "./pictureSources.js";
import { type DecodingProgress, decodeFiles } from "./pictures/pool.js";

/** What a network says of a picture. */
export interface Prediction extends Judgement {
  /** The picture's name. */
  readonly file: string;
  /** What the network saw: [channels][height][width]. */
  readonly pixels: Uint8Array;
}

/** A picture that cannot be read, and why. */
export interface UnreadablePicture {
  readonly file: string;
  readonly reason: string;
}

/** How pictures are brought to a network. */
export interface PredictOptions extends Pick<PictureSettings, "fit" | "background"> {
  /** Whether light becomes dark and dark light, before the pictures are laid on the background. */
  readonly invert?: boolean;
  /** The most threads to decode in; one a core where left out. */
  readonly threads?: number;
  /** Ends the work. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DecodingProgress) => void;
}

/** Pictures that are held in memory at a time, and their bytes. */
const MOST_AT_A_TIME = 2048;
const MOST_BYTES_AT_A_TIME = 2 ** 24;

/**
 * Predicts the classes of pictures of any size and format, in their order; the results come as they are there, so that
 * memory does not grow with the number of pictures.
 *
 * @throws Error with one line where the weights give no numbers
 * @throws the signal's reason where it ends the work
 */
export async function* predictPictures(
  engine: Engine,
  sources: readonly PictureSource[],
  options: PredictOptions,
): AsyncGenerator<Prediction | UnreadablePicture> {
  const { fit, background, invert, threads, signal, onProgress } = options;
  const { input: shape } = engine.models[0];
  const pictureBytes = shape.channels * shape.height * shape.width;
  const atATime = Math.min(MOST_AT_A_TIME, Math.ceil(MOST_BYTES_AT_A_TIME / pictureBytes));
  for (let start = 0; start < sources.length; start += atATime) {
    const chunk = sources.slice(start, start + atATime);
    const { pixels, outcomes } = await decodeFiles(
      chunk.map(({ picture }) => picture),
      { shape, fit, background },
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
      const seen = pixels.subarray(slot * pictureBytes, (slot + 1) * pictureBytes);
      if ("reason" in outcome) yield { file, reason: outcome.reason };
      else yield { file, ...judge(logits.get(slot)!), pixels: seen };
    }
  }
}

/** The logits of some pictures, by their indices. */
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
