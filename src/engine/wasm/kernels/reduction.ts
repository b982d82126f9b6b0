import { type FunctionHandle, f32x4, i32, v128 } from "../assembler/index.js";
import { type KernelContext, ZERO } from "./context.js";
import type { ParameterTask, StoredParameter } from "./layerKernels.js";
import { VECTOR_BYTES } from "./layout.js";

/** Gradients that every tile writes its share of, and their sums over the batch. */
export interface GradientShares {
  /** Bytes of a tile's share of all the parameters' gradients. */
  readonly bytes: number;
  /** Where each parameter's gradient lies in a share. */
  readonly offsets: readonly number[];
  readonly tasks: readonly ParameterTask[];
}

/** Emits the sums; the shares are in the stage's first region of memory for the batch. */
export function emitGradientShares(
  context: KernelContext,
  name: string,
  parameters: readonly StoredParameter[],
): GradientShares {
  let bytes = 0;
  const offsets = parameters.map((parameter) => {
    const offset = bytes;
    bytes += parameter.bytes;
    return offset;
  });
  const kernel = emitReduction(context, `${name}.reduce`, bytes);
  const tasks = parameters.map(
    (parameter, index): ParameterTask => ({
      parameter,
      units: parameter.bytes / VECTOR_BYTES,
      unitBytes: VECTOR_BYTES,
      kernel,
      operands: ({ first, end, parts, gradient, batch: [shares] }) => [
        shares + offsets[index],
        parts,
        gradient,
        first,
        end,
      ],
    }),
  );
  return { bytes, offsets, tasks };
}

/**
 * Emits (shares, tiles, total, firstVector, endVector): adds up the tiles' shares of a gradient, always in the order of
 * the tiles, so that the sum does not depend on which thread computed which share.
 *
 * @param shareBytes bytes from one tile's share to the next
 */
function emitReduction(context: KernelContext, name: string, shareBytes: number): FunctionHandle {
  return context.module.function(
    name,
    { shares: "i32", tiles: "i32", total: "i32", first: "i32", end: "i32" },
    (code, { shares, tiles, total, first, end }) => {
      const sum = code.local("v128");
      const share = code.local("i32");
      code.forRange(first, end, (index) => {
        code.set(sum, ZERO);
        code.set(share, i32.add(shares, i32.mul(index, VECTOR_BYTES)));
        code.forRange(0, tiles, () => {
          code.set(sum, f32x4.add(sum, v128.load(share)));
          code.increase(share, shareBytes);
        });
        code.store(i32.add(total, i32.mul(index, VECTOR_BYTES)), sum);
      });
    },
    { exported: true },
  );
}
