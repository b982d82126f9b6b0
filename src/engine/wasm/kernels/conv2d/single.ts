import { type FunctionHandle, i32, v128 } from "../../assembler/index.js";
import { callBlocks, emitChannelBlocks } from "../blocks.js";
import type { KernelContext } from "../context.js";
import type { ActivationKind } from "../layerKernels.js";
import { channelBytes, FLOAT_BYTES, placeOffset, rowBytes, VECTOR_LANES } from "../layout.js";
import { OuterProduct, ROWS } from "../outerProduct.js";
import { columnStarts, storeActivated } from "../singleSample.js";
import { type Conv2dShape, emitTapTable } from "./shape.js";

/**
 * Emits (x, weight, bias, y): two vectors of places and up to six output channels at a time. Undefined unless a vector
 * can hold neighbouring columns.
 */
export function emitSingleConv2d(
  context: KernelContext,
  name: string,
  shape: Conv2dShape,
  activation: ActivationKind | undefined,
): FunctionHandle | undefined {
  const { input, output, kernel, stride } = shape;
  if (stride !== 1 || output.width < VECTOR_LANES) return undefined;
  const filterBytes = input.channels * kernel * kernel * FLOAT_BYTES;
  const { taps, table, tableEnd } = emitTapTable(context, shape);
  const pairs = emitPairTable(context, shape);
  const blocks = emitChannelBlocks(output.channels, ROWS, (size) =>
    context.module.function(
      `${name}.${size}`,
      { x: "i32", weight: "i32", bias: "i32", y: "i32" },
      (code, { x, weight, bias, y }) => {
        const product = new OuterProduct(context, code, size);
        const pair = code.local("i32", i32.const(pairs.start));
        const windows = [code.local("i32"), code.local("i32")];
        const sources = [code.local("i32"), code.local("i32")];
        const targets = [code.local("i32"), code.local("i32")];
        const taken = code.local("i32");
        const offset = code.local("i32");
        code.while(i32.ltUnsigned(pair, pairs.end), () => {
          windows.forEach((window, vector) => {
            code.set(window, i32.add(x, i32.load(pair, vector * 4)));
            code.set(targets[vector], i32.add(y, i32.load(pair, 8 + vector * 4)));
          });
          product.start((channel) => v128.load32Splat(bias, channel * FLOAT_BYTES));
          code.set(taken, weight);
          code.set(offset, i32.const(table));
          code.while(i32.ltUnsigned(offset, tableEnd), () => {
            sources.forEach((source, vector) => {
              code.set(source, i32.add(windows[vector], i32.load(offset)));
            });
            product.accumulate(
              sources[0],
              taps,
              (tap, vector) => v128.load(sources[vector], tap * FLOAT_BYTES),
              (tap, channel) => v128.load32Splat(taken, channel * filterBytes + tap * FLOAT_BYTES),
            );
            code.increase(taken, taps * FLOAT_BYTES);
            code.increase(offset, 4);
          });
          const stores = product.accumulators.flatMap((vectors, channel) =>
            vectors.map((value, vector) => ({
              value,
              pointer: targets[vector],
              offset: channel * channelBytes(output),
            })),
          );
          storeActivated(context, code, activation, stores);
          code.increase(pair, PAIR_BYTES);
        });
      },
    ),
  );
  return context.module.function(
    name,
    { x: "i32", weight: "i32", bias: "i32", y: "i32" },
    (code, { x, weight, bias, y }) => {
      callBlocks(code, blocks, [
        x,
        { first: weight, bytes: filterBytes },
        { first: bias, bytes: FLOAT_BYTES },
        { first: y, bytes: channelBytes(output) },
      ]);
    },
  );
}

/** Bytes of an entry of the table of pairs: two offsets into x, two into y. */
const PAIR_BYTES = 4 * 4;

/** The vectors of places of one channel, two by two: where each reads and writes. */
function emitPairTable(context: KernelContext, { input, output }: Conv2dShape): { start: number; end: number } {
  const places = Array.from({ length: output.height }, (_, row) =>
    columnStarts(output.width).map((column) => ({
      // The table of taps counts from the first place inside the border.
      x: row * rowBytes(input) + column * FLOAT_BYTES,
      y: placeOffset(output, 0, row, column),
    })),
  ).flat();
  const pairs: number[] = [];
  for (let next = 0; next < places.length; next += 2) {
    // An odd last place is paired with the one before it, which is computed again.
    const [first, second] = [places[Math.min(next, Math.max(0, places.length - 2))], places[next + 1] ?? places[next]];
    pairs.push(first.x, second.x, first.y, second.y);
  }
  const start = context.data.table(pairs);
  return { start, end: start + (pairs.length / 4) * PAIR_BYTES };
}
