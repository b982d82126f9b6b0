import type { Model } from "./model.js";

/** x = (byte / 255 − mean) / deviation: one of each a channel, or one for all, as in torchvision's Normalize. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/**
 * Refuses a normalization that does not fit the model's images.
 *
 * @throws RangeError naming both numbers of channels
 */
export function requireNormalization(model: Model, { mean, deviation }: Normalization): void {
  const { channels } = model.input;
  if ([mean, deviation].some(({ length }) => length !== 1 && length !== channels)) {
    throw new RangeError(
      `the normalization has ${mean.length} means and ${deviation.length} deviations, the model ${channels} channels`,
    );
  }
}

/** The normalised value of every byte, float32 [channels][256], in the arithmetic of ToTensor and Normalize. */
export function normalizedBytes({ mean, deviation }: Normalization, channels: number): Float32Array {
  const table = new Float32Array(channels * 256);
  for (let channel = 0; channel < channels; channel++) {
    const channelMean = Math.fround(mean[channel % mean.length]);
    const channelDeviation = Math.fround(deviation[channel % deviation.length]);
    for (let byte = 0; byte < 256; byte++) {
      table[channel * 256 + byte] = Math.fround(Math.fround(byte / 255) - channelMean) / channelDeviation;
    }
  }
  return table;
}
