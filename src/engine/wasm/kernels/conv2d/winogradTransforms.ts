import { type FunctionBuilder, type FunctionHandle, f32x4, type Value, v128 } from "../../assembler/index.js";
import { type KernelContext, multiplyAdd, negativeMultiplyAdd } from "../context.js";
import { FLOAT_BYTES, VECTOR_LANES } from "../layout.js";
import type { Conv2dShape } from "./shape.js";

/* The transforms of Winograd's minimal filtering F(outputs, taps): see winograd.ts. */

/**
 * Points to evaluate at, besides ∞, in order of preference: a pair ±p shares most of its arithmetic, powers of two scale
 * exactly, and points close to 1, each with its reciprocal, keep the rounding errors small.
 */
const FINITE_POINTS = [0, 1, -1, 2, -2, 1 / 2, -1 / 2, 4, -1 / 4];

/** The most finite points of a filtering. */
export const MOST_FINITE_POINTS = FINITE_POINTS.length;

/** Computes neighbouring outputs of a row from as many products as there are points. */
export interface Filtering {
  readonly taps: number;
  readonly outputs: number;
  /** Inputs that the outputs read, and products that they take. */
  readonly points: number;
  /** Bytes of a transformed row of taps. */
  readonly filterBytes: number;
  /** G, one row per point: transforms a row of taps. */
  readonly filterTransform: readonly (readonly number[])[];
  /** The point whose product goes into every output once. */
  readonly one: number;
  /** Bᵀ d: transforms the inputs. */
  readonly transformInputs: Transform;
  /** B v */
  readonly transposeInputs: Transform;
  /** Aᵀ m: transforms the products to outputs. */
  readonly transformProducts: Transform;
  /** A y */
  readonly transposeProducts: Transform;
}

type Vector = Value<"v128">;

/** Emits a linear map of vectors; the values are locals or constants. */
export type Transform = (context: KernelContext, code: FunctionBuilder, values: readonly Vector[]) => Vector[];

/** The filtering of Cook and Toom at the preferred points. */
export function minimalFiltering(taps: number, outputs: number): Filtering {
  const points = taps + outputs - 1;
  const finite = FINITE_POINTS.slice(0, points - 1);
  const powers = (count: number) => [
    ...finite.map((point) => Array.from({ length: count }, (_, power) => point ** power)),
    Array.from({ length: count }, (_, power) => (power === count - 1 ? 1 : 0)),
  ];
  const others = (point: number) => finite.filter((other) => other !== point);
  const scales = [
    ...finite.map((point) => others(point).reduce((product, other) => product * (point - other), 1)),
    1,
  ];
  const evaluation = powers(outputs);
  return {
    taps,
    outputs,
    points,
    filterBytes: points * FLOAT_BYTES,
    filterTransform: powers(taps).map((row, point) => row.map((value) => value / scales[point])),
    one: finite.indexOf(1),
    transformInputs: (context, code, values) => divideByPoints(context, code, finite, values),
    transposeInputs: (context, code, values) => multiplyByPoints(context, code, finite, values),
    transformProducts: (context, code, values) => multiplyTransposed(context, code, evaluation, values),
    transposeProducts: (context, code, values) => multiply(context, code, evaluation, values),
  };
}

/** The coefficients of Π (x − root), the constant first. */
function polynomial(roots: readonly number[]): number[] {
  return roots.reduce(
    (product, root) => [...product, 0].map((_, power) => (product[power - 1] ?? 0) - root * (product[power] ?? 0)),
    [1],
  );
}

/** Whether a point's opposite is a point too. */
function isPaired(points: readonly number[], point: number): boolean {
  return points.includes(-point);
}

/** Bᵀ of points that are all paired: row p is Π (x − q) over the other points q, the last row over all points. */
function pairedRows(points: readonly number[]): number[][] {
  return [...points.map((point) => polynomial(points.filter((other) => other !== point))), polynomial(points)].map(
    (row) => Array.from({ length: points.length + 1 }, (_, power) => row[power] ?? 0),
  );
}

