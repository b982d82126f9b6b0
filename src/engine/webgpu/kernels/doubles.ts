import type { DoubleOperations } from "../../placementDraws.js";

/** A float64 as WGSL: its words, the high one first, as `fromBits` takes them. */
export function doubleBits(value: number): readonly [high: number, low: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [view.getUint32(0), view.getUint32(4)];
}

/** What a program of float64 does to one or two values; the number is its code. */
const OPERATIONS = {
  sum: 0,
  difference: 1,
  product: 2,
  quotient: 3,
  round: 4,
  sineOfTurned: 5,
  cosineOfTurned: 6,
} as const;

/** A constant's number is its place behind this one, that of an input or of a result in memory is below it. */
const FIRST_CONSTANT = 128;

/** An input, a constant or a result of a {@link DoubleProgram}. */
export interface DoubleValue {
  /** Where it is while the program runs; of a result, known once the program is assembled. */
  place?: number;
}

/** A program as the shader runs it. */
export interface AssembledProgram {
  /** Constants and operations, for the buffer `program`. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** Declares `computeValues`, which fills `values` from the inputs; it follows {@link DOUBLE_FUNCTIONS}. */
  readonly code: string;
}

/**
 * A computation in float64, which WGSL lacks. Every operation is rounded to the nearest, ties to even, so it has the bits
 * that the processor computes; there are no subnormal numbers, infinities, NaN or negative zeros. The shader runs the
 * operations in a loop that contains each kind once: written out a hundred times, they would take a compiler seconds.
 */
export class DoubleProgram implements DoubleOperations<DoubleValue> {
  readonly inputs: readonly DoubleValue[];
  private readonly constants: number[] = [];
  private readonly operations: { name: keyof typeof OPERATIONS; operands: DoubleValue[]; result: DoubleValue }[] = [];

  constructor(inputs: number) {
    this.inputs = Array.from({ length: inputs }, (_, place) => ({ place }));
  }

  constant(value: number): DoubleValue {
    if (!this.constants.includes(value)) this.constants.push(value);
    return { place: FIRST_CONSTANT + this.constants.indexOf(value) };
  }

  sum(left: DoubleValue, right: DoubleValue): DoubleValue {
    return this.add("sum", left, right);
  }

  difference(left: DoubleValue, right: DoubleValue): DoubleValue {
    return this.add("difference", left, right);
  }

  product(left: DoubleValue, right: DoubleValue): DoubleValue {
    return this.add("product", left, right);
  }

  quotient(left: DoubleValue, right: DoubleValue): DoubleValue {
    return this.add("quotient", left, right);
  }

  round(value: DoubleValue): DoubleValue {
    return this.add("round", value, value);
  }

  sineOfTurned(sine: DoubleValue, cosine: DoubleValue): DoubleValue {
    return this.add("sineOfTurned", sine, cosine);
  }

  cosineOfTurned(sine: DoubleValue, cosine: DoubleValue): DoubleValue {
    return this.add("cosineOfTurned", sine, cosine);
  }

  private add(name: keyof typeof OPERATIONS, ...operands: DoubleValue[]): DoubleValue {
    const result: DoubleValue = {};
    this.operations.push({ name, operands, result });
    return result;
  }

  /** Gives every result a place: that of a value which is not needed any more, if there is one. */
  assemble(outputs: readonly DoubleValue[]): AssembledProgram {
    const lastUses = new Map<DoubleValue, number>();
    for (const [time, { operands }] of this.operations.entries()) for (const one of operands) lastUses.set(one, time);
    const free: number[] = [];
    let size = this.inputs.length;
    const operations = this.operations.map(({ name, operands, result }, time) => {
      const [left, right] = operands.map(({ place }) => place!);
      for (const one of new Set(operands)) {
        const isDone = lastUses.get(one) === time && !outputs.includes(one) && one.place! < FIRST_CONSTANT;
        if (isDone) free.push(one.place!);
      }
      result.place = free.pop() ?? size++;
      return OPERATIONS[name] | (left << 8) | (right << 16) | (result.place << 24);
    });
    const constants = this.constants.flatMap(doubleBits);
    const code = `
alias Values = array<Double, ${size}>;

fn valueAt(values: ptr<function, Values>, place: u32) -> Double {
  if (place < ${FIRST_CONSTANT}u) { return values[place]; }
  let constant = 2u * (place - ${FIRST_CONSTANT}u);
  return fromBits(program[constant], program[constant + 1u]);
}

fn computeValues(values: ptr<function, Values>) {
  var rounded = 0;
  for (var at = ${constants.length}u; at < ${constants.length + operations.length}u; at++) {
    let operation = program[at];
    let left = valueAt(values, (operation >> 8u) & 255u);
    let right = valueAt(values, (operation >> 16u) & 255u);
    values[operation >> 24u] = computed(operation & 255u, left, right, &rounded);
  }
}
`;
    return { words: Uint32Array.from([...constants, ...operations]), code };
  }
}

