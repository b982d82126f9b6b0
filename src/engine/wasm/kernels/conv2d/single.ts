import {
  type FunctionBuilder,
  type FunctionHandle,
  f32x4,
  i32,
  type Local,
  type Value,
  v128,
} from "../../assembler/index.js";
import { callBlocks, emitChannelBlocks, equalBlocks, largestDivisor } from "../blocks.js";
import { horizontalSum, type KernelContext, ZERO } from "../context.js";
import type { ActivationKind, PassCode, PlacedLayer } from "../layerKernels.js";
import {
  channelBytes,
  FLOAT_BYTES,
  type Layout,
  placeOffset,
  roundUp,
  rowBytes,
  VECTOR_BYTES,
  VECTOR_LANES,
} from "../layout.js";
import { OuterProduct, ROWS } from "../outerProduct.js";
import {
  columnStarts,
  emitWeightedRows,
  firstLanes,
  LISTED_SUMS,
  loadWithoutRepeated,
  NonzeroList,
  storeActivated,
} from "../singleSample.js";
import { type Conv2dShape, emitTapTable } from "./shape.js";

/** The most vectors of a row of gradients that a loop body takes: 32 columns. */
const MOST_ROW_VECTORS = 8;

/** A convolution of one sample; undefined unless a vector can hold neighbouring columns. */
export function emitSingleConv2d(
  context: KernelContext,
  name: string,
  shape: Conv2dShape,
  { parameters: [weight, bias] }: Pick<PlacedLayer, "parameters">,
  activation: ActivationKind | undefined,
): PassCode | undefined {
  if (shape.stride !== 1 || shape.output.width < VECTOR_LANES) return undefined;
  const forward = emitForward(context, `${name}.forward`, shape, activation);
  return {
    forward: [
      { kernel: forward, operands: ({ x, y, weights }) => [x, weights + weight.offset, weights + bias.offset, y] },
    ],
  };
}

/**
 * Its gradients. Two pairs of kernels compute them: sparse ones, which list those that are not zero, and dense ones, which
 * take all, vector by vector.
 *
 * @param mostlyZero most of the gradients of the output are zero
 */
export function emitSingleConv2dGradients(
  context: KernelContext,
  name: string,
  shape: Conv2dShape,
  { parameters: [weight] }: Pick<PlacedLayer, "parameters">,
  mostlyZero: boolean,
): Required<Pick<PassCode, "workspaceBytes" | "parameterGradients" | "inputGradient">> {
  const sparse = mostlyZero || columnStarts(shape.output.width).length > MOST_ROW_VECTORS;
  const [emitWeight, emitInput] = sparse
    ? [emitSparseBackwardWeight, emitSparseBackwardInput]
    : [emitDenseBackwardWeight, emitDenseBackwardInput];
  const backwardWeight = emitWeight(context, `${name}.backwardWeight`, shape);
  const backwardInput = emitInput(context, `${name}.backwardInput`, shape);
  return {
    workspaceBytes: sparse
      ? Math.max(channelList(shape).bytes, placeList(shape).bytes + windowBytes(shape))
      : windowsAtOnce(shape) * windowBytes(shape),
    parameterGradients: [
      {
        kernel: backwardWeight,
        operands: ({ x, dy, workspace, inBatch: [share] }) => [x, dy, share, i32.add(share, weight.bytes), workspace],
      },
    ],
    inputGradient: [
      {
        kernel: backwardInput,
        operands: ({ dx, dy, weights, workspace }) => [dy, weights + weight.offset, dx, workspace],
      },
    ],
  };
}

