import { type FunctionHandle, i32, v128 } from "../../assembler/index.js";
import { callBlocks, emitChannelBlocks, equalBlocks, largestDivisor } from "../blocks.js";
import type { KernelContext } from "../context.js";
import {
  channelBytes,
  FLOAT_BYTES,
  type Layout,
  PLACE_BYTES,
  PLACE_VECTORS,
  placeOffset,
  rowBytes,
  VECTOR_BYTES,
} from "../layout.js";
import { LARGEST_BODY, OuterProduct, ROWS } from "../outerProduct.js";
import { type Conv2dGradients, type Conv2dMethod, type Conv2dShape, emitTapTable } from "./shape.js";
import { channelsAtOnce, emitTapSums, REGISTERS } from "./tapSums.js";

/** The sums of products as they are defined; they need no memory. */
export const direct: Conv2dMethod = { workspaceBytes: () => 0, keptBytes: () => 0, emitForward };

/** Their gradients, likewise. */
export const directGradients: Conv2dGradients = { emitBackwardInput, emitBackwardWeight };

/** Emits (x, weight, bias, y, workspace, kept): the forward pass over one tile. */
function emitForward(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output, kernel, stride } = shape;
  const filterBytes = input.channels * kernel * kernel * FLOAT_BYTES;
  const { taps, table, tableEnd } = emitTapTable(context, shape);

  const blocks = emitChannelBlocks(output.channels, ROWS, (size) =>
    context.module.function(
      `${name}.forward${size}`,
      { x: "i32", weight: "i32", bias: "i32", y: "i32" },
      (code, { x, weight, bias, y }) => {
        const product = new OuterProduct(context, code, size);
        const offset = code.local("i32");
        const taken = code.local("i32");
        const source = code.local("i32");
        code.increase(y, placeOffset(output, 0, 0, 0));
        code.repeat(output.height, () => {
          code.repeat(output.width, () => {
            product.start((channel) => v128.load32Splat(bias, channel * FLOAT_BYTES));
            code.set(taken, weight);
            code.set(offset, i32.const(table));
            code.while(i32.ltUnsigned(offset, tableEnd), () => {
              code.set(source, i32.add(x, i32.load(offset)));
              product.accumulate(
                source,
                taps,
                (tap, vector) => v128.load(source, tap * PLACE_BYTES + vector * VECTOR_BYTES),
                (tap, channel) => v128.load32Splat(taken, channel * filterBytes + tap * FLOAT_BYTES),
              );
              code.increase(taken, taps * FLOAT_BYTES);
              code.increase(offset, 4);
            });
            product.store(y, (channel) => channel * channelBytes(output));
            code.increase(x, stride * PLACE_BYTES);
            code.increase(y, PLACE_BYTES);
          });
          code.increase(x, stride * rowBytes(input) - output.width * stride * PLACE_BYTES);
          code.increase(y, rowBytes(output) - output.width * PLACE_BYTES);
        });
      },
    ),
  );

  return context.module.function(
    `${name}.forward`,
    { x: "i32", weight: "i32", bias: "i32", y: "i32", workspace: "i32", kept: "i32" },
    (code, { x, weight, bias, y }) => {
      callBlocks(code, blocks, [
        x,
        { first: weight, bytes: filterBytes },
        { first: bias, bytes: FLOAT_BYTES },
        { first: y, bytes: channelBytes(output) },
      ]);
    },
    { exported: true },
  );
}

/**
 * For every place of the input, the places of the output that read it and the taps they read it by: pairs of byte
 * offsets (into dy, into weight), and a directory of where each place's pairs begin.
 */
function reachedTable(context: KernelContext, shape: Conv2dShape, gradient: Layout): { directory: number } {
  const { input, output, kernel, stride, padding } = shape;
  const rows = reachedAlong(input.height, output.height, { kernel, stride, padding });
  const columns = reachedAlong(input.width, output.width, { kernel, stride, padding });
  const starts: number[] = [0];
  const pairs: number[] = [];
  for (const reachedRows of rows) {
    for (const reachedColumns of columns) {
      for (const row of reachedRows) {
        for (const column of reachedColumns) {
          pairs.push(placeOffset(gradient, 0, row.place, column.place), (row.tap * kernel + column.tap) * FLOAT_BYTES);
        }
      }
      starts.push(pairs.length * 4);
    }
  }
  const base = context.data.table(pairs);
  return { directory: context.data.table(starts.map((start) => base + start)) };
}

/** For each row (or column) of the input, the rows of the output that read it, and by which row of taps. */
function reachedAlong(
  inputs: number,
  outputs: number,
  { kernel, stride, padding }: Pick<Conv2dShape, "kernel" | "stride" | "padding">,
): { readonly place: number; readonly tap: number }[][] {
  return Array.from({ length: inputs }, (_, input) =>
    Array.from({ length: kernel }, (_, tap) => ({ place: (input + padding - tap) / stride, tap })).filter(
      ({ place }) => Number.isInteger(place) && place >= 0 && place < outputs,
    ),
  );
}

