import { Purpose, permutation, RandomStream } from "../numeric/philox.js";

/** Which images are for training and which for validation, by index. */
export interface Split {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * A random split, from the seed alone.
 *
 * @param count images there are
 * @param validationShare share of them for validation, 0 < share < 1; both parts get at least one image
 * @throws RangeError where that cannot be
 */
export function splitIndices(count: number, validationShare: number, seed: number): Split {
  if (count < 2) throw new RangeError(`${count} images cannot be split into training and validation`);
  if (!(validationShare > 0 && validationShare < 1)) {
    throw new RangeError(`the validation share is ${validationShare}, not between 0 and 1`);
  }
  const order = permutation(new RandomStream(seed, Purpose.split, 0, 0), count);
  const validationCount = Math.min(count - 1, Math.max(1, Math.round(count * validationShare)));
  return { train: order.slice(0, count - validationCount), validation: order.slice(count - validationCount) };
}

/** The order in which an epoch visits the training images: a shuffle from the seed and the epoch. */
export function epochOrder(train: Uint32Array, seed: number, epoch: number): Uint32Array {
  return permutation(new RandomStream(seed, Purpose.order, epoch, 0), train.length).map((place) => train[place]);
}
