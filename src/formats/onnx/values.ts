/** A size in a graph: a known number, or the size of the batch. */
export type Size = number | "batch";

/** A floating-point constant, such as weights. */
export interface FloatConstant {
  readonly kind: "floats";
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether the data is that of the transposed matrix. */
  readonly isTransposed: boolean;
  readonly data: Float32Array;
}

/** A constant of sizes or axes: a number, a list or rows. */
export interface IntegerConstant {
  readonly kind: "integers";
  readonly shape: readonly number[];
  readonly data: readonly Size[];
}

/** An intermediate result computed from the images. */
export interface Activation {
  readonly kind: "activation";
  readonly batch: Size;
  /** Without the batch. */
  readonly shape: readonly number[];
}

/** What a name in a graph refers to. */
export type Value = FloatConstant | IntegerConstant | Activation;

/** Transposes a matrix without copying its data. */
export function transposed(matrix: FloatConstant): FloatConstant {
  return { ...matrix, shape: matrix.shape.toReversed(), isTransposed: !matrix.isTransposed };
}
