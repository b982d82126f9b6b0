import { Purpose, RandomStream } from "../../numeric/philox.js";

/** A range of values to draw from. */
export interface Range {
  readonly low: string;
  readonly high: string;
  /** Whether the logarithm is uniform, rather than the value. */
  readonly isLogarithmic: boolean;
}

/** What one setting is drawn from: a range, or a list of values. */
export type Choice = { readonly range: Range; readonly isInteger: boolean } | { readonly values: readonly string[] };

/** Digits of a drawn value: enough for any setting, and short in names. */
const DIGITS = 4;
/** Draws of one combination until it is new. */
const MOST_DRAWS = 1000;

/** Parses `low..high`, or `low..high:log`; undefined if the text is no range. */
export function parseRange(text: string): Range | undefined {
  const [, low, high, log] = /^(.+?)\.\.(.+?)(:log)?$/.exec(text) ?? [];
  return low === undefined ? undefined : { low, high, isLogarithmic: log !== undefined };
}

/**
 * Draws different combinations of values at random. A larger sample begins with the smaller one of the same seed.
 *
 * @returns for each combination, one value per choice
 * @throws RangeError if there are too few different combinations
 */
export function sampleCombinations(choices: readonly Choice[], count: number, seed: number): string[][] {
  const seen = new Set<string>();
  return Array.from({ length: count }, (_, index) => {
    for (let draw = 0; draw < MOST_DRAWS; draw++) {
      const stream = new RandomStream(seed, Purpose.search, draw, index);
      const combination = choices.map((choice) => drawValue(choice, stream));
      const key = combination.join(" ");
      if (seen.has(key)) continue;
      seen.add(key);
      return combination;
    }
    throw new RangeError(`there are hardly more than ${seen.size} different combinations: sample fewer`);
  });
}

function drawValue(choice: Choice, stream: RandomStream): string {
  if ("values" in choice) return choice.values[stream.below(choice.values.length)];
  const { range, isInteger } = choice;
  const [low, high] = [Number(range.low), Number(range.high)];
  if (isInteger && !range.isLogarithmic) return String(low + stream.below(high - low + 1));
  const share = stream.uniform();
  const value = range.isLogarithmic ? low * power(high / low, share) : low + share * (high - low);
  return String(isInteger ? Math.round(value) : Number(value.toPrecision(DIGITS)));
}

/** The bits of an exponent that count. */
const EXPONENT_BITS = 32;

/** A base to the power of 0 … 1, by square roots alone: they round the same in every JavaScript engine. */
function power(base: number, exponent: number): number {
  let result = 1;
  let root = base;
  let rest = exponent;
  for (let bit = 0; bit < EXPONENT_BITS; bit++) {
    root = Math.sqrt(root);
    rest *= 2;
    if (rest >= 1) {
      result *= root;
      rest -= 1;
    }
  }
  return result;
}