/** Bᵀ d. A point a without its opposite is a factor (x − a) of all rows but its own, taken out first. */
function divideByPoints(
  context: KernelContext,
  code: FunctionBuilder,
  points: readonly number[],
  values: readonly Vector[],
): Vector[] {
  const single = points.findLastIndex((point) => !isPaired(points, point));
  if (single < 0) return multiply(context, code, pairedRows(points), values);
  const others = points.toSpliced(single, 1);
  const quotient = values
    .slice(1)
    .map((value, index) =>
      code.local("v128", negativeMultiplyAdd(context, context.data.splat(points[single]), values[index], value)),
    );
  const rest = divideByPoints(context, code, others, quotient);
  return rest.toSpliced(single, 0, dot(context, polynomial(others), values));
}

/** B v: the transposed steps of `divideByPoints`, in reverse. */
function multiplyByPoints(
  context: KernelContext,
  code: FunctionBuilder,
  points: readonly number[],
  values: readonly Vector[],
): Vector[] {
  const single = points.findLastIndex((point) => !isPaired(points, point));
  if (single < 0) return multiplyTransposed(context, code, pairedRows(points), values);
  const others = points.toSpliced(single, 1);
  const own = [...polynomial(others), 0];
  const quotient = multiplyByPoints(context, code, others, values.toSpliced(single, 1)).map((value) =>
    code.local("v128", value),
  );
  return own.map((coefficient, power) =>
    dot(context, [coefficient, -points[single], 1], [values[single], quotient[power], quotient[power - 1]]),
  );
}

/** Whether two rows differ only in the signs of their odd columns. */
function areMirrored(row: readonly number[], next: readonly number[] | undefined): boolean {
  return Boolean(next?.every((value, column) => value === (column % 2 ? -row[column] : row[column])));
}

/** matrix · values; a row and its mirror image behind it share the sums over the even and over the odd columns. */
function multiply(
  context: KernelContext,
  code: FunctionBuilder,
  matrix: readonly (readonly number[])[],
  values: readonly Vector[],
): Vector[] {
  const results: Vector[] = [];
  while (results.length < matrix.length) {
    const row = matrix[results.length];
    if (!areMirrored(row, matrix[results.length + 1])) {
      results.push(dot(context, row, values));
      continue;
    }
    const [even, odd] = [0, 1].map((parity) => row.map((value, column) => (column % 2 === parity ? value : 0)));
    const scale = odd.findLast((value) => value !== 0)!;
    const evenSum = code.local("v128", dot(context, even, values));
    const oddSum = code.local("v128", dot(context, odd.map((value) => value / scale), values)); // biome-ignore format: one line
    results.push(scaledSum(context, evenSum, scale, oddSum), scaledSum(context, evenSum, -scale, oddSum));
  }
  return results;
}

/** matrixᵀ · values: two mirrored rows are the sum and the difference of their values. */
function multiplyTransposed(
  context: KernelContext,
  code: FunctionBuilder,
  matrix: readonly (readonly number[])[],
  values: readonly Vector[],
): Vector[] {
  const terms: { readonly row: readonly number[]; readonly even: Vector; readonly odd: Vector }[] = [];
  for (let index = 0; index < matrix.length; index++) {
    const row = matrix[index];
    if (areMirrored(row, matrix[index + 1])) {
      const [left, right] = values.slice(index, index + 2);
      const even = code.local("v128", f32x4.add(left, right));
      const odd = code.local("v128", f32x4.sub(left, right));
      terms.push({ row, even, odd });
      index++;
    } else {
      terms.push({ row, even: values[index], odd: values[index] });
    }
  }
  return matrix[0].map((_, column) =>
    dot(
      context,
      terms.map(({ row }) => row[column]),
      terms.map(({ even, odd }) => (column % 2 ? odd : even)),
    ),
  );
}

/** Σ coefficient · value, beginning with a value that needs no multiplication, if there is one. */
function dot(context: KernelContext, coefficients: readonly number[], values: readonly Vector[]): Vector {
  const terms = values
    .map((value, index) => ({ coefficient: coefficients[index], value }))
    .filter(({ coefficient, value }) => coefficient !== 0 && value !== undefined);
  const start = Math.max(
    0,
    terms.findIndex(({ coefficient }) => coefficient === 1),
  );
  const [first] = terms.splice(start, 1);
  const initial =
    first.coefficient === 1 ? first.value : f32x4.mul(context.data.splat(first.coefficient), first.value);
  return terms.reduce((sum, { coefficient, value }) => scaledSum(context, sum, coefficient, value), initial);
}

