import { type FunctionBuilder, type Local, v128 } from "../../assembler/index.js";
import { largestDivisor } from "../blocks.js";
import { horizontalSum, type KernelContext, ZERO } from "../context.js";
import { PLACE_VECTORS, VECTOR_BYTES } from "../layout.js";
import { OuterProduct } from "../outerProduct.js";

/** Places that one loop body takes. */
const PLACES_AT_ONCE = 5;

/** Vector registers that V8 allocates on x86-64. */
export const REGISTERS = 15;

/** Output channels whose gradients for a run of taps fit into the registers beside their inputs. */
export function channelsAtOnce(taps: number): number {
  return Math.max(1, Math.floor((REGISTERS - 1) / (taps + 1)));
}

/** The gradients of some taps of some output channels: sums of x · dy over `outer` × `inner` places. Strides in bytes. */
export interface TapSums {
  readonly taps: number;
  readonly channels: number;
  readonly outer: number;
  readonly inner: number;
  readonly x: { readonly pointer: Local<"i32">; readonly outer: number; readonly inner: number; readonly tap: number };
  /** The places of one channel follow each other. */
  readonly dy: { readonly pointer: Local<"i32">; readonly inner: number; readonly channel: number };
  readonly sums: { readonly pointer: Local<"i32">; readonly tap: number; readonly channel: number };
}

/** Computes the sums over places and samples, and stores them. The pointers of x and dy are used up. */
export function emitTapSums(
  context: KernelContext,
  code: FunctionBuilder,
  { taps, channels, outer, inner, x, dy, sums }: TapSums,
): void {
  const placesAtOnce = largestDivisor(inner, PLACES_AT_ONCE);
  const product = new OuterProduct(context, code, taps, channels);
  product.start(() => ZERO);
  // Always a loop, for the fences.
  code.forRange(0, outer, () => {
    code.repeat(inner / placesAtOnce, () => {
      const vectorOffset = (step: number) => (step % PLACE_VECTORS) * VECTOR_BYTES;
      const place = (step: number) => Math.floor(step / PLACE_VECTORS);
      product.accumulate(
        x.pointer,
        placesAtOnce * PLACE_VECTORS,
        (step, channel) => v128.load(dy.pointer, place(step) * dy.inner + channel * dy.channel + vectorOffset(step)),
        (step, tap) => v128.load(x.pointer, place(step) * x.inner + tap * x.tap + vectorOffset(step)),
      );
      code.increase(x.pointer, placesAtOnce * x.inner);
      code.increase(dy.pointer, placesAtOnce * dy.inner);
    });
    code.increase(x.pointer, x.outer - inner * x.inner);
  });
  product.accumulators.forEach((row, tap) => {
    row.forEach((sum, channel) => {
      code.store(sums.pointer, horizontalSum(code, sum), channel * sums.channel + tap * sums.tap);
    });
  });
}
