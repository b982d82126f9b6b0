import type { Dataset } from "./dataset.js";

/** The mean and the standard deviation of each channel's values. */
export interface ChannelStatistics {
  /** Of byte / 255. */
  readonly mean: number[];
  readonly std: number[];
}

/** The standard deviation of a constant channel: one step of a byte. */
const SMALLEST_STD = 1 / 255;

/**
 * Measures images: for each channel, the mean and population standard deviation of byte / 255, as usually quoted for
 * Fashion-MNIST and CIFAR-10.
 *
 * @param indices the images to measure
 */
export function measureChannels(dataset: Dataset, indices: Uint32Array): ChannelStatistics {
  const { channels, height, width, images } = dataset;
  const pixels = height * width;
  const statistics: ChannelStatistics = { mean: [], std: [] };
  for (let channel = 0; channel < channels; channel++) {
    // Counts are exact, so the result does not depend on the order of the images.
    const counts = new Float64Array(256);
    for (const index of indices) {
      const start = (index * channels + channel) * pixels;
      for (let pixel = start; pixel < start + pixels; pixel++) counts[images[pixel]]++;
    }
    const total = indices.length * pixels;
    const mean = counts.reduce((sum, count, byte) => sum + count * byte, 0) / total;
    const variance = counts.reduce((sum, count, byte) => sum + count * (byte - mean) ** 2, 0) / total;
    statistics.mean.push(mean / 255);
    statistics.std.push(Math.max(Math.sqrt(variance) / 255, SMALLEST_STD));
  }
  return statistics;
}
