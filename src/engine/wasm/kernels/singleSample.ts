import {
  type FunctionBuilder,
  type FunctionHandle,
  i32,
  i32x4,
  type Local,
  type Value,
  v128,
} from "../assembler/index.js";
import { ACTIVATIONS, DERIVATIVES } from "./activation.js";
import { equalBlocks } from "./blocks.js";
import { type KernelContext, ZERO } from "./context.js";
import type { ActivationKind } from "./layerKernels.js";
import { FLOAT_BYTES, roundUp, VECTOR_BYTES, VECTOR_LANES } from "./layout.js";
import { OuterProduct } from "./outerProduct.js";

/*
 * A single sample: a tile would waste seven of its eight lanes. Layouts have `samples: 1`, so a vector holds four
 * neighbouring columns. The last vector of a row ends with the row and may compute places twice. Gradients have the
 * layout of their values. Most are zero where max pooling follows, and many behind ReLU and dropout: there, the backward
 * pass first lists the others.
 */

/** Vectors that an activation takes at once. */
const ACTIVATED_AT_ONCE = 4;

/** The columns that the vectors of a row start at. */
export function columnStarts(width: number): number[] {
  return Array.from({ length: Math.ceil(width / VECTOR_LANES) }, (_, index) =>
    Math.min(index * VECTOR_LANES, width - VECTOR_LANES),
  );
}

/** A mask of the first lanes of a vector. */
export function firstLanes(count: number): Value<"v128"> {
  const lane = (index: number) => (index < count ? -1 : 0);
  return i32x4.const([lane(0), lane(1), lane(2), lane(3)]);
}

/** One of a row's vectors; zero in the columns that the vector before it has too. */
export function loadWithoutRepeated(row: Local<"i32">, width: number, index: number, offset = 0): Value<"v128"> {
  const starts = columnStarts(width);
  const loaded = v128.load(row, offset + starts[index] * FLOAT_BYTES);
  const repeated = index > 0 ? starts[index - 1] + VECTOR_LANES - starts[index] : 0;
  return repeated > 0 ? v128.andNot(loaded, firstLanes(repeated)) : loaded;
}

/** Applies the activation, if any, and stores the vectors. */
export function storeActivated(
  context: KernelContext,
  code: FunctionBuilder,
  activation: ActivationKind | undefined,
  stores: readonly { readonly value: Value<"v128">; readonly pointer: Local<"i32">; readonly offset: number }[],
): void {
  for (let first = 0; first < stores.length; first += ACTIVATED_AT_ONCE) {
    const group = stores.slice(first, first + ACTIVATED_AT_ONCE);
    const values = group.map(({ value }) => value);
    const outputs = activation ? ACTIVATIONS[activation](context, code, values) : values;
    group.forEach(({ pointer, offset }, index) => {
      code.store(pointer, outputs[index], offset);
    });
  }
}

/** Emits (y, dy): multiplies a gradient by the derivative of the activation that y is the output of. */
export function emitDerivative(
  context: KernelContext,
  name: string,
  activation: ActivationKind,
  bytes: number,
): FunctionHandle {
  const derivative = DERIVATIVES[activation];
  return context.module.function(name, { y: "i32", dy: "i32" }, (code, { y, dy }) => {
    code.repeat(Math.ceil(bytes / VECTOR_BYTES), () => {
      code.store(dy, derivative(context, code, v128.load(y), v128.load(dy)));
      code.increase(y, VECTOR_BYTES);
      code.increase(dy, VECTOR_BYTES);
    });
  });
}

/** A list in scratch memory: gradients that are not zero, each with the byte offset of what it is multiplied by. */
export class NonzeroList {
  /** The memory that a list takes. */
  readonly bytes: number;
  /** From a gradient to its offset. */
  private readonly offsetBytes: number;

  /** @param capacity the most entries */
  constructor(capacity: number) {
    // A vector of zeros follows the gradients.
    this.offsetBytes = roundUp(capacity * FLOAT_BYTES, VECTOR_BYTES) + VECTOR_BYTES;
    this.bytes = 2 * this.offsetBytes;
  }

  /** Appends the gradient at an address, unless it is zero, without a branch. */
  append(code: FunctionBuilder, end: Local<"i32">, address: Local<"i32">, addressOffset: number, offset: Value<"i32">) {
    const bits = code.local("i32", i32.load(address, addressOffset));
    code.store(end, bits);
    code.store(end, offset, this.offsetBytes);
    code.increase(end, i32.mul(i32.ne(i32.and(bits, 0x7fffffff), 0), FLOAT_BYTES));
  }

  /** Runs the body for every entry, with its gradient in all lanes. */
  forEach(
    code: FunctionBuilder,
    start: Value<"i32">,
    end: Local<"i32">,
    body: (gradient: Value<"v128">, offset: Value<"i32">) => void,
  ): void {
    const entry = code.local("i32", start);
    code.while(i32.ltUnsigned(entry, end), () => {
      body(v128.load32Splat(entry), i32.load(entry, this.offsetBytes));
      code.increase(entry, FLOAT_BYTES);
    });
  }
}

/** The most accumulators of a loop over a list: they and their operands fit into the registers. */
export const LISTED_SUMS = 12;

/** Emits (start, end, rows, target): the sum of the rows at a list's offsets, each times its gradient. */
export function emitWeightedRows(
  context: KernelContext,
  name: string,
  list: NonzeroList,
  vectors: number,
): FunctionHandle {
  return context.module.function(
    name,
    { start: "i32", end: "i32", rows: "i32", target: "i32" },
    (code, { start, end, rows, target }) => {
      for (const { size, count } of equalBlocks(vectors, LISTED_SUMS)) {
        const product = new OuterProduct(context, code, size, 1);
        const row = code.local("i32");
        code.repeat(count, () => {
          product.start(() => ZERO);
          list.forEach(code, start, end, (gradient, offset) => {
            code.set(row, i32.add(rows, offset));
            product.accumulate(
              row,
              1,
              () => gradient,
              (_, vector) => v128.load(row, vector * VECTOR_BYTES),
            );
          });
          product.store(target, (vector) => vector * VECTOR_BYTES);
          code.increase(rows, size * VECTOR_BYTES);
          code.increase(target, size * VECTOR_BYTES);
        });
      }
    },
  );
}
