import v8 from "node:v8";
import { describe, expect, it } from "vitest";
import {
  type FunctionBuilder,
  f32,
  f32x4,
  i32,
  i32x4,
  ModuleBuilder,
  type Value,
  type ValueType,
  v128,
} from "./index.js";

// Node 20 has relaxed SIMD behind a flag that counts from the first compilation on.
if (Number(process.versions.node.split(".")[0]) < 22) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");

const RESULT = 256;

/** Runs statements in a module with one page of memory. */
function run(emit: (code: FunctionBuilder) => void, prepare: (memory: DataView) => void = () => {}): DataView {
  const module = new ModuleBuilder();
  module.function("run", {}, emit, { exported: true });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const view = new DataView(memory.buffer);
  prepare(view);
  const compiled = new WebAssembly.Module(module.encode({ pages: 1, shared: false }));
  const instance = new WebAssembly.Instance(compiled, { environment: { memory } });
  (instance.exports.run as () => void)();
  return view;
}

/** The memory after an expression's value was stored at RESULT. */
function stored(value: Value<ValueType>, prepare?: (memory: DataView) => void): DataView {
  return run((code) => code.store(0, value, RESULT), prepare);
}

const LANES = [0, 1, 2, 3];
type Four = [number, number, number, number];

const integer = (value: Value<"i32">, prepare?: (memory: DataView) => void) =>
  stored(value, prepare).getInt32(RESULT, true);
const float = (value: Value<"f32">, prepare?: (memory: DataView) => void) =>
  stored(value, prepare).getFloat32(RESULT, true);
const integers = (value: Value<"v128">, prepare?: (memory: DataView) => void) => {
  const view = stored(value, prepare);
  return LANES.map((lane) => view.getInt32(RESULT + lane * 4, true));
};
const floats = (value: Value<"v128">, prepare?: (memory: DataView) => void) => {
  const view = stored(value, prepare);
  return LANES.map((lane) => view.getFloat32(RESULT + lane * 4, true));
};

/** Four floats as a constant. */
const four = (...lanes: Four) => i32x4.const([...new Int32Array(Float32Array.from(lanes).buffer)] as Four);

const NAN = Number.NaN;
const LEAST = -(2 ** 31);

