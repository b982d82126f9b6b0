import type { Dataset, DatasetParts } from "../../data/dataset.js";
import { holdBackTest } from "../../data/split.js";
import type { ImageShape } from "../../model/index.js";
import { sha256 } from "../disk/checkedFile.js";
import type { FolderPart, ListedFile } from "./listing.js";

/** An image of the data set: its file, and its original size. */
export interface DatasetImage {
  readonly file: ListedFile;
  readonly width: number;
  readonly height: number;
}

/** What all parts share. */
export interface DatasetNaming {
  readonly name: string;
  readonly classes: readonly string[];
  readonly shape: ImageShape;
}

/** A data set's parts, and the source of each of their images, in the same order. */
export interface DividedImages {
  readonly parts: DatasetParts;
  readonly train: readonly DatasetImage[];
  readonly test: readonly DatasetImage[];
}

/** The fraction of each class held out for the test set. */
const TEST_SHARE = 0.2;

/**
 * Divides images into the folder's own parts.
 *
 * @param images sorted by part: train, validation, test
 * @param pixels [image][channels][height][width]; the parts' images are views of them
 */
export function divide(naming: DatasetNaming, images: readonly DatasetImage[], pixels: Uint8Array): DividedImages {
  const labels = labelsOf(naming, images);
  const bytes = pixels.length / images.length;
  const count = (part: FolderPart) => images.filter(({ file }) => file.part === part).length;
  const validationCount = count("validation");
  const testCount = count("test");
  const trained = images.length - testCount;
  const slice = (start: number, end: number) =>
    dataset(naming, pixels.subarray(start * bytes, end * bytes), labels.slice(start, end), images.slice(start, end));
  return {
    parts: {
      train: slice(0, trained),
      ...(validationCount > 0 && { validationCount }),
      ...(testCount > 0 && { test: slice(trained, images.length) }),
    },
    train: images.slice(0, trained),
    test: images.slice(trained),
  };
}

/**
 * Holds out a fixed fifth of each class as the test set. There is no test set if every class has only one image.
 *
 * @param pixels [image][channels][height][width]
 */
export function holdBack(naming: DatasetNaming, images: readonly DatasetImage[], pixels: Uint8Array): DividedImages {
  const labels = labelsOf(naming, images);
  const bytes = pixels.length / images.length;
  const choose = (indices: Uint32Array) => Array.from(indices, (index) => images[index]);
  const pick = (indices: Uint32Array) => {
    const fitted = new Uint8Array(indices.length * bytes);
    const chosen = new Uint8Array(indices.length);
    indices.forEach((index, place) => {
      fitted.set(pixels.subarray(index * bytes, (index + 1) * bytes), place * bytes);
      chosen[place] = labels[index];
    });
    return dataset(naming, fitted, chosen, choose(indices));
  };
  const { train, test } = holdBackTest(labels, naming.classes.length, TEST_SHARE);
  return {
    parts: { train: pick(train), ...(test.length > 0 && { test: pick(test) }) },
    train: choose(train),
    test: choose(test),
  };
}

function labelsOf({ classes }: DatasetNaming, images: readonly DatasetImage[]): Uint8Array {
  const labels = new Map(classes.map((className, label) => [className, label]));
  return Uint8Array.from(images, ({ file }) => labels.get(file.className)!);
}

function dataset(
  { name, classes, shape }: DatasetNaming,
  images: Uint8Array,
  labels: Uint8Array,
  sources: readonly DatasetImage[],
): Dataset {
  const { channels, height, width } = shape;
  const checksum = sha256(images, labels);
  const files = sources.map(({ file }) => file.path);
  return { name, classes, channels, height, width, images, labels, checksum, files, generated: false };
}
