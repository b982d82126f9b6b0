import { float32Bytes, float64Bytes, signed, unsigned } from "./encoding.js";

/** The value types of WebAssembly that the kernels use. */
export type ValueType = "i32" | "f32" | "f64" | "v128";

/** Bytes of code, nested as they were composed: they are copied only once, into their function. */
export type Code = readonly (number | Code)[];

/** An expression: the instructions that leave one value of its type on the stack. */
export interface Value<Type extends ValueType = ValueType> {
  readonly type: Type;
  readonly code: Code;
}

/** An i32 expression, or a number that becomes a constant. */
export type Integer = Value<"i32"> | number;

/** An integer as an expression. */
export function asInteger(operand: Integer): Value<"i32"> {
  return typeof operand === "number" ? i32.const(operand) : operand;
}

/** The alignment (as a power of two) and constant offset of a memory access. */
export function memoryArgument(alignment: number, offset: number): number[] {
  return [alignment, ...unsigned(offset)];
}

const simd = /* @__NO_SIDE_EFFECTS__ */ (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
const atomic = /* @__NO_SIDE_EFFECTS__ */ (opcode: number): number[] => [0xfe, ...unsigned(opcode)];

/* @__NO_SIDE_EFFECTS__ */
function unary<In extends ValueType, Out extends ValueType>(type: Out, opcode: readonly number[]) {
  return (operand: Value<In>): Value<Out> => ({ type, code: [operand.code, opcode] });
}

/* @__NO_SIDE_EFFECTS__ */
function binary<In extends ValueType, Out extends ValueType>(type: Out, opcode: readonly number[]) {
  return (left: Value<In>, right: Value<In>): Value<Out> => ({
    type,
    code: [left.code, right.code, opcode],
  });
}

/* @__NO_SIDE_EFFECTS__ */
function integerBinary(opcode: number) {
  return (left: Integer, right: Integer): Value<"i32"> => ({
    type: "i32",
    code: [asInteger(left).code, asInteger(right).code, opcode],
  });
}

/* @__NO_SIDE_EFFECTS__ */
function load<Type extends ValueType>(type: Type, opcode: readonly number[], alignment: number) {
  return (address: Integer, offset = 0): Value<Type> => ({
    type,
    code: [asInteger(address).code, opcode, memoryArgument(alignment, offset)],
  });
}

export const i32 = {
  const: (value: number): Value<"i32"> => ({ type: "i32", code: [0x41, signed(value | 0)] }),
  load: load("i32", [0x28], 2),
  load8Unsigned: load("i32", [0x2d], 0),
  eq: integerBinary(0x46),
  ne: integerBinary(0x47),
  ltSigned: integerBinary(0x48),
  ltUnsigned: integerBinary(0x49),
  leUnsigned: integerBinary(0x4d),
  gtSigned: integerBinary(0x4a),
  geSigned: integerBinary(0x4e),
  add: integerBinary(0x6a),
  sub: integerBinary(0x6b),
  mul: integerBinary(0x6c),
  divUnsigned: integerBinary(0x6e),
  /** The high 32 bits of the product of two unsigned integers. */
  multiplyHigh: (left: Integer, right: Integer): Value<"i32"> => {
    const [extend, multiply, shift, wrap] = [0xad, 0x7e, [0x42, 32, 0x88], 0xa7];
    return { type: "i32", code: [asInteger(left).code, extend, asInteger(right).code, extend, multiply, shift, wrap] };
  },
  and: integerBinary(0x71),
  xor: integerBinary(0x73),
  shrSigned: integerBinary(0x75),
  /** The integer part of a float; 0 if it is negative or not a number, 2³² − 1 if it is larger. */
  truncateUnsigned: unary<"f32", "i32">("i32", [0xfc, 0x01]),
  /** The integer part of a number, modulo 2³², as JavaScript converts it. */
  fromDouble: unary<"f64", "i32">("i32", [0xfc, 0x06, 0xa7]),
  /** Sequentially consistent load. */
  atomicLoad: load("i32", atomic(0x10), 2),
  /** Adds to the word at an address; its value is the previous one. */
  atomicAdd: (address: Integer, amount: Integer, offset = 0): Value<"i32"> => ({
    type: "i32",
    code: [asInteger(address).code, asInteger(amount).code, atomic(0x1e), memoryArgument(2, offset)],
  }),
  /** Sleeps while the word at an address holds a value, until notified or for the given nanoseconds. */
  atomicWait: (address: Integer, expected: Integer, nanoseconds: number): Value<"i32"> => ({
    type: "i32",
    code: [
      asInteger(address).code,
      asInteger(expected).code,
      0x42,
      signed(BigInt(nanoseconds)),
      atomic(0x01),
      memoryArgument(2, 0),
    ],
  }),
  /** Wakes all that wait at an address; its value is their number. */
  atomicNotify: (address: Integer): Value<"i32"> => ({
    type: "i32",
    code: [asInteger(address).code, i32.const(-1).code, atomic(0x00), memoryArgument(2, 0)],
  }),
};

export const f32 = {
  const: (value: number): Value<"f32"> => ({ type: "f32", code: [0x43, float32Bytes(value)] }),
  load: load("f32", [0x2a], 2),
  mul: binary<"f32", "f32">("f32", [0x94]),
  convertUnsigned: unary<"i32", "f32">("f32", [0xb3]),
  fromDouble: unary<"f64", "f32">("f32", [0xb6]),
};

export const f64 = {
  const: (value: number): Value<"f64"> => ({ type: "f64", code: [0x44, float64Bytes(value)] }),
  load: load("f64", [0x2b], 3),
  ge: binary<"f64", "i32">("i32", [0x66]),
  floor: unary<"f64", "f64">("f64", [0x9c]),
  negate: unary<"f64", "f64">("f64", [0x9a]),
  add: binary<"f64", "f64">("f64", [0xa0]),
  sub: binary<"f64", "f64">("f64", [0xa1]),
  mul: binary<"f64", "f64">("f64", [0xa2]),
  div: binary<"f64", "f64">("f64", [0xa3]),
  convertSigned: unary<"i32", "f64">("f64", [0xb7]),
  select: (condition: Value<"i32">, whenTrue: Value<"f64">, whenFalse: Value<"f64">): Value<"f64"> => ({
    type: "f64",
    code: [whenTrue.code, whenFalse.code, condition.code, 0x1b],
  }),
};

export const v128 = {
  load: load("v128", simd(0), 4),
  load32Splat: load("v128", simd(9), 2),
  and: binary<"v128", "v128">("v128", simd(78)),
  /** left and not right. */
  andNot: binary<"v128", "v128">("v128", simd(79)),
  xor: binary<"v128", "v128">("v128", simd(81)),
  /** Bits of whenSet where mask is 1, of whenClear where it is 0. */
  bitselect: (whenSet: Value<"v128">, whenClear: Value<"v128">, mask: Value<"v128">): Value<"v128"> => ({
    type: "v128",
    code: [whenSet.code, whenClear.code, mask.code, simd(82)],
  }),
  /** Four 32-bit lanes picked from the eight of left (0–3) and right (4–7). */
  shuffle32: (
    left: Value<"v128">,
    right: Value<"v128">,
    lanes: readonly [number, number, number, number],
  ): Value<"v128"> => ({
    type: "v128",
    code: [
      left.code,
      right.code,
      simd(13),
      ...lanes.flatMap((lane) => [lane * 4, lane * 4 + 1, lane * 4 + 2, lane * 4 + 3]),
    ],
  }),
};

/* @__NO_SIDE_EFFECTS__ */
function shift(opcode: number) {
  return (operand: Value<"v128">, bits: number): Value<"v128"> => ({
    type: "v128",
    code: [operand.code, i32.const(bits).code, simd(opcode)],
  });
}

export const i32x4 = {
  const: (lanes: readonly [number, number, number, number]): Value<"v128"> => ({
    type: "v128",
    code: [simd(12), ...new Uint8Array(Int32Array.from(lanes).buffer)],
  }),
  splat: (lane: Integer): Value<"v128"> => ({ type: "v128", code: [asInteger(lane).code, simd(17)] }),
  eq: binary<"v128", "v128">("v128", simd(55)),
  geUnsigned: binary<"v128", "v128">("v128", simd(64)),
  geSigned: binary<"v128", "v128">("v128", simd(63)),
  shl: shift(171),
  shrSigned: shift(172),
  shrUnsigned: shift(173),
  add: binary<"v128", "v128">("v128", simd(174)),
  sub: binary<"v128", "v128">("v128", simd(177)),
  mul: binary<"v128", "v128">("v128", simd(181)),
};

export const f32x4 = {
  splat: unary<"f32", "v128">("v128", simd(19)),
  extractLane: (operand: Value<"v128">, lane: number): Value<"f32"> => ({
    type: "f32",
    code: [operand.code, simd(31), lane],
  }),
  eq: binary<"v128", "v128">("v128", simd(65)),
  lt: binary<"v128", "v128">("v128", simd(67)),
  gt: binary<"v128", "v128">("v128", simd(68)),
  abs: unary<"v128", "v128">("v128", simd(224)),
  sqrt: unary<"v128", "v128">("v128", simd(227)),
  add: binary<"v128", "v128">("v128", simd(228)),
  sub: binary<"v128", "v128">("v128", simd(229)),
  mul: binary<"v128", "v128">("v128", simd(230)),
  div: binary<"v128", "v128">("v128", simd(231)),
  /** left < right ? right : left, in each lane; one instruction on x86, unlike max. */
  pmax: binary<"v128", "v128">("v128", simd(235)),
  /** right < left ? right : left, in each lane. */
  pmin: binary<"v128", "v128">("v128", simd(234)),
  convertFromI32x4: unary<"v128", "v128">("v128", simd(250)),
  /** left · right + addend in one rounding if the processor can (relaxed SIMD). */
  relaxedMultiplyAdd: (left: Value<"v128">, right: Value<"v128">, addend: Value<"v128">): Value<"v128"> => ({
    type: "v128",
    code: [left.code, right.code, addend.code, simd(0x105)],
  }),
  /** addend − left · right in one rounding if the processor can (relaxed SIMD). */
  relaxedNegativeMultiplyAdd: (left: Value<"v128">, right: Value<"v128">, addend: Value<"v128">): Value<"v128"> => ({
    type: "v128",
    code: [left.code, right.code, addend.code, simd(0x106)],
  }),
};