describe("i32", () => {
  it.each([0, 1, -1, 63, 64, -64, -65, 2 ** 31 - 1, LEAST])("holds the constant %i", (value) => {
    expect(integer(i32.const(value))).toBe(value);
  });

  it("takes constants from 2^31 on as their bits", () => {
    expect(integer(i32.const(2 ** 32 - 1))).toBe(-1);
  });

  it.each([
    ["eq", i32.eq(7, 7), 1],
    ["eq of others", i32.eq(7, 8), 0],
    ["ne", i32.ne(7, 8), 1],
    ["ne of equals", i32.ne(7, 7), 0],
    ["ltSigned", i32.ltSigned(-1, 1), 1],
    ["ltSigned of equals", i32.ltSigned(1, 1), 0],
    ["ltUnsigned", i32.ltUnsigned(-1, 1), 0],
    ["ltUnsigned of less", i32.ltUnsigned(1, -1), 1],
    ["gtSigned", i32.gtSigned(1, -1), 1],
    ["gtSigned of equals", i32.gtSigned(1, 1), 0],
    ["geSigned", i32.geSigned(-1, -1), 1],
    ["geSigned of less", i32.geSigned(-2, -1), 0],
    ["add, around", i32.add(2 ** 31 - 1, 1), LEAST],
    ["sub", i32.sub(3, 10), -7],
    ["mul", i32.mul(-3, 7), -21],
    ["divUnsigned", i32.divUnsigned(-1, 2), 2 ** 31 - 1],
    ["and", i32.and(0b1100, 0b1010), 0b1000],
    ["shrSigned", i32.shrSigned(-17, 2), -5],
    ["truncateUnsigned", i32.truncateUnsigned(f32.const(3.99)), 3],
    ["truncateUnsigned below 0", i32.truncateUnsigned(f32.const(-7)), 0],
    ["truncateUnsigned of no number", i32.truncateUnsigned(f32.const(NAN)), 0],
    ["truncateUnsigned of too much", i32.truncateUnsigned(f32.const(1e10)), -1],
  ])("%s", (_, expression, expected) => {
    expect(integer(expression)).toBe(expected);
  });

  it("loads words and bytes, with offsets", () => {
    const prepare = (memory: DataView) => {
      memory.setInt32(16, -5, true);
      memory.setUint8(21, 200);
    };
    expect(integer(i32.load(16), prepare)).toBe(-5);
    expect(integer(i32.load(i32.const(6), 10), prepare)).toBe(-5);
    expect(integer(i32.load8Unsigned(21), prepare)).toBe(200);
    expect(integer(i32.load8Unsigned(1, 20), prepare)).toBe(200);
  });

  it("reads and changes words atomically, on unshared memory too", () => {
    const prepare = (memory: DataView) => memory.setInt32(16, 40, true);
    expect(integer(i32.atomicLoad(16), prepare)).toBe(40);
    const after = stored(i32.atomicAdd(8, 2, 8), prepare);
    expect([after.getInt32(RESULT, true), after.getInt32(16, true)]).toEqual([40, 42]);
    expect(run((code) => code.atomicStore(16, 7)).getInt32(16, true)).toBe(7);
    expect(integer(i32.atomicNotify(16), prepare)).toBe(0);
  });

  it("waits on shared memory until the time is up, and not where the word is another", () => {
    const module = new ModuleBuilder();
    module.function(
      "run",
      {},
      (code) => {
        code.store(0, i32.atomicWait(16, 0, 1_000_000), RESULT);
        code.store(4, i32.atomicWait(16, 1, 3_000_000_000_000), RESULT);
      },
      { exported: true },
    );
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const compiled = new WebAssembly.Module(module.encode({ pages: 1, shared: true }));
    const instance = new WebAssembly.Instance(compiled, { environment: { memory } });
    (instance.exports.run as () => void)();
    // 2: the time was up; 1: the word was not the one expected.
    expect([...new Int32Array(memory.buffer, RESULT, 2)]).toEqual([2, 1]);
  });
});

describe("f32", () => {
  it("hold constants", () => {
    expect(float(f32.const(-0.1))).toBe(Math.fround(-0.1));
  });

  it("load", () => {
    const prepare = (memory: DataView) => memory.setFloat32(12, 2.5, true);
    expect(float(f32.load(8, 4), prepare)).toBe(2.5);
  });
});

describe("v128", () => {
  it("loads whole vectors and repeats single words", () => {
    const prepare = (memory: DataView) => {
      for (const lane of LANES) memory.setInt32(32 + lane * 4, lane + 10, true);
    };
    expect(integers(v128.load(32), prepare)).toEqual([10, 11, 12, 13]);
    expect(integers(v128.load(16, 16), prepare)).toEqual([10, 11, 12, 13]);
    expect(integers(v128.load32Splat(36), prepare)).toEqual([11, 11, 11, 11]);
    expect(integers(v128.load32Splat(4, 36), prepare)).toEqual([12, 12, 12, 12]);
  });

  const a = i32x4.const([0b1100, -1, 0, 5]);
  const b = i32x4.const([0b1010, 7, 7, 5]);
  it.each([
    ["and", v128.and(a, b), [0b1000, 7, 0, 5]],
    ["andNot", v128.andNot(a, b), [0b0100, -8, 0, 0]],
    ["xor", v128.xor(a, b), [0b0110, -8, 7, 0]],
    [
      "bitselect",
      v128.bitselect(i32x4.const([1, 2, 3, -1]), i32x4.const([5, 6, 7, 0]), i32x4.const([-1, 0, -1, 0xff])),
      [1, 6, 3, 0xff],
    ],
    ["shuffle32", v128.shuffle32(i32x4.const([0, 1, 2, 3]), i32x4.const([4, 5, 6, 7]), [7, 0, 5, 2]), [7, 0, 5, 2]],
  ])("%s", (_, expression, expected) => {
    expect(integers(expression)).toEqual(expected);
  });
});

