import { type AugmentationDraw, drawsMore, RADIANS_PER_DEGREE, type Size } from "../data/augmentation.js";
import { COSINE, HALF_PI_HIGH, HALF_PI_LOW, SINE } from "../numeric/elementary.js";
import { seedKey } from "../numeric/philox.js";

/**
 * How backends draw placements where they compute: to the bit what `drawPlacements` of data/augmentation.ts writes, so that
 * the host need not draw millions of them.
 */

/** What is drawn from ± a number, and the place of its word among those that are drawn for a sample. */
export const SPREAD_WORDS = {
  degrees: 3,
  shiftDown: 4,
  shiftRight: 5,
  scale: 6,
  shear: 7,
  brightness: 8,
  squeeze: 11,
} as const;
export type Spread = keyof typeof SPREAD_WORDS;
export const SPREADS = Object.keys(SPREAD_WORDS) as Spread[];
/** The places of the words that the erased square is drawn from. */
export const ERASED_ROW_WORD = 9;
export const ERASED_COLUMN_WORD = 10;
/** The words that are drawn for a sample. */
export const DRAWN_WORDS = 12;
/** The words before those that are drawn only if the augmentation draws more than crop, flip and rotation. */
export const FIRST_WORDS = 4;

/** Words that say how placements are drawn. */
export const DRAW = {
  /** 1: drawn; 0: given, or none. */
  isDrawn: 0,
  firstKey: 1,
  secondKey: 2,
  epoch: 3,
  cropPadding: 4,
  /** Images are mirrored if `flips` is 1 and their word is not larger than `lastFlipped`. */
  flips: 5,
  lastFlipped: 6,
  background: 7,
  /** 1: erasures are drawn too; the spreads of what is not drawn are 0. */
  drawsMore: 8,
  eraseSide: 9,
} as const;
export const DRAW_WORDS = 10;

/** Writes how placements are drawn, except the spreads. */
export function packDraw({ augmentation, seed, epoch }: AugmentationDraw, size: Size, words: Uint32Array): void {
  const { cropPadding, flip, background, erase } = augmentation;
  words[DRAW.isDrawn] = 1;
  words.set(seedKey(seed), DRAW.firstKey);
  words[DRAW.epoch] = epoch;
  words[DRAW.cropPadding] = cropPadding;
  words[DRAW.flips] = flip > 0 ? 1 : 0;
  words[DRAW.lastFlipped] = Math.min(Math.ceil(flip * 2 ** 32) - 1, 2 ** 32 - 1);
  words[DRAW.background] = background;
  words[DRAW.drawsMore] = drawsMore(augmentation) ? 1 : 0;
  words[DRAW.eraseSide] = Math.round(erase * Math.min(size.height, size.width));
}

/** The numbers from ± which the others are drawn, in the order of {@link SPREADS}. */
export function spreadsOf({ augmentation }: AugmentationDraw, { height, width }: Size): number[] {
  const { degrees, shift, scale, shear, squeeze, brightness } = augmentation;
  const [shiftDown, shiftRight] = [shift * height, shift * width];
  const spreads = { degrees, shiftDown, shiftRight, scale, shear, brightness, squeeze };
  return SPREADS.map((spread) => spreads[spread]);
}

/** Operations on numbers of float64, each rounded to the nearest, ties to even. */
export interface DoubleOperations<Double> {
  constant(value: number): Double;
  sum(left: Double, right: Double): Double;
  difference(left: Double, right: Double): Double;
  product(left: Double, right: Double): Double;
  quotient(left: Double, right: Double): Double;
  /** The nearest integer, halves upwards, as Math.round. */
  round(value: Double): Double;
  /** The sine of an angle from that of its rest, after so many quarter turns as were last rounded. */
  sineOfTurned(sine: Double, cosine: Double): Double;
  cosineOfTurned(sine: Double, cosine: Double): Double;
}

/** The numbers of a placement that are not integers. */
export interface PlacementValues<Double> {
  /** In 16.16 fixed point, to be rounded down. */
  readonly coefficients: readonly Double[];
  readonly brightness: Double;
}

/** The coefficients are in 16.16 fixed point. */
const FIXED_POINT = 65536;

/**
 * The computations of `drawTransformation` and `writeTransformation`, operation by operation.
 *
 * @param drawn the word that is drawn for a spread, minus 2^31
 * @param spread the number itself
 */
export function placementValues<Double>(
  operations: DoubleOperations<Double>,
  { height, width }: Size,
  drawn: (spread: Spread) => Double,
  spread: (spread: Spread) => Double,
): PlacementValues<Double> {
  const { sum, difference, product, quotient, round, constant } = bound(operations);
  const [half, one] = [constant(0.5), constant(1)];
  const around = (name: Spread) => product(product(drawn(name), constant(2 ** -31)), spread(name));
  const waves = (degrees: Double, radiansPerDegree: number) => {
    const radians = product(degrees, constant(radiansPerDegree));
    const turns = round(quotient(radians, constant(HALF_PI_HIGH + HALF_PI_LOW)));
    const rough = difference(radians, product(turns, constant(HALF_PI_HIGH)));
    const rest = difference(rough, product(turns, constant(HALF_PI_LOW)));
    const square = product(rest, rest);
    const series = (coefficients: readonly number[]) =>
      coefficients.map(constant).reduceRight((total, next) => sum(product(total, square), next));
    const higherSine = product(product(rest, square), series(SINE));
    const higherCosine = product(product(square, square), series(COSINE));
    const sine = sum(rest, higherSine);
    const cosine = difference(one, difference(product(square, half), higherCosine));
    return [operations.sineOfTurned(sine, cosine), operations.cosineOfTurned(sine, cosine)] as const;
  };

  const scale = sum(one, around("scale"));
  const squeeze = sum(one, around("squeeze"));
  const [down, across] = waves(around("degrees"), -RADIANS_PER_DEGREE);
  const slope = quotient(...waves(around("shear"), RADIANS_PER_DEGREE));
  const columnStepX = quotient(quotient(difference(across, product(down, slope)), scale), squeeze);
  const rowStepX = quotient(quotient(sum(product(across, slope), down), scale), squeeze);
  const columnStepY = product(quotient(difference(constant(0), down), scale), squeeze);
  const rowStepY = product(quotient(across, scale), squeeze);
  const fromX = difference(constant(-width / 2), round(around("shiftRight")));
  const fromY = difference(constant(-height / 2), round(around("shiftDown")));
  const fixedPoint = (value: Double) => sum(product(value, constant(FIXED_POINT)), half);
  const axis = (columnStep: Double, rowStep: Double, centre: number) => {
    const moved = sum(product(columnStep, fromX), product(rowStep, fromY));
    const start = sum(moved, constant(centre));
    const middle = sum(sum(start, product(columnStep, half)), product(rowStep, half));
    return [columnStep, rowStep, middle].map(fixedPoint);
  };
  const coefficients = [...axis(columnStepX, rowStepX, width / 2), ...axis(columnStepY, rowStepY, height / 2)];
  return { coefficients, brightness: sum(one, around("brightness")) };
}

/** The operations as functions that can be passed around. */
function bound<Double>(operations: DoubleOperations<Double>) {
  return {
    constant: (value: number) => operations.constant(value),
    sum: (left: Double, right: Double) => operations.sum(left, right),
    difference: (left: Double, right: Double) => operations.difference(left, right),
    product: (left: Double, right: Double) => operations.product(left, right),
    quotient: (left: Double, right: Double) => operations.quotient(left, right),
    round: (value: Double) => operations.round(value),
  };
}