/** Emits (x, weight, bias, y): two vectors of places and up to six output channels at a time. */
function emitForward(
  context: KernelContext,
  name: string,
  shape: Conv2dShape,
  activation: ActivationKind | undefined,
): FunctionHandle {
  const { output } = shape;
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
              (tap, channel) => v128.load32Splat(taken, channel * filterBytes(shape) + tap * FLOAT_BYTES),
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
        { first: weight, bytes: filterBytes(shape) },
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

/** Output channels whose weight gradients are summed side by side. */
const CHANNELS_AT_ONCE = 2;

/** Emits (x, dy, dWeight, dBias, workspace): for each tap, the rows of dy times those of the input, columns in the lanes. */
function emitDenseBackwardWeight(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output, padding } = shape;
  const blocks = emitChannelBlocks(output.channels, CHANNELS_AT_ONCE, (size) =>
    emitDenseWeightBlock(context, `${name}.${size}`, shape, size),
  );
  return context.module.function(
    name,
    { x: "i32", dy: "i32", dWeight: "i32", dBias: "i32", workspace: "i32" },
    (code, { x, dy, dWeight, dBias }) => {
      callBlocks(code, blocks, [
        i32.add(x, placeOffset(input, 0, -padding, -padding)),
        { first: i32.add(dy, placeOffset(output, 0, 0, 0)), bytes: channelBytes(output) },
        { first: dWeight, bytes: filterBytes(shape) },
        { first: dBias, bytes: FLOAT_BYTES },
      ]);
    },
  );
}

/** Emits (x, dy, dWeight, dBias): the gradients of some neighbouring output channels' filters and biases. */
function emitDenseWeightBlock(
  context: KernelContext,
  name: string,
  shape: Conv2dShape,
  channels: number,
): FunctionHandle {
  const { input, output, kernel } = shape;
  const starts = columnStarts(output.width);
  return context.module.function(
    name,
    { x: "i32", dy: "i32", dWeight: "i32", dBias: "i32" },
    (code, { x, dy, dWeight, dBias }) => {
      const source = code.local("i32");
      const gradient = code.local("i32");
      emitBiasSums(code, shape, channels, { dy, dBias });
      const emitTaps = (taps: number) => {
        const product = new OuterProduct(context, code, taps, channels);
        product.start(() => ZERO);
        code.set(source, x);
        code.set(gradient, dy);
        code.repeat(output.height, () => {
          product.accumulate(
            source,
            starts.length,
            (index, channel) => loadGradients(gradient, output, index, channel),
            (index, tap) => v128.load(source, (starts[index] + tap) * FLOAT_BYTES),
          );
          code.increase(source, rowBytes(input));
          code.increase(gradient, rowBytes(output));
        });
        product.accumulators.forEach((sums, tap) => {
          sums.forEach((sum, channel) => {
            code.store(dWeight, horizontalSum(code, sum), channel * filterBytes(shape) + tap * FLOAT_BYTES);
          });
        });
        code.increase(x, taps * FLOAT_BYTES);
        code.increase(dWeight, taps * FLOAT_BYTES);
      };
      code.repeat(input.channels, () => {
        code.repeat(kernel, () => {
          for (const { size, count } of equalBlocks(kernel, ROWS)) code.repeat(count, () => emitTaps(size));
          code.increase(x, rowBytes(input) - kernel * FLOAT_BYTES);
        });
        code.increase(x, channelBytes(input) - kernel * rowBytes(input));
      });
    },
  );
}

/** Stores the sums of some neighbouring channels' gradients. */
function emitBiasSums(
  code: FunctionBuilder,
  { output }: Conv2dShape,
  channels: number,
  { dy, dBias }: Record<"dy" | "dBias", Local<"i32">>,
): void {
  const gradient = code.local("i32", dy);
  const sums = Array.from({ length: channels }, () => code.local("v128", ZERO));
  code.repeat(output.height, () => {
    for (const index of columnStarts(output.width).keys()) {
      sums.forEach((sum, channel) => {
        code.set(sum, f32x4.add(sum, loadGradients(gradient, output, index, channel)));
      });
    }
    code.increase(gradient, rowBytes(output));
  });
  sums.forEach((sum, channel) => {
    code.store(dBias, horizontalSum(code, sum), channel * FLOAT_BYTES);
  });
}

/** One of a row's vectors; zero in the columns that the vector before it has too. */
function loadGradients(row: Local<"i32">, output: Layout, index: number, channel: number): Value<"v128"> {
  return loadWithoutRepeated(row, output.width, index, channel * channelBytes(output));
}

