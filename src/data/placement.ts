/**
 * Where the words of a placement lie: the transformation of one sample, as data/augmentation.ts draws it. The engine
 * takes any words: what lies outside of the image is background, or nothing to erase.
 */
export const PLACEMENT = {
  /** Rows and columns that the window of a crop is moved by. */
  cropDown: 0,
  cropRight: 1,
  /** 1: mirrored left to right after the crop. */
  flip: 2,
  /** Then the source of pixel (x, y) in 16.16 fixed point: (c0·x + c1·y + c2, c3·x + c4·y + c5). */
  coefficients: 3,
  /** Its low byte is what crop and map find outside of the image. */
  background: 9,
  /** The bits of the float32 that bytes are multiplied by, then truncated and clipped. */
  brightness: 10,
  /** The rows and columns that are 0 after normalisation: from the first to before the end. */
  eraseFirstRow: 11,
  eraseEndRow: 12,
  eraseFirstColumn: 13,
  eraseEndColumn: 14,
} as const;

/** Words of a placement. */
export const PLACEMENT_WORDS = 15;
