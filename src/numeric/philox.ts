/**
 * Counter-based randomness: every draw is a pure function of its seed and counter, so results do not depend on the
 * number of threads, the order of the draws or where a run was interrupted.
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
 * 2011), which PyTorch's GPU generator also uses.
 */

/** What a draw is for. Draws for different purposes never share a counter. */
export const Purpose = {
  initialisation: 1,
  split: 2,
  order: 3,
  augmentation: 4,
  dropout: 5,
  digits: 6,
  test: 7,
  noise: 8,
  search: 9,
} as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

export const PHILOX_MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
export const PHILOX_KEY_INCREMENTS = [0x9e3779b9, 0xbb67ae85] as const;
export const PHILOX_ROUNDS = 10;

/** The high 32 bits of the 64-bit product of two unsigned 32-bit integers, in 32-bit arithmetic only. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // No sum of these exceeds 32 bits: 0xffff · 0xffff + 0xffff = 0xffff0000.
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const carry = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carry >>> 16)) | 0;
}

/**
 * One Philox4x32-10 block.
 *
 * @param counter four unsigned 32-bit words
 * @param key two unsigned 32-bit words
 * @param out receives four unsigned 32-bit words
 */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array | number[]): void {
  let c0 = counter[0];
  let c1 = counter[1];
  let c2 = counter[2];
  let c3 = counter[3];
  let k0 = key[0] | 0;
  let k1 = key[1] | 0;
  for (let round = 0; round < PHILOX_ROUNDS; round++) {
    const high0 = multiplyHigh(PHILOX_MULTIPLIERS[0], c0);
    const low0 = Math.imul(PHILOX_MULTIPLIERS[0], c0);
    const high1 = multiplyHigh(PHILOX_MULTIPLIERS[1], c2);
    const low1 = Math.imul(PHILOX_MULTIPLIERS[1], c2);
    c0 = high1 ^ c1 ^ k0;
    c2 = high0 ^ c3 ^ k1;
    c1 = low1;
    c3 = low0;
    k0 = (k0 + PHILOX_KEY_INCREMENTS[0]) | 0;
    k1 = (k1 + PHILOX_KEY_INCREMENTS[1]) | 0;
  }
  out[0] = c0 >>> 0;
  out[1] = c1 >>> 0;
  out[2] = c2 >>> 0;
  out[3] = c3 >>> 0;
}

/**
 * The two key words of a seed: its low 32 bits, then the bits above.
 *
 * @throws RangeError if the seed is not a non-negative safe integer
 */
export function seedKey(seed: number): [number, number] {
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    const value = typeof seed === "string" ? JSON.stringify(seed) : seed;
    throw new RangeError(`the seed must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, not ${value}`);
  }
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** A sequence of draws: the words of blocks 0, 1, 2 … with the counter (block, item, epoch, purpose). */
export class RandomStream {
  private readonly key: [number, number];
  // Plain arrays: a typed array takes longer to make than its four numbers to draw.
  private readonly counter: number[];
  private readonly block = [0, 0, 0, 0];
  private used = 4;

  /**
   * @param seed a non-negative safe integer
   * @param purpose what the draws are for
   * @param epoch the epoch or step, 0 if there is none
   * @param item the sample or tensor that the draws belong to
   */
  constructor(seed: number, purpose: Purpose, epoch: number, item: number) {
    this.key = seedKey(seed);
    this.counter = [0, item, epoch, purpose];
  }

  /** The next unsigned 32-bit word. */
  word(): number {
    if (this.used === 4) {
      philox4x32(this.counter, this.key, this.block);
      this.counter[0]++;
      this.used = 0;
    }
    return this.block[this.used++];
  }

  /** Fills an array with the next words. */
  fill(words: Uint32Array): void {
    for (let index = 0; index < words.length; index++) words[index] = this.word();
  }

  /** The next number in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.word() / 2 ** 32;
  }

  /** The next integer from 0 to count − 1. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }
}

/** The integers from 0 to count − 1, shuffled (Fisher–Yates). */
export function permutation(stream: RandomStream, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = stream.below(last + 1);
    const kept = order[last];
    order[last] = order[other];
    order[other] = kept;
  }
  return order;
}