/** Neighbouring places whose windows are summed side by side. */
function windowsAtOnce({ output }: Conv2dShape): number {
  return largestDivisor(output.width, 2);
}

/** Emits (dy, weight, dx, workspace): for each place, all filters times their gradients there, added to the place's window. */
function emitDenseBackwardInput(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output, padding } = shape;
  const places = windowsAtOnce(shape);
  const weightedFilters = emitWeightedFilters(context, `${name}.filters`, shape);
  const addWindow = emitAddWindow(context, `${name}.window`, shape);
  return context.module.function(
    name,
    { dy: "i32", weight: "i32", dx: "i32", workspace: "i32" },
    (code, { dy, weight, dx, workspace }) => {
      code.zeroMemory(dx, input.channels * channelBytes(input));
      code.increase(dx, placeOffset(input, 0, -padding, -padding));
      code.increase(dy, placeOffset(output, 0, 0, 0));
      code.repeat(output.height, () => {
        code.repeat(output.width / places, () => {
          code.call(weightedFilters, dy, weight, workspace);
          for (let place = 0; place < places; place++) {
            code.call(addWindow, i32.add(workspace, place * windowBytes(shape)), dx);
            code.increase(dx, FLOAT_BYTES);
          }
          code.increase(dy, places * FLOAT_BYTES);
        });
        code.increase(dy, rowBytes(output) - output.width * FLOAT_BYTES);
        code.increase(dx, rowBytes(input) - output.width * FLOAT_BYTES);
      });
    },
  );
}

/** Output channels in a loop body of the filters' sum. */
const FILTERS_AT_ONCE = 4;

/** Emits (dy, weight, windows): the sum of all filters, each times its channel's gradient, for places side by side. */
function emitWeightedFilters(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { output } = shape;
  const places = windowsAtOnce(shape);
  const unrolled = largestDivisor(output.channels, FILTERS_AT_ONCE);
  return context.module.function(
    name,
    { dy: "i32", weight: "i32", windows: "i32" },
    (code, { dy, weight, windows }) => {
      const gradient = code.local("i32");
      const filter = code.local("i32");
      const end = code.local("i32", i32.add(dy, output.channels * channelBytes(output)));
      for (const { size, count } of equalBlocks(Math.ceil(filterBytes(shape) / VECTOR_BYTES), ROWS)) {
        const product = new OuterProduct(context, code, size, places);
        code.repeat(count, () => {
          product.start(() => ZERO);
          code.set(gradient, dy);
          code.set(filter, weight);
          code.while(i32.ltUnsigned(gradient, end), () => {
            product.accumulate(
              filter,
              unrolled,
              (channel, place) => v128.load32Splat(gradient, channel * channelBytes(output) + place * FLOAT_BYTES),
              (channel, vector) => v128.load(filter, channel * filterBytes(shape) + vector * VECTOR_BYTES),
            );
            code.increase(gradient, unrolled * channelBytes(output));
            code.increase(filter, unrolled * filterBytes(shape));
          });
          product.accumulators.forEach((sums, vector) => {
            sums.forEach((sum, place) => {
              code.store(windows, sum, place * windowBytes(shape) + vector * VECTOR_BYTES);
            });
          });
          code.increase(weight, size * VECTOR_BYTES);
          code.increase(windows, size * VECTOR_BYTES);
        });
      }
    },
  );
}

/** The vectors that a row of taps takes. */
function tapVectors({ kernel }: Conv2dShape): number {
  return Math.ceil(kernel / VECTOR_LANES);
}

/** The gradients of one output channel, with the offsets of their windows in the input. */
function channelList({ output }: Conv2dShape): NonzeroList {
  return new NonzeroList(output.height * output.width);
}

/** The gradients of one place, with the offsets of their filters. */
function placeList({ output }: Conv2dShape): NonzeroList {
  return new NonzeroList(output.channels);
}