/** sum + coefficient · value */
function scaledSum(context: KernelContext, sum: Vector, coefficient: number, value: Vector): Vector {
  if (coefficient === 1) return f32x4.add(sum, value);
  if (coefficient === -1) return f32x4.sub(sum, value);
  const factor = context.data.splat(Math.abs(coefficient));
  return coefficient > 0
    ? multiplyAdd(context, factor, value, sum)
    : negativeMultiplyAdd(context, factor, value, sum);
}

/** The lanes of a vector of points that exist, from the first of them on. */
function lanesFrom(first: number, { points }: Filtering): number {
  return Math.min(VECTOR_LANES, points - first);
}

/**
 * Emits (weight, target): G g of every row of taps, [out][in][row], the points side by side. Strides in bytes; input
 * channels lie next to each other.
 */
export function emitFilterTransform(
  context: KernelContext,
  name: string,
  { input, output }: Conv2dShape,
  filtering: Filtering,
  strides: { readonly row: number; readonly output: number },
): FunctionHandle {
  const { taps, points, filterBytes, filterTransform } = filtering;
  const column = (tap: number, first: number) =>
    context.data.vector(Array.from({ length: VECTOR_LANES }, (_, lane) => filterTransform[first + lane]?.[tap] ?? 0));
  return context.module.function(name, { weight: "i32", target: "i32" }, (code, { weight, target }) => {
    const scalars = Array.from({ length: taps }, () => code.local("v128"));
    const values = code.local("v128");
    code.repeat(output.channels, () => {
      code.repeat(input.channels, () => {
        code.repeat(taps, () => {
          scalars.forEach((scalar, tap) => {
            code.set(scalar, v128.load32Splat(weight, tap * FLOAT_BYTES));
          });
          for (let first = 0; first < points; first += VECTOR_LANES) {
            scalars.forEach((scalar, tap) => {
              const factor = column(tap, first);
              code.set(values, tap === 0 ? f32x4.mul(scalar, factor) : multiplyAdd(context, scalar, factor, values));
            });
            const lanes = lanesFrom(first, filtering);
            if (lanes === VECTOR_LANES) code.store(target, values, first * FLOAT_BYTES);
            else {
              for (let lane = 0; lane < lanes; lane++) {
                code.store(target, f32x4.extractLane(values, lane), (first + lane) * FLOAT_BYTES);
              }
            }
          }
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
  return context.module.function(name, { sums: "i32", dWeight: "i32" }, (code, { sums, dWeight }) => {
    const values = code.local("v128");
    const point = code.local("v128");
    const rowFilters = input.channels * filterBytes;
    code.repeat(output.channels, () => {
      code.repeat(input.channels, () => {
        code.repeat(taps, () => {
          for (let first = 0; first < taps; first += VECTOR_LANES) {
            filterTransform.forEach((row, index) => {
              const factors = context.data.vector(
                Array.from({ length: VECTOR_LANES }, (_, lane) => row[first + lane] ?? 0),
              );
              code.set(point, v128.load32Splat(sums, index * FLOAT_BYTES));
              code.set(values, index === 0 ? f32x4.mul(point, factors) : multiplyAdd(context, point, factors, values));
            });
            const lanes = Math.min(VECTOR_LANES, taps - first);
            if (lanes === VECTOR_LANES) code.store(dWeight, values, first * FLOAT_BYTES);
            else {
              for (let lane = 0; lane < lanes; lane++) {
                code.store(dWeight, f32x4.extractLane(values, lane), (first + lane) * FLOAT_BYTES);
              }
            }
          }
          code.increase(dWeight, taps * FLOAT_BYTES);
          code.increase(sums, rowFilters);
        });
        code.increase(sums, filterBytes - taps * rowFilters);
      });
      code.increase(sums, (taps - 1) * rowFilters);
    });
  });
}
