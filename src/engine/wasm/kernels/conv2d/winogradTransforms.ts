import {
  type FunctionBuilder,
  type FunctionHandle,
  f32x4,
  type Local,
  type Value,
  v128,
} from "../../assembler/index.js";
import { type KernelContext, multiplyAdd, negativeMultiplyAdd, ZERO } from "../context.js";
import {
  channelBytes,
  FLOAT_BYTES,
  type Layout,
  PLACE_BYTES,
  PLACE_VECTORS,
  placeOffset,
  rowBytes,
  VECTOR_BYTES,
} from "../layout.js";
import type { Conv2dShape } from "./shape.js";

/* The transforms of Winograd's filtering F(2, 5): see winograd.ts. */

/** Taps of a row of the filter. */
export const TAPS = 5;
/** Outputs of a row that are computed together. */
export const OUTPUTS = 2;
/** Inputs that they read, and products that they take. */
export const POINTS = TAPS + OUTPUTS - 1;

/** G, one row per point: transforms a row of taps. */
const WEIGHT_TRANSFORM = [
  [1 / 4, 0, 0, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6, 1 / 3, 2 / 3],
  [1 / 24, -1 / 12, 1 / 6, -1 / 3, 2 / 3],
  [0, 0, 0, 0, 1],
];

/** Bytes of a transformed row of taps: two vectors, of which the last two lanes are empty. */
export const WEIGHT_ROW_BYTES = 2 * VECTOR_BYTES;

/**
 * Emits (weight, target): G g of every row of taps, [out][in][row], the points side by side in vectors. Strides in bytes;
 * input channels lie next to each other.
 */
export function emitWeightTransform(
  context: KernelContext,
  name: string,
  { input, output }: Conv2dShape,
  strides: { readonly row: number; readonly output: number },
): FunctionHandle {
  const column = (tap: number, first: number) =>
    context.data.vector(Array.from({ length: 4 }, (_, lane) => WEIGHT_TRANSFORM[first + lane]?.[tap] ?? 0));
  return context.module.function(name, { weight: "i32", target: "i32" }, (code, { weight, target }) => {
    const taps = Array.from({ length: TAPS }, () => code.local("v128"));
    const points = code.local("v128");
    code.repeat(output.channels, () => {
      code.repeat(input.channels, () => {
        code.repeat(TAPS, () => {
          taps.forEach((tap, index) => {
            code.set(tap, v128.load32Splat(weight, index * FLOAT_BYTES));
          });
          for (const first of [0, 4]) {
            code.set(points, f32x4.mul(taps[0], column(0, first)));
            taps.slice(1).forEach((tap, index) => {
              code.set(points, multiplyAdd(context, tap, column(index + 1, first), points));
            });
            code.store(target, points, first * FLOAT_BYTES);
          }
          code.increase(weight, TAPS * FLOAT_BYTES);
          code.increase(target, strides.row);
        });
        code.increase(target, WEIGHT_ROW_BYTES - TAPS * strides.row);
      });
      code.increase(target, strides.output - input.channels * WEIGHT_ROW_BYTES);
    });
  });
}

/** Emits (sums, dWeight): Gᵀ of the sums at the points, [out][row][in][8] to [out][in][row][taps]. */
export function emitWeightTransposition(
  context: KernelContext,
  name: string,
  { input, output }: Conv2dShape,
): FunctionHandle {
  const row = (point: number) => context.data.vector(WEIGHT_TRANSFORM[point].slice(0, 4));
  const last = WEIGHT_TRANSFORM.map((taps) => taps[TAPS - 1]);
  return context.module.function(name, { sums: "i32", dWeight: "i32" }, (code, { sums, dWeight }) => {
    const taps = code.local("v128");
    const lastTap = code.local("v128");
    const point = code.local("v128");
    const rowFilters = input.channels * WEIGHT_ROW_BYTES;
    code.repeat(output.channels, () => {
      code.repeat(input.channels, () => {
        code.repeat(TAPS, () => {
          last.forEach((factor, index) => {
            code.set(point, v128.load32Splat(sums, index * FLOAT_BYTES));
            const lastFactor = context.data.splat(factor);
            code.set(taps, index === 0 ? f32x4.mul(point, row(0)) : multiplyAdd(context, point, row(index), taps));
            code.set(
              lastTap,
              index === 0 ? f32x4.mul(point, lastFactor) : multiplyAdd(context, point, lastFactor, lastTap),
            );
          });
          code.store(dWeight, taps);
          code.store(dWeight, f32x4.extractLane(lastTap, 0), (TAPS - 1) * FLOAT_BYTES);
          code.increase(dWeight, TAPS * FLOAT_BYTES);
          code.increase(sums, rowFilters);
        });
        code.increase(sums, WEIGHT_ROW_BYTES - TAPS * rowFilters);
      });
      code.increase(sums, (TAPS - 1) * rowFilters);
    });
  });
}

