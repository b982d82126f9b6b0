import { type FunctionBuilder, type Local, type Value, v128 } from "../assembler/index.js";
import { fence, type KernelContext, multiplyAdd } from "./context.js";
import { PLACE_VECTORS, VECTOR_BYTES } from "./layout.js";

/**
 * Rows of an outer product kept at once. Six rows of two vectors are 12 accumulators; with the two vectors and the
 * scalar they fill the 15 vector registers that V8 allocates on x86-64.
 */
export const ROWS = 6;

/** The most multiply-adds in a loop body: with more, registers spill and the code outgrows the decoder's cache. */
export const LARGEST_BODY = 60;

/** Accumulators of a block of outputs: rows × the vectors of one place. */
export class OuterProduct {
  /** [row][vector] */
  readonly accumulators: readonly (readonly Local<"v128">[])[];
  private readonly context: KernelContext;
  private readonly code: FunctionBuilder;

  /** @param rows the rows of the block; vectors: the vectors of a row */
  constructor(context: KernelContext, code: FunctionBuilder, rows: number, vectors: number = PLACE_VECTORS) {
    this.context = context;
    this.code = code;
    this.accumulators = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => code.local("v128")));
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
   * accumulator[row][vector] += Σ factor[step][row] · input[step][vector], for a few steps of the reduction. To be called
   * in a loop that `store` follows; a fence behind every row keeps the registers it takes down to 15.
   *
   * @param pointer one that the inputs are loaded from
   */
  accumulate(
    pointer: Local<"i32">,
    steps: number,
    input: (step: number, vector: number) => Value<"v128">,
    factor: (step: number, row: number) => Value<"v128">,
  ): void {
    const { code } = this;
    const rows = this.accumulators.length;
    for (let step = 0; step < steps; step++) {
      const inputs = this.accumulators[0].map((_, vector) => code.local("v128", input(step, vector)));
      this.accumulators.forEach((vectors, row) => {
        const scalar = code.local("v128", factor(step, row));
        vectors.forEach((accumulator, vector) => {
          code.set(accumulator, multiplyAdd(this.context, scalar, inputs[vector], accumulator));
        });
        fence(code, pointer, step * rows + row);
      });
    }
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
