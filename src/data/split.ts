import { Purpose, permutation, RandomStream } from "../numeric/philox.js";
import type { DatasetParts } from "./dataset.js";

/** The indices of the training and validation images. If nothing is held out, both are all images. */
export interface Split {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * Splits images at random, depending only on the seed.
 *
 * @param count the number of images
 * @param validationFraction the fraction for validation, below 1; both parts get at least one image. 0 holds nothing out:
 *   the network trains on all images and is validated on the same, which gives its training error after each epoch.
 * @throws RangeError if there are fewer than two images, or the fraction is out of range
 */
export function splitIndices(count: number, validationFraction: number, seed: number): Split {
  if (count < 2) throw new RangeError(`${count} images cannot be split into training and validation`);
  if (!(validationFraction >= 0 && validationFraction < 1)) {
    throw new RangeError(`the validation fraction must be at least 0 and below 1, not ${validationFraction}`);
  }
  if (validationFraction === 0) {
    const all = Uint32Array.from({ length: count }, (_, index) => index);
    return { train: all, validation: all };
  }
  const order = permutation(new RandomStream(seed, Purpose.split, 0, 0), count);
  const validationCount = Math.min(count - 1, Math.max(1, Math.round(count * validationFraction)));
  return { train: order.slice(0, count - validationCount), validation: order.slice(count - validationCount) };
}

/** One of the parts of a cross-validation. */
export interface Fold {
  /** From 1. */
  readonly number: number;
  /** The number of parts. */
  readonly of: number;
}

/**
 * Splits images for cross-validation: the folds of a seed are disjoint, and together all images.
 *
 * @throws RangeError if there is no such fold, or there are fewer images than folds
 */
export function splitFold(count: number, { number, of }: Fold, seed: number): Split {
  if (!(Number.isInteger(of) && of >= 2 && of <= count)) {
    throw new RangeError(`${count} images cannot be split into ${of} folds`);
  }
  if (!(Number.isInteger(number) && number >= 1 && number <= of)) {
    throw new RangeError(`there is no fold ${number} of ${of}`);
  }
  const order = permutation(new RandomStream(seed, Purpose.split, 0, 0), count);
  const [start, end] = [number - 1, number].map((boundary) => Math.floor((boundary * count) / of));
  const isInside = (place: number) => place >= start && place < end;
  return {
    train: order.filter((_, place) => !isInside(place)),
    validation: order.filter((_, place) => isInside(place)),
  };
}

/**
 * Splits the training images: by a fold if there is one, otherwise at random from the seed, or as the source of
 * the images does.
 *
 * @param data the training images, and how many of them, at the end, are for validation if the source says so
 * @param fold then neither the source nor the fraction decides
 */
export function splitTraining(
  { train, validationCount }: Pick<DatasetParts, "train" | "validationCount">,
  validationFraction: number,
  seed: number,
  fold?: Fold,
): Split {
  const count = train.labels.length;
  if (fold) return splitFold(count, fold, seed);
  if (validationCount === undefined) return splitIndices(count, validationFraction, seed);
  const indices = Uint32Array.from({ length: count }, (_, index) => index);
  const boundary = count - validationCount;
  return { train: indices.slice(0, boundary), validation: indices.slice(boundary) };
}

/** The indices of the training images and of the held-out test images, in ascending order. */
export interface HeldBack {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/** The test part belongs to the data set, so it does not depend on a run's seed. */
const TEST_SEED = 0;

/**
 * Holds out a fraction of every class for the test: at least one image of each class with two or more, and always the
 * same images of the same data set.
 *
 * @param labels the class of each image
 * @param classes the number of classes
 * @param share the fraction of each class, above 0 and below 1
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

/** The order in which an epoch visits the training images: a shuffle that depends on seed and epoch. */
export function epochOrder(train: Uint32Array, seed: number, epoch: number): Uint32Array {
  return permutation(new RandomStream(seed, Purpose.order, epoch, 0), train.length).map((place) => train[place]);
}
