import { Purpose, RandomStream } from "./philox.js";

/** The two key words for the draws of a dropout layer in one training step. */
export function dropoutKeys(seed: number, step: number, layer: number): [number, number] {
  const stream = new RandomStream(seed, Purpose.dropout, step, layer);
  return [stream.word() | 0, stream.word() | 0];
}

/**
 * The draw for one value: a 32-bit hash of its place in the batch, keyed by the two words of the layer and step. Two
 * rounds of Wellons' lowbias32 (a bijection with almost no bias), each preceded by a key. All backends draw the same.
 *
 * @param place sample · values per sample + value
 */
export function dropoutWord(place: number, key0: number, key1: number): number {
  return mix((mix(place ^ key0) + key1) | 0) >>> 0;
}

/** The multipliers of one round, for backends with their own implementation. */
export const DROPOUT_MULTIPLIERS = [0x7feb352d, 0x846ca68b] as const;

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), DROPOUT_MULTIPLIERS[0]);
  mixed = Math.imul(mixed ^ (mixed >>> 15), DROPOUT_MULTIPLIERS[1]);
  return mixed ^ (mixed >>> 16);
}

/** Values whose draw is below this unsigned word are dropped. */
export function dropoutThreshold(probability: number): number {
  return Math.floor(probability * 2 ** 32);
}
