import { type FunctionBuilder, type Local, type Value, v128 } from "../wasm/index.js";
import { type KernelContext, multiplyAdd } from "./context.js";
import { PLACE_VECTORS, VECTOR_BYTES } from "./layout.js";

/**
 * Rows of an outer product kept at once. Six rows of two vectors are 12 accumulators; with the two vectors and the
 * scalar they fill the 15 vector registers that V8 gives out on x86-64.
 */
export const ROWS = 6;

/** Multiply-adds in a loop body beyond which registers spill and the code grows out of the decoder's cache. */
export const LARGEST_BODY = 60;

/** Accumulators of a block of outputs: rows × the vectors of one place. */
export class OuterProduct {
  private readonly accumulators: Local<"v128">[][];
  private readonly inputs: Local<"v128">[];
  private readonly scalar: Local<"v128">;
  private readonly context: KernelContext;
  private readonly code: FunctionBuilder;

  /** @param rows the rows of the block; vectors: the vectors of a row */
  constructor(context: KernelContext, code: FunctionBuilder, rows: number, vectors: number = PLACE_VECTORS) {
    this.context = context;
    this.code = code;
    const locals = (count: number) => Array.from({ length: count }, () => code.local("v128"));
    this.accumulators = Array.from({ length: rows }, () => locals(vectors));
    this.inputs = locals(vectors);
    this.scalar = code.local("v128");
  }

  /** Starts every row with a value. */
  start(value: (row: number) => Value<"v128">): void {
    this.accumulators.forEach((vectors, row) => {
      vectors.forEach((accumulator, vector) => {
        this.code.set(accumulator, vector === 0 ? value(row) : vectors[0]);
      });
    });
  }

  /** Loads the accumulators from memory; the vectors of a row lie side by side. */
  load(pointer: Local<"i32">, rowOffset: (row: number) => number): void {
    this.accumulators.forEach((vectors, row) => {
      vectors.forEach((accumulator, vector) => {
        this.code.set(accumulator, v128.load(pointer, rowOffset(row) + vector * VECTOR_BYTES));
      });
    });
  }

  /**
   * accumulator[row][vector] += scalar[row] · input[vector]. The multiply-adds stay interleaved as written here: grouped
   * by accumulator they wait for each other.
   */
  accumulate(
    input: Local<"i32">,
    inputOffset: number,
    scalars: Local<"i32">,
    scalarOffset: (row: number) => number,
  ): void {
    this.inputs.forEach((local, vector) => {
      this.code.set(local, v128.load(input, inputOffset + vector * VECTOR_BYTES));
    });
    this.accumulators.forEach((vectors, row) => {
      this.code.set(this.scalar, v128.load32Splat(scalars, scalarOffset(row)));
      vectors.forEach((accumulator, vector) => {
        this.code.set(accumulator, multiplyAdd(this.context, this.scalar, this.inputs[vector], accumulator));
      });
    });
  }

  /** Stores the accumulators; the vectors of a row lie side by side. */
  store(pointer: Local<"i32">, rowOffset: (row: number) => number): void {
    this.accumulators.forEach((vectors, row) => {
      vectors.forEach((accumulator, vector) => {
        this.code.store(pointer, accumulator, rowOffset(row) + vector * VECTOR_BYTES);
      });
    });
  }
}
