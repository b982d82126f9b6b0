import { type FunctionBuilder, type FunctionHandle, f32x4, type Local, v128 } from "../../assembler/index.js";
import { type KernelContext, multiplyAdd, ZERO } from "../context.js";
import {
  channelBytes,
  FLOAT_BYTES,
  type Layout,
  PLACE_BYTES,
  PLACE_VECTORS,
  rowBytes,
  VECTOR_BYTES,
  VECTOR_LANES,
} from "../layout.js";
import type { Filtering, Transform } from "./minimalFiltering.js";
import type { Conv2dShape } from "./shape.js";

/* The kernels that transform what Winograd's filtering multiplies: see winograd.ts. */

/**
 * Emits (weight, target): G g of every row of taps, [out][in][row], the points side by side. Strides in bytes; input
 * channels lie next to each other.
 */
export function emitFilterTransform(
  context: KernelContext,
  name: string,
  { input, output }: Conv2dShape,
  { taps, filterBytes, filterTransform }: Filtering,
  strides: { readonly row: number; readonly output: number },
): FunctionHandle {
  return context.module.function(name, { weight: "i32", target: "i32" }, (code, { weight, target }) => {
    code.repeat(output.channels, () => {
      code.repeat(input.channels, () => {
        code.repeat(taps, () => {
          multiplyFloats(context, code, filterTransform, weight, target);
          code.increase(weight, taps * FLOAT_BYTES);
          code.increase(target, strides.row);
        });
        code.increase(target, filterBytes - taps * strides.row);
      });
      code.increase(target, strides.output - input.channels * filterBytes);
    });
  });
}

/** Emits (sums, dWeight): Gᵀ of the sums at the points, [out][row][in][point] to [out][in][row][tap]. */
export function emitFilterTransposition(
  context: KernelContext,
  name: string,
  { input, output }: Conv2dShape,
  { taps, filterBytes, filterTransform }: Filtering,
): FunctionHandle {
  const transposed = Array.from({ length: taps }, (_, tap) => filterTransform.map((row) => row[tap]));
  const rowFilters = input.channels * filterBytes;
  return context.module.function(name, { sums: "i32", dWeight: "i32" }, (code, { sums, dWeight }) => {
    code.repeat(output.channels, () => {
      code.repeat(input.channels, () => {
        code.repeat(taps, () => {
          multiplyFloats(context, code, transposed, sums, dWeight);
          code.increase(dWeight, taps * FLOAT_BYTES);
          code.increase(sums, rowFilters);
        });
        code.increase(sums, filterBytes - taps * rowFilters);
      });
      code.increase(sums, (taps - 1) * rowFilters);
    });
  });
}

/** matrix · floats, both sides in memory; a vector holds four rows of the matrix. */
function multiplyFloats(
  context: KernelContext,
  code: FunctionBuilder,
  matrix: readonly (readonly number[])[],
  source: Local<"i32">,
  target: Local<"i32">,
): void {
  const scalars = matrix[0].map((_, column) => code.local("v128", v128.load32Splat(source, column * FLOAT_BYTES)));
  const sums = code.local("v128");
  for (let first = 0; first < matrix.length; first += VECTOR_LANES) {
    const lanes = matrix.slice(first, first + VECTOR_LANES);
    scalars.forEach((scalar, column) => {
      const factors = context.data.vector(
        Array.from({ length: VECTOR_LANES }, (_, lane) => lanes[lane]?.[column] ?? 0),
      );
      code.set(sums, column === 0 ? f32x4.mul(scalar, factors) : multiplyAdd(context, scalar, factors, sums));
    });
    if (lanes.length === VECTOR_LANES) {
      code.store(target, sums, first * FLOAT_BYTES);
    } else {
      lanes.forEach((_, lane) => {
        code.store(target, f32x4.extractLane(sums, lane), (first + lane) * FLOAT_BYTES);
      });
    }
  }
}

/** Neighbouring windows that have the same columns. */
export interface WindowRun {
  readonly count: number;
  /** The columns that a window has, of those that it could have. */
  readonly from: number;
  readonly to: number;
}

/** The windows of a row: `columns` from `first` + n · `step` on, without those outside of 0 … width − 1. */
export interface Windows {
  readonly count: number;
  readonly step: number;
  readonly columns: number;
  readonly first: number;
  readonly width: number;
}

/** All windows in order, grouped into runs. */
export function windowRuns({ count, step, columns, first, width }: Windows): WindowRun[] {
  const runs: WindowRun[] = [];
  for (let window = 0; window < count; window++) {
    const start = first + window * step;
    const from = Math.max(0, -start);
    const to = Math.max(from, Math.min(columns, width - start));
    const last = runs.at(-1);
    if (last?.from === from && last.to === to) runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ count: 1, from, to });
  }
  return runs;
}

/** What is transformed, window by window. */
export interface WindowTransform {
  readonly source: Layout;
  /** Offset of the first window. */
  readonly offset: number;
  readonly rows: number;
  /** The columns beyond the width are zeros. */
  readonly windows: Windows;
  readonly pointBytes: number;
  readonly transform: Transform;
}

/** Emits (source, target): [channel][row][column] to [point][window][row][channel]. */
export function emitWindowTransform(context: KernelContext, name: string, shape: WindowTransform): FunctionHandle {
  const { source: layout, offset, rows, windows, pointBytes, transform } = shape;
  return context.module.function(name, { x: "i32", target: "i32" }, (code, { x, target }) => {
    const source = code.local("i32");
    code.increase(x, offset);
    for (const { count, to } of windowRuns(windows)) {
      const values = Array.from({ length: to }, () => code.local("v128"));
      const missing = Array.from({ length: windows.columns - to }, () => ZERO);
      code.repeat(count, () => {
        code.repeat(rows, () => {
          code.set(source, x);
          code.repeat(layout.channels, () => {
            code.repeat(PLACE_VECTORS, () => {
              values.forEach((value, column) => {
                code.set(value, v128.load(source, column * PLACE_BYTES));
              });
              transform(context, code, [...values, ...missing]).forEach((value, point) => {
                code.store(target, value, point * pointBytes);
              });
              code.increase(source, VECTOR_BYTES);
              code.increase(target, VECTOR_BYTES);
            });
            code.increase(source, channelBytes(layout) - PLACE_BYTES);
          });
          code.increase(x, rowBytes(layout));
        });
        code.increase(x, windows.step * PLACE_BYTES - rows * rowBytes(layout));
      });
    }
  });
}
