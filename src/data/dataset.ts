/** The extents of a picture. */
export interface PictureShape {
  /** 1 (grey) or 3 (red, green, blue). */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Labelled images as read: uint8, [count][channels][height][width]. */
export interface Dataset extends PictureShape {
  readonly name: string;
  /** The name of each class; a label is an index into it. */
  readonly classes: readonly string[];
  /** count × channels × height × width bytes, 0 … 255. */
  readonly images: Uint8Array;
  /** count bytes, each below the number of classes. */
  readonly labels: Uint8Array;
  /** The sha256, in hexadecimal, over what was read; recorded in a run's config. */
  readonly checksum: string;
  /** Whether this program made the images; false where they are photographs, scans or somebody's files. */
  readonly generated: boolean;
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