/** Emits (dy, weight, dx, workspace): the gradient of the input over one tile; dy and dx without border. */
function emitBackwardInput(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output, kernel } = shape;
  const dyLayout = { ...output, border: 0 };
  const dxLayout = { ...input, border: 0 };
  const tapsBytes = kernel * kernel * FLOAT_BYTES;
  const filterBytes = input.channels * tapsBytes;
  const places = input.height * input.width;
  const { directory } = reachedTable(context, shape, dyLayout);
  // A few output channels at a time: enough work per table entry, and still a short loop body.
  const unrolled = largestDivisor(output.channels, Math.floor(LARGEST_BODY / (ROWS * PLACE_VECTORS)));

  const blocks = emitChannelBlocks(input.channels, ROWS, (size) =>
    context.module.function(
      `${name}.backwardInput${size}`,
      { dy: "i32", weight: "i32", dx: "i32" },
      (code, { dy, weight, dx }) => {
        const product = new OuterProduct(context, code, size);
        const entry = code.local("i32");
        const start = code.local("i32");
        const pair = code.local("i32");
        const end = code.local("i32");
        const gradient = code.local("i32");
        const filter = code.local("i32");
        code.repeat(output.channels / unrolled, () => {
          code.set(start, dx);
          code.set(entry, i32.const(directory));
          code.set(pair, i32.load(entry));
          code.repeat(places, () => {
            code.set(end, i32.load(entry, 4));
            code.if(i32.ltUnsigned(pair, end), () => {
              product.load(start, (channel) => channel * channelBytes(dxLayout));
              code.while(i32.ltUnsigned(pair, end), () => {
                code.set(gradient, i32.add(dy, i32.load(pair)));
                code.set(filter, i32.add(weight, i32.load(pair, 4)));
                product.accumulate(
                  gradient,
                  unrolled,
                  (channel, vector) => v128.load(gradient, channel * channelBytes(dyLayout) + vector * VECTOR_BYTES),
                  (channel, row) => v128.load32Splat(filter, channel * filterBytes + row * tapsBytes),
                );
                code.increase(pair, 8);
              });
              product.store(start, (channel) => channel * channelBytes(dxLayout));
            });
            code.increase(start, PLACE_BYTES);
            code.increase(entry, 4);
          });
          code.increase(dy, unrolled * channelBytes(dyLayout));
          code.increase(weight, unrolled * filterBytes);
        });
      },
    ),
  );

  return context.module.function(
    `${name}.backwardInput`,
    { dy: "i32", weight: "i32", dx: "i32", workspace: "i32" },
    (code, { dy, weight, dx }) => {
      code.zeroMemory(dx, input.channels * channelBytes(dxLayout));
      callBlocks(code, blocks, [dy, { first: weight, bytes: tapsBytes }, { first: dx, bytes: channelBytes(dxLayout) }]);
    },
    { exported: true },
  );
}

/** Emits (x, dy, dWeight, workspace, kept): the tile's share of the weight gradient, overwritten. */
function emitBackwardWeight(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output, kernel, stride, padding } = shape;
  const dyLayout = { ...output, border: 0 };
  const filterBytes = input.channels * kernel * kernel * FLOAT_BYTES;
  const tapRuns = equalBlocks(kernel, REGISTERS - 2).flatMap(({ size, count, start }) =>
    Array.from({ length: count }, (_, index) => ({ first: start + index * size, taps: size })),
  );

  // One row of taps of one input channel and a block of output channels.
  const tapSums = tapRuns.map(({ first, taps }) => ({
    first,
    blocks: emitChannelBlocks(output.channels, channelsAtOnce(taps), (channels) =>
      context.module.function(
        `${name}.backwardWeight${first}.${channels}`,
        { x: "i32", dy: "i32", dWeight: "i32" },
        (code, { x, dy, dWeight }) => {
          emitTapSums(context, code, {
            taps,
            channels,
            outer: output.height,
            inner: output.width,
            x: { pointer: x, outer: stride * rowBytes(input), inner: stride * PLACE_BYTES, tap: PLACE_BYTES },
            dy: { pointer: dy, inner: PLACE_BYTES, channel: channelBytes(dyLayout) },
            sums: { pointer: dWeight, tap: FLOAT_BYTES, channel: filterBytes },
          });
        },
      ),
    ),
  }));

  return context.module.function(
    `${name}.backwardWeight`,
    { x: "i32", dy: "i32", dWeight: "i32", workspace: "i32", kept: "i32" },
    (code, { x, dy, dWeight }) => {
      const tapRow = code.local("i32");
      code.forRange(0, input.channels, (channel) => {
        code.forRange(0, kernel, (row) => {
          code.set(tapRow, i32.mul(i32.add(i32.mul(channel, kernel), row), kernel * FLOAT_BYTES));
          const source = i32.add(
            i32.add(x, placeOffset(input, 0, -padding, -padding)),
            i32.add(i32.mul(channel, channelBytes(input)), i32.mul(row, rowBytes(input))),
          );
          for (const { first, blocks } of tapSums) {
            callBlocks(code, blocks, [
              i32.add(source, first * PLACE_BYTES),
              { first: dy, bytes: channelBytes(dyLayout) },
              { first: i32.add(i32.add(dWeight, tapRow), first * FLOAT_BYTES), bytes: filterBytes },
            ]);
          }
        });
      });
    },
    { exported: true },
  );
}
