import { type FunctionBuilder, f32x4, type Value } from "../../assembler/index.js";
import { type KernelContext, multiplyAdd, negativeMultiplyAdd } from "../context.js";
import { FLOAT_BYTES } from "../layout.js";

/* Winograd's minimal filtering F(outputs, taps) and its transforms of vectors: see winograd.ts. */

/**
 * Points to evaluate at, besides ∞ and, if their number is odd, 0. Opposite points share most of their arithmetic, powers
 * of two scale exactly, and points near 1 keep rounding errors small.
 */
const OPPOSITE_POINTS = [1, 1 / 2, 2, 1 / 4];

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

/** The filtering of Cook and Toom. */
export function minimalFiltering(taps: number, outputs: number): Filtering {
  const points = taps + outputs - 1;
  const finite = finitePoints(points - 1);
  const evaluation = powersOf(finite, outputs);
  const interpolation = [
    ...finite.map((point) => polynomial(without(finite, point), points)),
    polynomial(finite, points),
  ];
  const scales = [
    ...finite.map((point) => without(finite, point).reduce((scale, other) => scale * (point - other), 1)),
    1,
  ];
  return {
    taps,
    outputs,
    points,
    filterBytes: points * FLOAT_BYTES,
    filterTransform: powersOf(finite, taps).map((row, point) => row.map((power) => power / scales[point])),
    one: finite.indexOf(1),
    transformInputs: (context, code, values) => multiply(context, code, interpolation, values),
    transposeInputs: (context, code, values) => multiplyTransposed(context, code, interpolation, values),
    transformProducts: (context, code, values) => multiplyTransposed(context, code, evaluation, values),
    transposeProducts: (context, code, values) => multiply(context, code, evaluation, values),
  };
}

/** A number of finite points, opposite ones next to each other. */
function finitePoints(count: number): number[] {
  const opposites = OPPOSITE_POINTS.slice(0, Math.floor(count / 2)).flatMap((point) => [point, -point]);
  return count % 2 ? [0, ...opposites] : opposites;
}

function without(points: readonly number[], point: number): number[] {
  return points.filter((other) => other !== point);
}

/** The powers of every point from 0 on; of ∞ only the highest one counts. */
function powersOf(finite: readonly number[], count: number): number[][] {
  const powers = Array.from({ length: count }, (_, power) => power);
  return [
    ...finite.map((point) => powers.map((power) => point ** power)),
    powers.map((power) => Number(power === count - 1)),
  ];
}

/** The coefficients of Π (x − root), the constant first, filled up with zeros. */
function polynomial(roots: readonly number[], length: number): number[] {
  let product = [1];
  for (const root of roots) {
    product = [...product, 0].map((_, power) => (product[power - 1] ?? 0) - root * (product[power] ?? 0));
  }
  return Array.from({ length }, (_, power) => product[power] ?? 0);
}

/**
 * The parity of the columns that two rows have in common, if they are opposite in the other columns, as the rows of two
 * opposite points are.
 */
function commonParity(row: readonly number[], next: readonly number[] | undefined): 0 | 1 | undefined {
  return ([0, 1] as const).find((parity) =>
    next?.every((value, column) => value === (column % 2 === parity ? row[column] : -row[column])),
  );
}

/** matrix · values; the rows of two opposite points share the sums over the even and over the odd columns. */
function multiply(
  context: KernelContext,
  code: FunctionBuilder,
  matrix: readonly (readonly number[])[],
  values: readonly Vector[],
): Vector[] {
  const results: Vector[] = [];
  while (results.length < matrix.length) {
    const row = matrix[results.length];
    const parity = commonParity(row, matrix[results.length + 1]);
    if (parity === undefined) {
      results.push(dot(context, row, values));
      continue;
    }
    const common = row.map((value, column) => (column % 2 === parity ? value : 0));
    const opposite = row.map((value, column) => (column % 2 === parity ? 0 : value));
    const scale = opposite.findLast((value) => value !== 0)!;
    const unscaled = opposite.map((value) => value / scale);
    const commonSum = code.local("v128", dot(context, common, values));
    const oppositeSum = code.local("v128", dot(context, unscaled, values));
    results.push(scaledSum(context, commonSum, scale, oppositeSum), scaledSum(context, commonSum, -scale, oppositeSum));
  }
  return results;
}

/** matrixᵀ · values; of the rows of two opposite points, the sum and the difference of their values are used. */
function multiplyTransposed(
  context: KernelContext,
  code: FunctionBuilder,
  matrix: readonly (readonly number[])[],
  values: readonly Vector[],
): Vector[] {
  // The rows to multiply, each with the value that it has in even columns and in odd ones.
  const terms: { readonly row: readonly number[]; readonly byParity: readonly [Vector, Vector] }[] = [];
  for (let index = 0; index < matrix.length; index++) {
    const row = matrix[index];
    const parity = commonParity(row, matrix[index + 1]);
    if (parity === undefined) {
      terms.push({ row, byParity: [values[index], values[index]] });
      continue;
    }
    const sum = code.local("v128", f32x4.add(values[index], values[index + 1]));
    const difference = code.local("v128", f32x4.sub(values[index], values[index + 1]));
    terms.push({ row, byParity: parity === 0 ? [sum, difference] : [difference, sum] });
    index++;
  }
  return matrix[0].map((_, column) =>
    dot(
      context,
      terms.map(({ row }) => row[column]),
      terms.map(({ byParity }) => byParity[column % 2]),
    ),
  );
}

/** Σ coefficient · value, beginning with a value that needs no multiplication, if there is one. */
function dot(context: KernelContext, coefficients: readonly number[], values: readonly Vector[]): Vector {
  const terms = values
    .map((value, index) => ({ coefficient: coefficients[index], value }))
    .filter(({ coefficient }) => coefficient !== 0);
  const unit = terms.findIndex(({ coefficient }) => coefficient === 1);
  const [first] = terms.splice(Math.max(0, unit), 1);
  const start = unit >= 0 ? first.value : f32x4.mul(context.data.splat(first.coefficient), first.value);
  return terms.reduce((sum, { coefficient, value }) => scaledSum(context, sum, coefficient, value), start);
}

/** sum + coefficient · value */
function scaledSum(context: KernelContext, sum: Vector, coefficient: number, value: Vector): Vector {
  if (coefficient === 1) return f32x4.add(sum, value);
  if (coefficient === -1) return f32x4.sub(sum, value);
  const factor = context.data.splat(Math.abs(coefficient));
  return coefficient > 0 ? multiplyAdd(context, factor, value, sum) : negativeMultiplyAdd(context, factor, value, sum);
}
