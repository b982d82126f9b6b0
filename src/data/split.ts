import { Purpose, permutation, RandomStream } from "../numeric/philox.js";
import type { DatasetParts } from "./dataset.js";

/** Which images are for training and which for validation, by index. */
export interface Split {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * A random split, from the seed alone.
 *
 * @param count images there are
 * @param validationFraction share of them for validation, 0 < share < 1; both parts get at least one image
 * @throws RangeError where that cannot be
 */
export function splitIndices(count: number, validationFraction: number, seed: number): Split {
  if (count < 2) throw new RangeError(`${count} images cannot be split into training and validation`);
  if (!(validationFraction > 0 && validationFraction < 1)) {
    throw new RangeError(`the validation share is ${validationFraction}, not between 0 and 1`);
  }
  const order = permutation(new RandomStream(seed, Purpose.split, 0, 0), count);
  const validationCount = Math.min(count - 1, Math.max(1, Math.round(count * validationFraction)));
  return { train: order.slice(0, count - validationCount), validation: order.slice(count - validationCount) };
}

/**
 * The split of training images: by the seed, or as the source of the images has it.
 *
 * @param parts how many of the images, the last ones, are for validation, where the source says so
 */
export function splitTraining(
  { train, validationCount }: Pick<DatasetParts, "train" | "validationCount">,
  validationFraction: number,
  seed: number,
): Split {
  const count = train.labels.length;
  if (validationCount === undefined) return splitIndices(count, validationFraction, seed);
  const indices = Uint32Array.from({ length: count }, (_, index) => index);
  const boundary = count - validationCount;
  return { train: indices.slice(0, boundary), validation: indices.slice(boundary) };
}

/** Which images are for training and which are held back for the test, by index, in ascending order. */
export interface HeldBack {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/** A test part belongs to its data set: it is the same whatever the seed of a run. */
const TEST_SEED = 0;

/**
 * Holds back a share of every class for the test, at least one image where the class has two: always the same ones of
 * the same data set.
 *
 * @param labels one for each image
 * @param classes how many classes there are
 * @param share share of each class, 0 < share < 1
 */
export function holdBackTest(labels: Uint8Array, classes: number, share: number): HeldBack {
  const byClass = Array.from({ length: classes }, (): number[] => []);
  labels.forEach((label, index) => {
    byClass[label].push(index);
  });
  const test = byClass.flatMap((indices, label) => {
    const order = permutation(new RandomStream(TEST_SEED, Purpose.test, 0, label), indices.length);
    const count = Math.min(indices.length - 1, Math.max(1, Math.round(indices.length * share)));
    return Array.from(order.subarray(0, Math.max(0, count)), (place) => indices[place]);
  });
  const isTest = new Set(test);
  return {
    train: Uint32Array.from(labels.keys()).filter((index) => !isTest.has(index)),
    test: Uint32Array.from(test).sort(),
  };
}

/** The order in which an epoch visits the training images: a shuffle from the seed and the epoch. */
export function epochOrder(train: Uint32Array, seed: number, epoch: number): Uint32Array {
  return permutation(new RandomStream(seed, Purpose.order, epoch, 0), train.length).map((place) => train[place]);
}
