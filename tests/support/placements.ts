import { AUGMENTATIONS, type Augmentation } from "../../src/data/augmentation.js";
import { Purpose, RandomStream } from "../../src/numeric/philox.js";

const { strong } = AUGMENTATIONS;
/** One kind of draw, all, and all at their limits. */
export const CASES: readonly [string, Augmentation, { readonly height: number; readonly width: number }][] = [
  ["light", AUGMENTATIONS.light, { height: 28, width: 28 }],
  ["the tutorial's", AUGMENTATIONS.tutorial, { height: 28, width: 28 }],
  ["strong", { ...strong, background: 255 }, { height: 32, width: 32 }],
  ["strong, on a wide image", { ...strong, shift: 0.3 }, { height: 13, width: 128 }],
  [
    "at the limits",
    { ...strong, flip: 1, degrees: 180, shift: 1, scale: 0.9, shear: 80, squeeze: 0.9, brightness: 1, erase: 1 },
    { height: 127, width: 12 },
  ],
];
export const SEEDS = [0, 7, 2 ** 32 - 1, 2 ** 53 - 1];

/** The indices of images, anywhere in a large data set. */
export function drawnImages(count: number): Uint32Array {
  const stream = new RandomStream(3, Purpose.test, 0, 0);
  return Uint32Array.from({ length: count }, () => stream.below(2 ** 20));
}