describe("i32x4", () => {
  const a = i32x4.const([1, -2, 3, LEAST]);
  const b = i32x4.const([1, 5, -7, 2]);
  it.each([
    ["const", a, [1, -2, 3, LEAST]],
    ["splat of a number", i32x4.splat(-9), [-9, -9, -9, -9]],
    ["splat of an expression", i32x4.splat(i32.add(1, 2)), [3, 3, 3, 3]],
    ["eq", i32x4.eq(a, b), [-1, 0, 0, 0]],
    ["geSigned", i32x4.geSigned(a, b), [-1, 0, -1, 0]],
    ["geUnsigned", i32x4.geUnsigned(a, b), [-1, -1, 0, -1]],
    ["shl", i32x4.shl(a, 3), [8, -16, 24, 0]],
    ["shrSigned", i32x4.shrSigned(a, 1), [0, -1, 1, -(2 ** 30)]],
    ["shrUnsigned", i32x4.shrUnsigned(a, 1), [0, 2 ** 31 - 1, 1, 2 ** 30]],
    ["add", i32x4.add(a, b), [2, 3, -4, LEAST + 2]],
    ["sub", i32x4.sub(a, b), [0, -7, 10, 2 ** 31 - 2]],
    ["mul", i32x4.mul(a, b), [1, -10, -21, 0]],
  ])("%s", (_, expression, expected) => {
    expect(integers(expression)).toEqual(expected);
  });
});

describe("f32x4", () => {
  const a = four(1, -2, 0.5, NAN);
  const b = four(1, 4, -8, 3);
  it.each([
    ["splat", f32x4.splat(f32.const(1.5)), [1.5, 1.5, 1.5, 1.5]],
    ["abs", f32x4.abs(a), [1, 2, 0.5, NAN]],
    ["sqrt", f32x4.sqrt(b), [1, 2, NAN, Math.fround(Math.sqrt(3))]],
    ["add", f32x4.add(a, b), [2, 2, -7.5, NAN]],
    ["sub", f32x4.sub(a, b), [0, -6, 8.5, NAN]],
    ["mul", f32x4.mul(a, b), [1, -8, -4, NAN]],
    ["div", f32x4.div(a, b), [1, -0.5, -0.0625, NAN]],
    ["pmax", f32x4.pmax(a, b), [1, 4, 0.5, NAN]],
    ["pmax, swapped", f32x4.pmax(b, a), [1, 4, 0.5, 3]],
    ["pmin", f32x4.pmin(a, b), [1, -2, -8, NAN]],
    ["pmin, swapped", f32x4.pmin(b, a), [1, -2, -8, 3]],
    ["convertFromI32x4", f32x4.convertFromI32x4(i32x4.const([0, -7, 2 ** 24, 2 ** 31 - 1])), [0, -7, 2 ** 24, 2 ** 31]],
    ["relaxedMultiplyAdd", f32x4.relaxedMultiplyAdd(a, b, four(10, 10, 10, 10)), [11, 2, 6, NAN]],
    ["relaxedNegativeMultiplyAdd", f32x4.relaxedNegativeMultiplyAdd(a, b, four(10, 10, 10, 10)), [9, 18, 14, NAN]],
  ])("%s", (_, expression, expected) => {
    expect(floats(expression)).toEqual(expected);
  });

  it.each([
    ["eq", f32x4.eq(a, b), [-1, 0, 0, 0]],
    ["lt", f32x4.lt(a, b), [0, -1, 0, 0]],
    ["gt", f32x4.gt(a, b), [0, 0, -1, 0]],
  ])("%s compares to masks; not a number is neither", (_, expression, expected) => {
    expect(integers(expression)).toEqual(expected);
  });

  it.each(LANES)("extracts lane %i", (lane) => {
    expect(float(f32x4.extractLane(four(5, 6, 7, 8), lane))).toBe(5 + lane);
  });

  it("keeps the sign of zero in pmax and pmin: equal is not less", () => {
    const [positive, negative] = [four(0, 0, 0, 0), four(-0, -0, -0, -0)];
    expect(floats(f32x4.pmax(negative, positive))).toEqual([-0, -0, -0, -0]);
    expect(floats(f32x4.pmin(positive, negative))).toEqual([0, 0, 0, 0]);
  });
});
