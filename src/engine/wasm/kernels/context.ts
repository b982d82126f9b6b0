import {
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  type ModuleBuilder,
  type Value,
  v128,
} from "../assembler/index.js";
import {
  channelBytes,
  type Layout,
  PLACE_BYTES,
  PLACE_VECTORS,
  placeBytes,
  placeOffset,
  rowBytes,
  VECTOR_BYTES,
} from "./layout.js";
import type { StaticData } from "./staticData.js";

/** What every kernel is emitted with. */
export interface KernelContext {
  readonly module: ModuleBuilder;
  /** Constants and tables that the module's memory starts with. */
  readonly data: StaticData;
  /** Whether a multiply-add rounds once (relaxed SIMD) or twice. */
  readonly fused: boolean;
}

/** Zero in all four lanes. */
export const ZERO: Value<"v128"> = i32x4.const([0, 0, 0, 0]);

/** left · right + addend, by the arithmetic of the context. */
export function multiplyAdd(
  context: KernelContext,
  left: Value<"v128">,
  right: Value<"v128">,
  addend: Value<"v128">,
): Value<"v128"> {
  return context.fused ? f32x4.relaxedMultiplyAdd(left, right, addend) : f32x4.add(addend, f32x4.mul(left, right));
}

/** addend − left · right, by the arithmetic of the context. */
export function negativeMultiplyAdd(
  context: KernelContext,
  left: Value<"v128">,
  right: Value<"v128">,
  addend: Value<"v128">,
): Value<"v128"> {
  return context.fused
    ? f32x4.relaxedNegativeMultiplyAdd(left, right, addend)
    : f32x4.sub(addend, f32x4.mul(left, right));
}

/**
 * Keeps the compiler from moving the arithmetic of an innermost loop across this point.
 *
 * Within a basic block, V8's older compiler (Node 20 and 22) does all loads first and delays arithmetic until its result
 * is needed, so accumulators spill. An exit from the loop ends the block and needs the accumulators as they are at that
 * point. It is never taken, since no address is odd. Newer compilers lose next to nothing by it.
 *
 * @param address a pointer in use, so that it costs no register
 * @param index distinct in the loop: the compiler drops an exit that repeats an earlier one
 */
export function fence(code: FunctionBuilder, address: Local<"i32">, index: number): void {
  code.leaveLoopIf(i32.eq(address, -1 - 2 * index));
}

/** The sum of the four lanes: (0 + 2) + (1 + 3). */
export function horizontalSum(code: FunctionBuilder, vector: Value<"v128">): Value<"f32"> {
  const pairs = code.local("v128", vector);
  code.set(pairs, f32x4.add(pairs, v128.shuffle32(pairs, pairs, [2, 3, 0, 1])));
  return f32x4.extractLane(f32x4.add(pairs, v128.shuffle32(pairs, pairs, [1, 0, 3, 2])), 0);
}

/** A tensor to walk through: a pointer to it and its layout. */
export interface Walked {
  readonly pointer: Local<"i32">;
  readonly layout: Layout;
}

/**
 * Runs the body once for every vector of the tensors, without borders, with all pointers at that vector. The tensors have
 * the same channels, height, width and samples; the pointers are used up. Layouts of one sample have no border, and their
 * last vector may go beyond the end.
 */
export function forEachVector(code: FunctionBuilder, tensors: readonly Walked[], body: () => void): void {
  const { channels, height, width } = tensors[0].layout;
  const advance = (bytes: (layout: Layout) => number) => {
    for (const { pointer, layout } of tensors) code.increase(pointer, bytes(layout));
  };
  advance((layout) => placeOffset(layout, 0, 0, 0));
  if (tensors.every(({ layout }) => layout.border === 0)) {
    const bytes = channels * height * width * placeBytes(tensors[0].layout);
    code.repeat(Math.ceil(bytes / VECTOR_BYTES), () => {
      body();
      advance(() => VECTOR_BYTES);
    });
    return;
  }
  code.repeat(channels, () => {
    code.repeat(height, () => {
      code.repeat(width * PLACE_VECTORS, () => {
        body();
        advance(() => VECTOR_BYTES);
      });
      advance((layout) => rowBytes(layout) - layout.width * PLACE_BYTES);
    });
    advance((layout) => channelBytes(layout) - layout.height * rowBytes(layout));
  });
}

/**
 * Runs the body once for every place of one sample's lane, without borders, in the order of the image's pixels.
 *
 * @param lane points to the lane in the tensor, then to the place; it is used up
 * @param startRow runs before each row
 */
export function forEachPixel(
  code: FunctionBuilder,
  layout: Layout,
  lane: Local<"i32">,
  body: () => void,
  startRow: (row: Local<"i32">) => void = () => {},
): void {
  code.increase(lane, placeOffset(layout, 0, 0, 0));
  code.forRange(0, layout.height, (row) => {
    startRow(row);
    code.repeat(layout.width, () => {
      body();
      code.increase(lane, placeBytes(layout));
    });
    code.increase(lane, rowBytes(layout) - layout.width * placeBytes(layout));
  });
  code.increase(lane, channelBytes(layout) - layout.height * rowBytes(layout) - placeOffset(layout, 0, 0, 0));
}
