/**
 * The layout of a batch: [tile][channel][row][column][8]. A tile holds eight samples, the sample innermost. One place of
 * an image is therefore two vectors of four samples, and every layer vectorizes only over samples.
 */

/** Samples in a tile. */
export const TILE_SAMPLES = 8;
/** The most samples that are faster one by one than in a tile; they share the logits of one. */
export const MOST_SINGLE_SAMPLES = 4;
/** Bytes of a v128 vector. */
export const VECTOR_BYTES = 16;
/** float32 lanes of a v128 vector. */
export const VECTOR_LANES = 4;
/** Vectors that hold one place of a tile. */
export const PLACE_VECTORS = 2;
/** Bytes that one place of a tile takes. */
export const PLACE_BYTES = PLACE_VECTORS * VECTOR_BYTES;
/** Bytes of a float32. */
export const FLOAT_BYTES = 4;

/** A tensor in memory, with a border of zeros around each channel if a padded convolution reads it. */
export interface Layout {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly border: number;
  /** Samples side by side at every place. Default: those of a tile. */
  readonly samples?: number;
}

/** Bytes of one place: one value per sample. */
export function placeBytes({ samples = TILE_SAMPLES }: Layout): number {
  return samples * FLOAT_BYTES;
}

/** Bytes from one row of a tile's channel to the next. */
export function rowBytes(layout: Layout): number {
  return (layout.width + 2 * layout.border) * placeBytes(layout);
}

/** Bytes from one channel of a tile to the next. */
export function channelBytes(layout: Layout): number {
  return (layout.height + 2 * layout.border) * rowBytes(layout);
}

/** Byte offset of a place from the start of a tile; row and column may reach into the border. */
export function placeOffset(layout: Layout, channel: number, row: number, column: number): number {
  return (
    channel * channelBytes(layout) +
    (row + layout.border) * rowBytes(layout) +
    (column + layout.border) * placeBytes(layout)
  );
}

/** Bytes of one tile, rounded up to four places, the unit in which linear layers read their inputs. */
export function tileBytes(layout: Layout): number {
  return roundUp(layout.channels * channelBytes(layout), 4 * PLACE_BYTES);
}

/** The smallest multiple of `unit` that is at least `value`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Features rounded up to whole vectors. */
export function paddedFeatures(features: number): number {
  return roundUp(features, VECTOR_LANES);
}
