/**
 * Sine and cosine from additions, multiplications and divisions only: the same bits in every JavaScript engine. The
 * last bit of Math.sin and Math.cos differs between engines.
 */

/** π / 2 in two parts. The high part ends in zero bits, so its small multiples are exact. */
export const HALF_PI_HIGH = 1.5707963267341256;
export const HALF_PI_LOW = 6.077100506506192e-11;

/** Minimax coefficients on ±π/4, after fdlibm: sin r = r + r³ · (S0 + S1 r² + …), cos r = 1 − r²/2 + r⁴ · (C0 + C1 r² + …). */
export const SINE = [
  -0.16666666666666632, 0.00833333333332249, -0.0001984126982985795, 2.7557313707070068e-6, -2.5050760253406863e-8,
  1.58969099521155e-10,
];
export const COSINE = [
  0.0416666666666666, -0.001388888888887411, 2.480158728947673e-5, -2.7557314351390663e-7, 2.087572321298175e-9,
  -1.1359647557788195e-11,
];

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let index = coefficients.length - 1; index >= 0; index--) sum = sum * x + coefficients[index];
  return sum;
}

/** The sine of quarterTurns · π/2 + rest, with rest within ±π/4. */
function sineOfParts(quarterTurns: number, rest: number): number {
  const square = rest * rest;
  const value =
    quarterTurns % 2 === 0
      ? rest + rest * square * polynomial(SINE, square)
      : 1 - (square / 2 - square * square * polynomial(COSINE, square));
  return ((quarterTurns % 4) + 4) % 4 < 2 ? value : -value;
}

function reduce(radians: number): { quarterTurns: number; rest: number } {
  const quarterTurns = Math.round(radians / (HALF_PI_HIGH + HALF_PI_LOW));
  return { quarterTurns, rest: radians - quarterTurns * HALF_PI_HIGH - quarterTurns * HALF_PI_LOW };
}

/** The sine of an angle of up to a few thousand turns, to about one unit in the last place. */
export function sine(radians: number): number {
  const { quarterTurns, rest } = reduce(radians);
  return sineOfParts(quarterTurns, rest);
}

/** The cosine of an angle of up to a few thousand turns, to about one unit in the last place. */
export function cosine(radians: number): number {
  const { quarterTurns, rest } = reduce(radians);
  return sineOfParts(quarterTurns + 1, rest);
}

const double = new DataView(new ArrayBuffer(8));
/** Half of the 52 bits of √½ are enough to tell where a mantissa is closer to the next power of two. */
const HIGH_WORD_OF_ROOT = 0x3fe6a09e;

/** The natural logarithm of a normal positive number, to about one unit in the last place. */
export function logarithm(x: number): number {
  double.setFloat64(0, x);
  const high = double.getInt32(0);
  const exponent = (high - HIGH_WORD_OF_ROOT) >> 20;
  double.setInt32(0, high - exponent * 2 ** 20);
  const mantissa = double.getFloat64(0);
  // The series of the inverse hyperbolic tangent; the mantissa is from √½ to √2.
  const ratio = (mantissa - 1) / (mantissa + 1);
  let series = 0;
  for (let term = 12; term >= 0; term--) series = series * ratio * ratio + 2 / (2 * term + 1);
  return exponent * Math.LN2 + ratio * series;
}

/** base^exponent by repeated squaring: the same bits in every JavaScript engine, unlike Math.pow. */
export function integerPower(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
