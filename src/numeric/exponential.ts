/*
 * The exponential and the hyperbolic tangent from additions, multiplications and divisions only: the same bits in every
 * JavaScript engine. The last bits of Math.exp and Math.tanh differ between engines.
 */

/** ln 2 in two parts. The high part ends in zero bits, so its multiples by an exponent are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** 1 / n! up to the term that is below half a unit in the last place for |r| ≤ ln 2 / 2. */
const RECIPROCAL_FACTORIALS = Array.from({ length: 14 }, (_, degree) => {
  let factorial = 1;
  for (let factor = 2; factor <= degree; factor++) factorial *= factor;
  return 1 / factorial;
});
/** Beyond this, e^x or e^−x is not a normal number. */
const LARGEST_EXPONENT = 708;

const power = new Float64Array(1);
/** Its second word, in little-endian order, holds the exponent. */
const words = new Uint32Array(power.buffer);

/** e^x to about one unit in the last place; x is first clamped to ±708. */
export function exponential(x: number): number {
  const clamped = Math.min(LARGEST_EXPONENT, Math.max(-LARGEST_EXPONENT, x));
  const exponent = Math.round(clamped / (LN2_HIGH + LN2_LOW));
  const rest = clamped - exponent * LN2_HIGH - exponent * LN2_LOW;
  let series = 0;
  for (let degree = RECIPROCAL_FACTORIALS.length - 1; degree >= 0; degree--) {
    series = series * rest + RECIPROCAL_FACTORIALS[degree];
  }
  return series * powerOfTwo(exponent);
}

/** 2^exponent, for normal numbers. */
function powerOfTwo(exponent: number): number {
  words[1] = (exponent + 1023) << 20;
  return power[0];
}

/** tanh x, with an absolute error of about 1e-16. */
export function hyperbolicTangent(x: number): number {
  const squared = exponential(-2 * Math.abs(x));
  const size = (1 - squared) / (1 + squared);
  return x < 0 ? -size : size;
}
