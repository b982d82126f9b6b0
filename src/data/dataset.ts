import type { ImageShape } from "../model/index.js";

/** Labelled images as read: uint8, [count][channels][height][width]. */
export interface Dataset extends ImageShape {
  readonly name: string;
  /** The name of each class; a label is an index into it. */
  readonly classes: readonly string[];
  /** count × channels × height × width bytes, 0 … 255. */
  readonly images: Uint8Array;
  /** count bytes, each below the number of classes. */
  readonly labels: Uint8Array;
  /** Tells the images and labels from others: the sha256 of what was read, or a hash of what was made; recorded in a run's config. */
  readonly checksum: string;
  /** Whether this program made the images; false where they are photographs, scans or somebody's files. */
  readonly generated: boolean;
}

/**
 * Refuses a data set whose parts do not fit together.
 *
 * @throws RangeError in one line that names it and what is wrong
 */
export function requireDataset({ name, classes, channels, height, width, images, labels }: Dataset): void {
  const shape = `${channels}x${height}x${width}`;
  if ((channels !== 1 && channels !== 3) || !isExtent(height) || !isExtent(width)) {
    throw new RangeError(`${name}: images of ${shape}, expected 1 or 3 channels and whole numbers of rows and columns`);
  }
  if (classes.length < 2 || classes.length > MOST_CLASSES) {
    throw new RangeError(`${name}: ${classes.length} classes, expected 2 to ${MOST_CLASSES}`);
  }
  if (labels.length === 0) throw new RangeError(`${name}: there are no images`);
  const bytes = labels.length * channels * height * width;
  if (images.length !== bytes) {
    throw new RangeError(
      `${name}: ${images.length} bytes of images, but ${labels.length} labels of images of ${shape} need ${bytes}`,
    );
  }
  const wrong = labels.findIndex((label) => label >= classes.length);
  if (wrong >= 0) {
    throw new RangeError(`${name}: label ${wrong} is ${labels[wrong]}, there are ${classes.length} classes from 0 on`);
  }
}

/** A label is a byte. */
const MOST_CLASSES = 256;

function isExtent(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}

/** The parts of a known data set. */
export type DatasetPart = "train" | "test";

/** A data set in the parts that it comes in. */
export interface DatasetParts {
  readonly train: Dataset;
  /** How many of the training images, the last ones, are for validation; undefined where the source does not say. */
  readonly validationCount?: number;
  /** Undefined where the source holds none back. */
  readonly test?: Dataset;
}

/** The unpacked content of a file that a data set is made of, and the name that messages give it. */
export interface SourceFile {
  readonly bytes: Uint8Array;
  readonly what: string;
}
