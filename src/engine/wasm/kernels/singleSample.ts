import type { FunctionBuilder, Local, Value } from "../assembler/index.js";
import { ACTIVATIONS } from "./activation.js";
import type { KernelContext } from "./context.js";
import type { ActivationKind } from "./layerKernels.js";
import { VECTOR_LANES } from "./layout.js";

/*
 * The forward pass of a single sample: a tile would waste seven of its eight lanes. Layouts have `samples: 1`, so a
 * vector holds four neighbouring columns. The last vector of a row ends with the row and may compute places twice.
 */

/** Vectors that an activation takes at once. */
const ACTIVATED_AT_ONCE = 4;

/** The columns that the vectors of a row start at. */
export function columnStarts(width: number): number[] {
  return Array.from({ length: Math.ceil(width / VECTOR_LANES) }, (_, index) =>
    Math.min(index * VECTOR_LANES, width - VECTOR_LANES),
  );
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
    const outputs = activation ? ACTIVATIONS[activation].forward(context, code, values) : values;
    group.forEach(({ pointer, offset }, index) => {
      code.store(pointer, outputs[index], offset);
    });
  }
}
