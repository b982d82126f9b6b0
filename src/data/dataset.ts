import type { ImageShape } from "../model/index.js";

/** Labelled images: uint8 [count][channels][height][width]. */
export interface Dataset extends ImageShape {
  readonly name: string;
  /** The name of each class; a label is an index into it. */
  readonly classes: readonly string[];
  /** count × channels × height × width bytes, 0 … 255. */
  readonly images: Uint8Array;
  /** count bytes, each below the number of classes. */
  readonly labels: Uint8Array;
  /**
   * Identifies the images and labels: the SHA-256 of the files, or a hash of generated images; recorded in a run's
   * config.
   */
  readonly checksum: string;
  /** The file of each image, relative to the folder of images that it is from. */
  readonly files?: readonly string[];
  /** Whether this program drew the images; false for photographs, scans and users' files. */
  readonly generated: boolean;
}

/**
 * Checks that the parts of a data set fit together.
 *
 * @throws RangeError with one line that names the data set and what is wrong
 */
export function requireDataset({ name, classes, channels, height, width, images, labels }: Dataset): void {
  const shape = `${channels}x${height}x${width}`;
  if ((channels !== 1 && channels !== 3) || !isExtent(height) || !isExtent(width)) {
    throw new RangeError(`${name}: images of ${shape}, expected 1 or 3 channels and an integer height and width`);
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
    throw new RangeError(`${name}: label ${wrong} is ${labels[wrong]}, expected 0 to ${classes.length - 1}`);
  }
}

/** Labels are bytes. */
const MOST_CLASSES = 256;

function isExtent(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}

/** The parts of a known data set. */
export type DatasetPart = "train" | "test";

/** A data set in the parts it comes in. */
export interface DatasetParts {
  readonly train: Dataset;
  /** The number of training images, at the end, that are for validation; omitted if the source does not say. */
  readonly validationCount?: number;
  /** Omitted if the source has no test part. */
  readonly test?: Dataset;
}

/** The decompressed content of a data set's file, and its name in messages. */
export interface SourceFile {
  readonly bytes: Uint8Array;
  readonly what: string;
}
