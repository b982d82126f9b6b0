import type { Model } from "./model.js";

/** x = (byte / 255 − mean) / std: one of each a channel, or one for all, as in torchvision's Normalize. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Refuses a normalization that does not fit the model's images.
 *
 * @throws RangeError naming both numbers of channels
 */
export function requireNormalization(model: Model, { mean, std }: Normalization): void {
  const { channels } = model.input;
  if ([mean, std].some(({ length }) => length !== 1 && length !== channels)) {
    throw new RangeError(
      `the normalization has ${mean.length} means and ${std.length} standard deviations, the model ${channels} channels`,
    );
  }
}

/** The normalised value of every byte, float32 [channels][256], in the arithmetic of ToTensor and Normalize. */
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
