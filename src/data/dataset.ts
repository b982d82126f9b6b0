/** Labelled images as read: uint8, [count][channels][height][width]. */
export interface Dataset {
  readonly name: string;
  /** The name of each class; a label is an index into it. */
  readonly classes: readonly string[];
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** count × channels × height × width bytes, 0 … 255. */
  readonly images: Uint8Array;
  /** count bytes, each below the number of classes. */
  readonly labels: Uint8Array;
  /** The sha256, in hexadecimal, over what was read; recorded in a run's config. */
  readonly checksum: string;
  /** Whether this program made the images; false where they are photographs, scans or somebody's files. */
  readonly generated: boolean;
}
