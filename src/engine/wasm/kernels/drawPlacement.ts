import type { Size } from "../../../data/augmentation.js";
import { PLACEMENT } from "../../../data/placement.js";
import { PHILOX_KEY_INCREMENTS, PHILOX_MULTIPLIERS, PHILOX_ROUNDS, Purpose } from "../../../numeric/philox.js";
import {
  type DoubleOperations,
  DRAW,
  DRAWN_WORDS,
  ERASED_COLUMN_WORD,
  ERASED_ROW_WORD,
  FIRST_WORDS,
  placementValues,
  SPREAD_WORDS,
  SPREADS,
} from "../../placementDraws.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32,
  f64,
  i32,
  type Local,
  type Value,
} from "../assembler/index.js";
import type { KernelContext } from "./context.js";

/** Where it says how placements are drawn. */
export interface DrawAddresses {
  /** The words of {@link DRAW}. */
  readonly words: number;
  /** float64, in the order of {@link SPREADS}. */
  readonly spreads: number;
}

/** Words of a Philox block. */
const BLOCK_WORDS = 4;

/** Emits (image, placement): draws the placement of the image with that index. */
export function emitDrawPlacement(
  { module }: KernelContext,
  name: string,
  size: Size,
  addresses: DrawAddresses,
): FunctionHandle {
  const word = (field: keyof typeof DRAW) => i32.load(addresses.words + 4 * DRAW[field]);
  return module.function(name, { image: "i32", placement: "i32" }, (code, { image, placement }) => {
    const counter = (block: number) =>
      [i32.const(block), image, word("epoch"), i32.const(Purpose.augmentation)] as const;
    const key = [word("firstKey"), word("secondKey")] as const;
    const words = emitPhilox(code, counter(0), key);
    const more = Array.from({ length: DRAWN_WORDS - FIRST_WORDS }, () => code.local("i32"));
    words.push(...more);
    code.if(word("drawsMore"), () => {
      for (let first = FIRST_WORDS; first < words.length; first += BLOCK_WORDS) {
        const block = emitPhilox(code, counter(first / BLOCK_WORDS), key);
        for (const [place, target] of words.slice(first, first + BLOCK_WORDS).entries()) code.set(target, block[place]);
      }
    });
    const store = (field: keyof typeof PLACEMENT, value: Value) => code.store(placement, value, 4 * PLACEMENT[field]);
    const padding = code.local("i32", word("cropPadding"));
    const crop = (drawn: Value<"i32">) =>
      i32.sub(i32.multiplyHigh(drawn, i32.add(i32.add(padding, padding), 1)), padding);
    store("cropDown", crop(words[0]));
    store("cropRight", crop(words[1]));
    store("flip", i32.and(word("flips"), i32.leUnsigned(words[2], word("lastFlipped"))));
    store("background", word("background"));

    const { coefficients, brightness } = placementValues(
      new Doubles(code),
      size,
      (spread) => code.local("f64", f64.convertSigned(i32.xor(words[SPREAD_WORDS[spread]], SIGN))),
      (spread) => f64.load(addresses.spreads + 8 * SPREADS.indexOf(spread)),
    );
    for (const [place, coefficient] of coefficients.entries()) {
      code.store(placement, i32.fromDouble(f64.floor(coefficient)), 4 * (PLACEMENT.coefficients + place));
    }
    store("brightness", f32.fromDouble(brightness));

    const side = code.local("i32", word("eraseSide"));
    // Without more draws the words are 0 and so is the side: nothing is erased.
    const start = (drawn: Value<"i32">, extent: number) =>
      code.local("i32", i32.sub(i32.multiplyHigh(drawn, extent), i32.shrSigned(side, 1)));
    const top = start(words[ERASED_ROW_WORD], size.height);
    const left = start(words[ERASED_COLUMN_WORD], size.width);
    store("eraseFirstRow", top);
    store("eraseEndRow", i32.add(top, side));
    store("eraseFirstColumn", left);
    store("eraseEndColumn", i32.add(left, side));
  });
}

/** A word with it flipped is, as a signed integer, that word minus 2^31. */
const SIGN = -(2 ** 31);

/** The four words of a Philox block; see numeric/philox.ts. */
function emitPhilox(
  code: FunctionBuilder,
  counter: readonly [Value<"i32">, Value<"i32">, Value<"i32">, Value<"i32">],
  key: readonly [Value<"i32">, Value<"i32">],
): Local<"i32">[] {
  const words = counter.map((value) => code.local("i32", value));
  const keys = key.map((value) => code.local("i32", value));
  const [first, second, third, fourth] = words;
  const [highFirst, highThird] = [code.local("i32"), code.local("i32")];
  code.repeat(PHILOX_ROUNDS, () => {
    code.set(highFirst, i32.multiplyHigh(first, PHILOX_MULTIPLIERS[0]));
    code.set(highThird, i32.multiplyHigh(third, PHILOX_MULTIPLIERS[1]));
    const lowFirst = i32.mul(first, PHILOX_MULTIPLIERS[0]);
    const lowThird = i32.mul(third, PHILOX_MULTIPLIERS[1]);
    const [oldSecond, oldFourth] = [code.local("i32", second), code.local("i32", fourth)];
    code.set(second, lowThird);
    code.set(fourth, lowFirst);
    code.set(first, i32.xor(i32.xor(highThird, oldSecond), keys[0]));
    code.set(third, i32.xor(i32.xor(highFirst, oldFourth), keys[1]));
    for (const [place, increment] of PHILOX_KEY_INCREMENTS.entries()) code.increase(keys[place], increment);
  });
  return words;
}

/** Numbers of float64 in locals. */
class Doubles implements DoubleOperations<Value<"f64">> {
  private readonly code: FunctionBuilder;
  /** The quarter turns that were last rounded. */
  private readonly turns: Local<"i32">;

  constructor(code: FunctionBuilder) {
    this.code = code;
    this.turns = code.local("i32");
  }

  constant(value: number): Value<"f64"> {
    return f64.const(value);
  }

  sum(left: Value<"f64">, right: Value<"f64">): Value<"f64"> {
    return this.code.local("f64", f64.add(left, right));
  }

  difference(left: Value<"f64">, right: Value<"f64">): Value<"f64"> {
    return this.code.local("f64", f64.sub(left, right));
  }

  product(left: Value<"f64">, right: Value<"f64">): Value<"f64"> {
    return this.code.local("f64", f64.mul(left, right));
  }

  quotient(left: Value<"f64">, right: Value<"f64">): Value<"f64"> {
    return this.code.local("f64", f64.div(left, right));
  }

  round(value: Value<"f64">): Value<"f64"> {
    const below = this.code.local("f64", f64.floor(value));
    const isUpwards = f64.ge(f64.sub(value, below), f64.const(0.5));
    const rounded = this.code.local("f64", f64.add(below, f64.convertSigned(isUpwards)));
    this.code.set(this.turns, i32.fromDouble(rounded));
    return rounded;
  }

  sineOfTurned(sine: Value<"f64">, cosine: Value<"f64">): Value<"f64"> {
    return this.turned(this.turns, sine, cosine);
  }

  cosineOfTurned(sine: Value<"f64">, cosine: Value<"f64">): Value<"f64"> {
    return this.turned(i32.add(this.turns, 1), sine, cosine);
  }

  private turned(turns: Value<"i32">, sine: Value<"f64">, cosine: Value<"f64">): Value<"f64"> {
    const value = this.code.local("f64", f64.select(i32.and(turns, 1), cosine, sine));
    return this.code.local("f64", f64.select(i32.and(turns, 2), f64.negate(value), value));
  }
}
