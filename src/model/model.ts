import type { Layer } from "./layers/index.js";

/** The shape of one image. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * A network as plain data: the input's shape and the layers in order. The last layer's outputs are the logits.
 *
 * @example
 * ```ts
 * import type { Model } from "lenet";
 * import { inferShapes } from "lenet/engine";
 *
 * const model: Model = {
 *   input: { channels: 1, height: 28, width: 28 },
 *   layers: [{ type: "flatten" }, { type: "linear", name: "only", outFeatures: 10 }],
 * };
 * console.log(inferShapes(model).map(({ output }) => output));
 * ```
 */
export interface Model {
  readonly input: ImageShape;
  readonly layers: readonly Layer[];
}

/** x = (byte / 255 − mean) / std, with one mean and std per channel or one for all, as in torchvision's Normalize. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Checks that a normalization fits the model's images.
 *
 * @throws RangeError if it has neither one value nor one per channel
 */
export function requireNormalization(model: Model, { mean, std }: Normalization): void {
  const { channels } = model.input;
  if ([mean, std].some(({ length }) => length !== 1 && length !== channels)) {
    throw new RangeError(
      `the normalization has ${mean.length} means and ${std.length} standard deviations, but the model has ${channels} channels`,
    );
  }
}

/** The normalised value of every byte, float32 [channels][256], computed as ToTensor and Normalize do. */
export function normalizedBytes({ mean, std }: Normalization, channels: number): Float32Array {
  const table = new Float32Array(channels * 256);
  for (let channel = 0; channel < channels; channel++) {
    const channelMean = Math.fround(mean[channel % mean.length]);
    const channelStd = Math.fround(std[channel % std.length]);
    for (let byte = 0; byte < 256; byte++) {
      table[channel * 256 + byte] = Math.fround(Math.fround(byte / 255) - channelMean) / channelStd;
    }
  }
  return table;
}