/** Bytes of the weights of one output channel. */
function filterBytes({ input, kernel }: Conv2dShape): number {
  return input.channels * kernel * kernel * FLOAT_BYTES;
}

/** Bytes of the gradients of one window of the input, as a filter's weights lie. */
function windowBytes(shape: Conv2dShape): number {
  return roundUp(filterBytes(shape), VECTOR_BYTES) + VECTOR_BYTES;
}

/** Stores the first lanes of a vector. */
function storeLanes(
  code: FunctionBuilder,
  pointer: Local<"i32">,
  vector: Local<"v128">,
  lanes: number,
  offset: number,
) {
  if (lanes >= VECTOR_LANES) {
    code.store(pointer, vector, offset);
    return;
  }
  for (let lane = 0; lane < lanes; lane++) {
    code.store(pointer, f32x4.extractLane(vector, lane), offset + lane * FLOAT_BYTES);
  }
}

/**
 * Emits (x, dy, dWeight, dBias, workspace): for each output channel, the gradients that are not zero times their windows,
 * a vector of neighbouring taps at a time.
 */
function emitSparseBackwardWeight(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output, kernel, padding } = shape;
  const list = channelList(shape);
  const vectors = tapVectors(shape);
  const tapRows = equalBlocks(kernel, Math.max(1, Math.floor(LISTED_SUMS / vectors)));
  const sumRows = tapRows.map(({ size }) =>
    context.module.function(
      `${name}.${size}`,
      { start: "i32", end: "i32", x: "i32", dWeight: "i32" },
      (code, { start, end, x, dWeight }) => {
        const product = new OuterProduct(context, code, size * vectors, 1);
        const window = code.local("i32");
        product.start(() => ZERO);
        list.forEach(code, start, end, (gradient, offset) => {
          code.set(window, i32.add(x, offset));
          product.accumulate(
            window,
            1,
            () => gradient,
            (_, index) =>
              v128.load(window, Math.floor(index / vectors) * rowBytes(input) + (index % vectors) * VECTOR_BYTES),
          );
        });
        product.accumulators.forEach(([sum], index) => {
          const first = (index % vectors) * VECTOR_LANES;
          const tap = Math.floor(index / vectors) * kernel + first;
          storeLanes(code, dWeight, sum, kernel - first, tap * FLOAT_BYTES);
        });
      },
    ),
  );
  return context.module.function(
    name,
    { x: "i32", dy: "i32", dWeight: "i32", dBias: "i32", workspace: "i32" },
    (code, { x, dy, dWeight, dBias, workspace }) => {
      const end = code.local("i32");
      const offset = code.local("i32");
      const window = code.local("i32");
      code.increase(x, placeOffset(input, 0, -padding, -padding));
      code.increase(dy, placeOffset(output, 0, 0, 0));
      code.repeat(output.channels, () => {
        code.set(end, workspace);
        code.set(offset, i32.const(0));
        emitListChannel(code, shape, list, { dy, end, offset });
        emitSumList(code, { start: workspace, end, target: dBias });
        code.increase(dBias, FLOAT_BYTES);
        code.set(window, x);
        code.repeat(input.channels, () => {
          tapRows.forEach(({ size, count }, index) => {
            code.repeat(count, () => {
              code.call(sumRows[index], workspace, end, window, dWeight);
              code.increase(window, size * rowBytes(input));
              code.increase(dWeight, size * kernel * FLOAT_BYTES);
            });
          });
          code.increase(window, channelBytes(input) - kernel * rowBytes(input));
        });
      });
    },
  );
}

/** Columns of a row that are listed in one loop body. */
const COLUMNS_AT_ONCE = 7;