type Transform = (context: KernelContext, code: FunctionBuilder, values: readonly Local<"v128">[]) => Value<"v128">[];

/** [channel][row][column] to [point][window][row][channel], windows two columns apart. */
export function emitWindowTransform(
  context: KernelContext,
  name: string,
  shape: { source: Layout; windows: number; columns: number; pointBytes: number; transform: Transform },
): FunctionHandle {
  const { source: layout, windows, columns, pointBytes, transform } = shape;
  return context.module.function(name, { x: "i32", target: "i32" }, (code, { x, target }) => {
    const values = Array.from({ length: columns }, () => code.local("v128"));
    const source = code.local("i32");
    code.increase(x, placeOffset(layout, 0, 0, 0));
    code.repeat(windows, () => {
      code.repeat(layout.height, () => {
        code.set(source, x);
        code.repeat(layout.channels, () => {
          for (let vector = 0; vector < PLACE_VECTORS; vector++) {
            values.forEach((value, column) => {
              code.set(value, v128.load(source, column * PLACE_BYTES + vector * VECTOR_BYTES));
            });
            transform(context, code, values).forEach((value, point) => {
              code.store(target, value, point * pointBytes + vector * VECTOR_BYTES);
            });
          }
          code.increase(source, channelBytes(layout));
          code.increase(target, PLACE_BYTES);
        });
        code.increase(x, rowBytes(layout));
      });
      code.increase(x, OUTPUTS * PLACE_BYTES - layout.height * rowBytes(layout));
    });
  });
}

/** Bᵀ d: (4, 0, −5, 0, 1, 0), (0, ∓4, −4, ±1, 1, 0), (0, ∓2, −1, ±2, 1, 0), (0, 4, 0, −5, 0, 1). */
export const transformWindow: Transform = (context, code, [d0, d1, d2, d3, d4, d5]) => {
  const [two, four] = [context.data.splat(2), context.data.splat(4)];
  const even = code.local("v128", f32x4.sub(d4, d2));
  const odd = code.local("v128", f32x4.sub(d3, d1));
  const evenOfOne = code.local("v128", negativeMultiplyAdd(context, four, d2, d4));
  const oddOfOne = code.local("v128", negativeMultiplyAdd(context, four, d1, d3));
  return [
    multiplyAdd(context, four, f32x4.sub(d0, d2), even),
    f32x4.add(evenOfOne, oddOfOne),
    f32x4.sub(evenOfOne, oddOfOne),
    multiplyAdd(context, two, odd, even),
    negativeMultiplyAdd(context, two, odd, even),
    negativeMultiplyAdd(context, four, odd, f32x4.sub(d5, d3)),
  ];
};

/** B v: the columns of Bᵀ. */
export const transposeWindow: Transform = (context, code, [v0, v1, v2, v3, v4, v5]) => {
  const { data } = context;
  const [two, four, five] = [2, 4, 5].map((value) => data.splat(value));
  const ones = code.local("v128", f32x4.add(v1, v2));
  const differenceOfOnes = code.local("v128", f32x4.sub(v1, v2));
  const twos = code.local("v128", f32x4.add(v3, v4));
  const differenceOfTwos = code.local("v128", f32x4.sub(v3, v4));
  const sum = code.local("v128", f32x4.add(ones, twos));
  const inner = code.local("v128", multiplyAdd(context, two, differenceOfTwos, differenceOfOnes));
  return [
    f32x4.mul(four, v0),
    // −4 (v1 − v2) − 2 (v3 − v4) + 4 v5
    f32x4.sub(f32x4.mul(four, f32x4.sub(v5, differenceOfOnes)), f32x4.mul(two, differenceOfTwos)),
    // −5 v0 − 4 (v1 + v2) − (v3 + v4)
    negativeMultiplyAdd(context, five, v0, negativeMultiplyAdd(context, four, ones, f32x4.sub(ZERO, twos))),
    negativeMultiplyAdd(context, five, v5, inner),
    f32x4.add(v0, sum),
    v5,
  ];
};

/** Aᵀ m: (1, 1, 1, 1, 1, 0) and (0, 1, −1, 2, −2, 1). */
export const transformProducts: Transform = (context, _code, [m0, m1, m2, m3, m4, m5]) => [
  f32x4.add(f32x4.add(m0, f32x4.add(m1, m2)), f32x4.add(m3, m4)),
  f32x4.add(multiplyAdd(context, context.data.splat(2), f32x4.sub(m3, m4), f32x4.sub(m1, m2)), m5),
];

/** A y: the columns of Aᵀ. */
export const transposeProducts: Transform = (context, _code, [y0, y1]) => {
  const two = context.data.splat(2);
  return [
    y0,
    f32x4.add(y0, y1),
    f32x4.sub(y0, y1),
    multiplyAdd(context, two, y1, y0),
    negativeMultiplyAdd(context, two, y1, y0),
    y1,
  ];
};
