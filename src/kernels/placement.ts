/** Where the words of a placement lie: the transformation of one sample, as data/augmentation.ts draws it. */
export const PLACEMENT = {
  /** Rows and columns that the window of a crop is moved by. */
  shiftDown: 0,
  shiftRight: 1,
  /** 1: mirrored left to right after the crop. */
  flip: 2,
  /** Then the source of pixel (x, y) in 16.16 fixed point: (c0·x + c1·y + c2, c3·x + c4·y + c5). */
  coefficients: 3,
} as const;

/** Words of a placement. */
export const PLACEMENT_WORDS = 9;