/** Numbers of float64 in integers; see {@link DoubleProgram}. */
export const DOUBLE_FUNCTIONS = `
// ±(high · 2^32 + low) · 2^exponent. The highest bit is set, unless the value is 0, and the 11 lowest bits are not.
struct Double { negative: bool, exponent: i32, high: u32, low: u32 }

// A result before it is rounded; lost: whether there is anything below its 64 bits.
struct Exact { negative: bool, exponent: i32, high: u32, low: u32, lost: bool }

const ZERO = Double(false, 0, 0u, 0u);

fn fromBits(high: u32, low: u32) -> Double {
  if ((high & 0x7fffffffu) == 0u) { return ZERO; }
  let exponent = i32((high >> 20u) & 0x7ffu) - 1086;
  return Double(high >> 31u == 1u, exponent, 0x80000000u | ((high & 0xfffffu) << 11u) | (low >> 21u), low << 11u);
}

fn fromInteger(value: i32) -> Double {
  if (value == 0) { return ZERO; }
  let size = select(u32(value), u32(-value), value < 0);
  let zeros = countLeadingZeros(size);
  return Double(value < 0, -i32(zeros) - 32, size << zeros, 0u);
}

fn isZero(value: Double) -> bool {
  return value.high == 0u;
}

// Rounds 64 bits, the highest of which is set, to 53.
fn nearest(exact: Exact) -> Double {
  var result = Double(exact.negative, exact.exponent, exact.high, exact.low & 0xfffff800u);
  if ((exact.low & 0x400u) != 0u && (exact.lost || (exact.low & 0xbffu) != 0u)) {
    result.low += 0x800u;
    if (result.low == 0u) { result.high += 1u; }
    if (result.low == 0u && result.high == 0u) {
      result.high = 0x80000000u;
      result.exponent += 1;
    }
  }
  return result;
}

// (high, low) · 2^-count, and whether that lost bits.
struct Shifted { high: u32, low: u32, lost: bool }

fn shiftedRight(high: u32, low: u32, count: u32) -> Shifted {
  if (count == 0u) { return Shifted(high, low, false); }
  if (count < 32u) {
    let up = 32u - count;
    return Shifted(high >> count, (low >> count) | (high << up), low << up != 0u);
  }
  if (count == 32u) { return Shifted(0u, high, low != 0u); }
  if (count < 64u) { return Shifted(0u, high >> (count - 32u), low != 0u || high << (64u - count) != 0u); }
  return Shifted(0u, 0u, (high | low) != 0u);
}

// Moves the bits up until the highest is set, which is at most one place if any were lost.
fn normalized(negative: bool, exponent: i32, high: u32, low: u32, lost: bool) -> Exact {
  if (high == 0u && low == 0u) { return Exact(false, 0, 0u, 0u, false); }
  let zeros = select(countLeadingZeros(high), 32u + countLeadingZeros(low), high == 0u);
  var upper = high;
  var lower = low;
  if (zeros >= 32u) {
    upper = low << (zeros - 32u);
    lower = 0u;
  } else if (zeros > 0u) {
    upper = (high << zeros) | (low >> (32u - zeros));
    lower = low << zeros;
  }
  return Exact(negative, exponent - i32(zeros), upper, lower, lost);
}

fn sum(one: Double, other: Double) -> Exact {
  let isSmaller = isZero(one) || (!isZero(other) && (one.exponent < other.exponent || (one.exponent == other.exponent
    && (one.high < other.high || (one.high == other.high && one.low < other.low)))));
  var large = one;
  var small = other;
  if (isSmaller) {
    large = other;
    small = one;
  }
  if (isZero(small)) { small.exponent = large.exponent; }
  let addend = shiftedRight(small.high, small.low, u32(large.exponent - small.exponent));
  if (large.negative == small.negative) {
    let low = large.low + addend.low;
    let carry = select(0u, 1u, low < large.low);
    let high = large.high + addend.high + carry;
    let overflows = high < large.high || (high == large.high && (addend.high != 0u || carry != 0u));
    if (!overflows) { return Exact(large.negative, large.exponent, high, low, addend.lost); }
    let upper = 0x80000000u | (high >> 1u);
    return Exact(large.negative, large.exponent + 1, upper, (high << 31u) | (low >> 1u), addend.lost || (low & 1u) == 1u);
  }
  // What was lost is taken away too: it makes the difference one smaller, with something below.
  let subtrahend = addend.low + select(0u, 1u, addend.lost);
  let high = large.high - addend.high - select(0u, 1u, large.low < subtrahend || subtrahend < addend.low);
  return normalized(large.negative, large.exponent, high, large.low - subtrahend, addend.lost);
}

fn product(one: Double, other: Double) -> Exact {
  let negative = one.negative != other.negative;
  let exponent = one.exponent + other.exponent + 64;
  let lowest = one.low * other.low;
  let left = one.high * other.low;
  let right = one.low * other.high;
  var second = multiplyHigh(one.low, other.low);
  var high = multiplyHigh(one.high, other.high);
  var low = one.high * other.high;
  var carry = 0u;
  second += left;
  carry += select(0u, 1u, second < left);
  second += right;
  carry += select(0u, 1u, second < right);
  low += carry;
  high += select(0u, 1u, low < carry);
  let leftHigh = multiplyHigh(one.high, other.low);
  low += leftHigh;
  high += select(0u, 1u, low < leftHigh);
  let rightHigh = multiplyHigh(one.low, other.high);
  low += rightHigh;
  high += select(0u, 1u, low < rightHigh);
  return normalized(negative, exponent, high, low, (second | lowest) != 0u);
}

// Long division, bit by bit; the divisor is not 0.
fn quotient(one: Double, other: Double) -> Exact {
  var rest = shiftedRight(one.high, one.low, 11u);
  let divisor = shiftedRight(other.high, other.low, 11u);
  var high = 0u;
  var low = 0u;
  for (var bit = 0u; bit < 64u; bit++) {
    let fits = rest.high > divisor.high || (rest.high == divisor.high && rest.low >= divisor.low);
    if (fits) {
      rest.high -= divisor.high + select(0u, 1u, rest.low < divisor.low);
      rest.low -= divisor.low;
    }
    high = (high << 1u) | (low >> 31u);
    low = (low << 1u) | select(0u, 1u, fits);
    rest.high = (rest.high << 1u) | (rest.low >> 31u);
    rest.low <<= 1u;
  }
  let negative = one.negative != other.negative;
  let exponent = one.exponent - other.exponent - 63;
  let isRest = (rest.high | rest.low) != 0u;
  return normalized(negative, exponent, high, low, isRest);
}

// The largest integer that is not larger, modulo 2^32; values are below 2^63.
fn floorOf(value: Double) -> i32 {
  let integer = shiftedRight(value.high, value.low, u32(min(-value.exponent, 64)));
  let size = i32(integer.low);
  if (!value.negative) { return size; }
  return -size - select(0, 1, integer.lost);
}

// As Math.round: halves are rounded up.
fn roundOf(value: Double) -> i32 {
  return (floorOf(Double(value.negative, value.exponent + 1, value.high, value.low)) + 1) >> 1u;
}

// The bits of the nearest float32.
fn floatBits(value: Double) -> i32 {
  if (isZero(value)) { return 0; }
  let isUp = (value.high & 0x80u) != 0u && ((value.high & 0x17fu) != 0u || value.low != 0u);
  // A carry out of the mantissa moves the exponent, as it should.
  let size = (u32(value.exponent + 189) << 23u) + (value.high >> 8u) + select(0u, 1u, isUp);
  return i32(size | select(0u, 0x80000000u, value.negative));
}

fn computed(operation: u32, left: Double, right: Double, rounded: ptr<function, i32>) -> Double {
  var exact: Exact;
  switch operation {
    case ${OPERATIONS.product}u: { exact = product(left, right); }
    case ${OPERATIONS.quotient}u: { exact = quotient(left, right); }
    case ${OPERATIONS.round}u: {
      *rounded = roundOf(left);
      return fromInteger(*rounded);
    }
    case ${OPERATIONS.sineOfTurned}u, ${OPERATIONS.cosineOfTurned}u: {
      let turns = *rounded + i32(operation - ${OPERATIONS.sineOfTurned}u);
      var value = left;
      if ((turns & 1) == 1) { value = right; }
      return Double(value.negative != ((turns & 2) == 2), value.exponent, value.high, value.low);
    }
    default: {
      let negative = right.negative != (operation == ${OPERATIONS.difference}u);
      exact = sum(left, Double(negative, right.exponent, right.high, right.low));
    }
  }
  return nearest(exact);
}
`;