/** Lists the gradients of one channel, and leaves dy at the next one. */
function emitListChannel(
  code: FunctionBuilder,
  { input, output }: Conv2dShape,
  list: NonzeroList,
  { dy, end, offset }: Record<"dy" | "end" | "offset", Local<"i32">>,
): void {
  const columns = largestDivisor(output.width, COLUMNS_AT_ONCE);
  code.repeat(output.height, () => {
    code.repeat(output.width / columns, () => {
      for (let column = 0; column < columns; column++) {
        list.append(code, end, dy, column * FLOAT_BYTES, i32.add(offset, column * FLOAT_BYTES));
      }
      code.increase(dy, columns * FLOAT_BYTES);
      code.increase(offset, columns * FLOAT_BYTES);
    });
    code.increase(dy, rowBytes(output) - output.width * FLOAT_BYTES);
    code.increase(offset, rowBytes(input) - output.width * FLOAT_BYTES);
  });
  code.increase(dy, channelBytes(output) - output.height * rowBytes(output));
}

/** Stores the sum of a list's gradients. */
function emitSumList(
  code: FunctionBuilder,
  { start, end, target }: Record<"start" | "end" | "target", Local<"i32">>,
): void {
  const sum = code.local("v128", ZERO);
  const entries = code.local("i32", start);
  code.set(sum, ZERO);
  code.store(end, ZERO);
  code.while(i32.ltUnsigned(entries, end), () => {
    code.set(sum, f32x4.add(sum, v128.load(entries)));
    code.increase(entries, VECTOR_BYTES);
  });
  code.store(target, horizontalSum(code, sum));
}

/**
 * Emits (dy, weight, dx, workspace): for each place of the output, the filters whose gradient there is not zero, times it,
 * added to the place's window.
 */
function emitSparseBackwardInput(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output, padding } = shape;
  const list = placeList(shape);
  const weightedRows = emitWeightedRows(context, `${name}.filters`, list, Math.ceil(filterBytes(shape) / VECTOR_BYTES));
  const addWindow = emitAddWindow(context, `${name}.window`, shape);
  return context.module.function(
    name,
    { dy: "i32", weight: "i32", dx: "i32", workspace: "i32" },
    (code, { dy, weight, dx, workspace }) => {
      const window = code.local("i32", i32.add(workspace, list.bytes));
      const end = code.local("i32");
      const gradient = code.local("i32");
      const filter = code.local("i32");
      code.zeroMemory(dx, input.channels * channelBytes(input));
      code.increase(dx, placeOffset(input, 0, -padding, -padding));
      code.increase(dy, placeOffset(output, 0, 0, 0));
      code.repeat(output.height, () => {
        code.repeat(output.width, () => {
          code.set(end, workspace);
          code.set(gradient, dy);
          code.set(filter, i32.const(0));
          code.repeat(output.channels, () => {
            list.append(code, end, gradient, 0, filter);
            code.increase(gradient, channelBytes(output));
            code.increase(filter, filterBytes(shape));
          });
          code.if(i32.ne(end, workspace), () => {
            code.call(weightedRows, workspace, end, weight, window);
            code.call(addWindow, window, dx);
          });
          code.increase(dy, FLOAT_BYTES);
          code.increase(dx, FLOAT_BYTES);
        });
        code.increase(dy, rowBytes(output) - output.width * FLOAT_BYTES);
        code.increase(dx, rowBytes(input) - output.width * FLOAT_BYTES);
      });
    },
  );
}

/** Emits (window, dx): adds the gradients of a window to those of the input at its place. */
function emitAddWindow(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, kernel } = shape;
  return context.module.function(name, { window: "i32", dx: "i32" }, (code, { window, dx }) => {
    code.repeat(input.channels, () => {
      for (let row = 0; row < kernel; row++) {
        for (let first = 0; first < kernel; first += VECTOR_LANES) {
          const lanes = kernel - first;
          const taps = v128.load(window, (row * kernel + first) * FLOAT_BYTES);
          const offset = row * rowBytes(input) + first * FLOAT_BYTES;
          const added = lanes < VECTOR_LANES ? v128.and(taps, firstLanes(lanes)) : taps;
          code.store(dx, f32x4.add(v128.load(dx, offset), added), offset);
        }
      }
      code.increase(window, kernel * kernel * FLOAT_BYTES);
      code.increase(dx, channelBytes(input));
    });
  });
}
