/**
 * The layout of a placement: the encoded transformation of one sample, as data/augmentation.ts draws it. The engine
 * accepts any words: outside the image it reads background and erases nothing.
 */
export const PLACEMENT = {
  /** Offset of the crop window in rows and columns. */
  cropDown: 0,
  cropRight: 1,
  /** 1: mirrored left to right after the crop. */
  flip: 2,
  /**
   * c0 … c5: after the crop and flip, pixel (x, y) is read from (c0·x + c1·y + c2, c3·x + c4·y + c5), in 16.16 fixed
   * point.
   */
  coefficients: 3,
  /** Its low byte is what crop and map read outside the image. */
  background: 9,
  /** The bits of the float32 factor for the bytes; the products are truncated and clipped. */
  brightness: 10,
  /** The rows and columns that are set to 0 after normalisation; the end is exclusive. */
  eraseFirstRow: 11,
  eraseEndRow: 12,
  eraseFirstColumn: 13,
  eraseEndColumn: 14,
} as const;

/** Words per placement. */
export const PLACEMENT_WORDS = 15;
