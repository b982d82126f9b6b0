/** A size in a graph: known, or that of the batch. */
export type Size = number | "batch";

/** A constant that weights are made of. */
export interface FloatConstant {
  readonly kind: "floats";
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether the data is that of the matrix with rows and columns exchanged. */
  readonly isTransposed: boolean;
  readonly data: Float32Array;
}

/** A constant that says something of sizes or axes: a number, a list or rows. */
export interface IntegerConstant {
  readonly kind: "integers";
  readonly shape: readonly number[];
  readonly data: readonly Size[];
}

/** What images have become on their way through the graph. */
export interface Activation {
  readonly kind: "activation";
  readonly batch: Size;
  /** Of one sample. */
  readonly shape: readonly number[];
}

/** What a name in a graph stands for. */
export type Value = FloatConstant | IntegerConstant | Activation;

/** A matrix with rows and columns exchanged, without touching its data. */
export function transposed(matrix: FloatConstant): FloatConstant {
  return { ...matrix, shape: matrix.shape.toReversed(), isTransposed: !matrix.isTransposed };
}
