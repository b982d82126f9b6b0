import { PLACEMENT, PLACEMENT_WORDS } from "../kernels/placement.js";
import { Purpose, RandomStream } from "../numeric/philox.js";
import { cosine, sine } from "../numeric/trigonometry.js";

/** Random transformations of a picture, in this order: crop, flip, rotation. */
export interface Augmentation {
  /** Pixels of background added on every side before a window of the old size is cut out anywhere. */
  readonly cropPadding: number;
  /** Probability of mirroring left to right. */
  readonly flip: number;
  /** The picture is turned by an angle drawn from ± this many degrees. */
  readonly degrees: number;
}

/** The tutorial's: RandomCrop(28, padding 2), RandomHorizontalFlip(0.5), RandomRotation(10). */
export const TUTORIAL_AUGMENTATION: Augmentation = { cropPadding: 2, flip: 0.5, degrees: 10 };

/** One picture's transformation. */
export interface Transformation {
  /** Rows and columns that the window of the crop is moved by; what it takes from outside is 0. */
  readonly shiftDown: number;
  readonly shiftRight: number;
  /** Mirrored left to right after the crop. */
  readonly flip: boolean;
  /** Counter-clockwise about the centre, nearest neighbour, 0 outside. */
  readonly degrees: number;
}

const FIXED_POINT = 65536;
const RADIANS_PER_DEGREE = Math.PI / 180;

/**
 * Writes a transformation as the engine reads it. The coefficients are those of Pillow's rotation: source (x, y) of the
 * pixel in column c and row r is (w0·c + w1·r + w2, w3·c + w4·r + w5), in 16.16 fixed point.
 */
export function writeTransformation(
  { shiftDown, shiftRight, flip, degrees }: Transformation,
  height: number,
  width: number,
  target: Int32Array,
  offset = 0,
): void {
  // A picture's rows run downwards, so turning it counter-clockwise takes its source from the clockwise angle.
  const radians = -degrees * RADIANS_PER_DEGREE;
  const across = cosine(radians);
  const down = sine(radians);
  const [centreX, centreY] = [width / 2, height / 2];
  const startX = across * -centreX + down * -centreY + centreX;
  const startY = -down * -centreX + across * -centreY + centreY;
  const coefficients = [
    across,
    down,
    startX + across * 0.5 + down * 0.5,
    -down,
    across,
    startY - down * 0.5 + across * 0.5,
  ];
  target[offset + PLACEMENT.shiftDown] = shiftDown;
  target[offset + PLACEMENT.shiftRight] = shiftRight;
  target[offset + PLACEMENT.flip] = flip ? 1 : 0;
  target.set(coefficients.map(fixedPoint), offset + PLACEMENT.coefficients);
}

function fixedPoint(value: number): number {
  return Math.floor(value * FIXED_POINT + 0.5);
}

/** A transformation of its own, see `writeTransformation`. */
export function placementFor(transformation: Transformation, height: number, width: number): Int32Array {
  const placement = new Int32Array(PLACEMENT_WORDS);
  writeTransformation(transformation, height, width, placement);
  return placement;
}

/** Draws the transformation of a sample in an epoch: a function of (seed, epoch, sample) alone. */
export function drawTransformation(
  { cropPadding, flip, degrees }: Augmentation,
  seed: number,
  epoch: number,
  sample: number,
): Transformation {
  const stream = new RandomStream(seed, Purpose.augmentation, epoch, sample);
  return {
    shiftDown: stream.below(2 * cropPadding + 1) - cropPadding,
    shiftRight: stream.below(2 * cropPadding + 1) - cropPadding,
    flip: stream.uniform() < flip,
    degrees: (2 * stream.uniform() - 1) * degrees,
  };
}
