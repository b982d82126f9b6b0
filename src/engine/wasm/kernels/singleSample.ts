import {
  type FunctionBuilder,
  type FunctionHandle,
  f32x4,
  i32,
  type Local,
  type Value,
  v128,
} from "../assembler/index.js";
import { ACTIVATIONS, type ActivationKind } from "./activation.js";
import { type KernelContext, ZERO } from "./context.js";
import { type Conv2dShape, emitTapTable } from "./conv2d.js";
import {
  channelBytes,
  equalBlocks,
  FLOAT_BYTES,
  largestDivisor,
  placeOffset,
  rowBytes,
  VECTOR_BYTES,
  VECTOR_LANES,
} from "./layout.js";
import { type LinearShape, paddedFeatures } from "./linear.js";
import { OuterProduct, ROWS } from "./outerProduct.js";
import type { Pool2dShape } from "./pool2d.js";

/*
 * The forward pass of one sample by itself, which in a tile would wait for seven that are not there. Layouts have
 * `samples: 1`, so that a vector holds four neighbouring columns; the last vector of a row starts early enough to end
 * with it, and computes some places a second time.
 */

/** Inner products of a linear layer that are summed side by side: enough to hide the latency of a multiply-add. */
const LINEAR_ROWS = 8;
/** Vectors that an activation takes at once. */
const ACTIVATED_AT_ONCE = 4;

/** Whether there is a kernel for a convolution: its vectors take neighbouring columns. */
export function convolvesSingle({ stride, output }: Conv2dShape): boolean {
  return stride === 1 && output.width >= VECTOR_LANES;
}

/** Whether there is a kernel for a pooling: it takes even and odd columns apart. */
export function poolsSingle({ kernel, stride, output }: Omit<Pool2dShape, "activation">): boolean {
  return kernel === 2 && stride === 2 && output.width >= VECTOR_LANES;
}

/** The columns that the vectors of a row start at. */
function columnStarts(width: number): number[] {
  return Array.from({ length: Math.ceil(width / VECTOR_LANES) }, (_, index) =>
    Math.min(index * VECTOR_LANES, width - VECTOR_LANES),
  );
}

/** Stores vectors, with the activation applied where there is one. */
function storeActivated(
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

/** Emits (x, weight, bias, y): a convolution, two vectors of places and up to six output channels at a time. */
export function emitSingleConv2d(
  context: KernelContext,
  name: string,
  shape: Conv2dShape,
  activation: ActivationKind | undefined,
): FunctionHandle {
  const { input, output, kernel } = shape;
  const filterBytes = input.channels * kernel * kernel * FLOAT_BYTES;
  const { taps, table, tableEnd } = emitTapTable(context, shape);
  const places = Array.from({ length: output.height }, (_, row) =>
    columnStarts(output.width).map((column) => ({
      // The table of taps counts from the first place inside the border.
      x: row * rowBytes(input) + column * FLOAT_BYTES,
      y: placeOffset(output, 0, row, column),
    })),
  ).flat();
  const pairs: number[] = [];
  for (let next = 0; next < places.length; next += 2) {
    // The last place of an odd number has the one before it computed again.
    const [first, second] = [places[Math.min(next, Math.max(0, places.length - 2))], places[next + 1] ?? places[next]];
    pairs.push(first.x, second.x, first.y, second.y);
  }
  const firstPair = context.data.table(pairs);
  const pairBytes = 4 * 4;

  const runs = equalBlocks(output.channels, ROWS).map((run) => ({
    run,
    block: context.module.function(
      `${name}.${run.size}`,
      { x: "i32", weight: "i32", bias: "i32", y: "i32" },
      (code, { x, weight, bias, y }) => {
        const product = new OuterProduct(context, code, run.size);
        const pair = code.local("i32", i32.const(firstPair));
        const windows = [code.local("i32"), code.local("i32")];
        const sources = [code.local("i32"), code.local("i32")];
        const targets = [code.local("i32"), code.local("i32")];
        const taken = code.local("i32");
        const offset = code.local("i32");
        const end = firstPair + (pairs.length / 4) * pairBytes;
        code.while(i32.ltUnsigned(pair, end), () => {
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
          code.increase(pair, pairBytes);
        });
      },
    ),
  }));
  return context.module.function(
    name,
    { x: "i32", weight: "i32", bias: "i32", y: "i32" },
    (code, { x, weight, bias, y }) => {
      for (const { run, block } of runs) {
        code.repeat(run.count, () => {
          code.call(block, x, weight, bias, y);
          code.increase(weight, run.size * filterBytes);
          code.increase(bias, run.size * FLOAT_BYTES);
          code.increase(y, run.size * channelBytes(output));
        });
      }
    },
  );
}

/** Emits (x, y): a pooling of 2 × 2. */
export function emitSinglePool2d(
  context: KernelContext,
  name: string,
  { kind, input, output }: Pool2dShape,
): FunctionHandle {
  const share = context.data.splat(1 / 4);
  const combine = kind === "max" ? f32x4.pmax : f32x4.add;
  return context.module.function(name, { x: "i32", y: "i32" }, (code, { x, y }) => {
    const halves = [code.local("v128"), code.local("v128")];
    code.increase(x, placeOffset(input, 0, 0, 0));
    code.increase(y, placeOffset(output, 0, 0, 0));
    code.repeat(output.channels, () => {
      code.repeat(output.height, () => {
        for (const column of columnStarts(output.width)) {
          halves.forEach((half, index) => {
            const offset = 2 * column * FLOAT_BYTES + index * VECTOR_BYTES;
            code.set(half, combine(v128.load(x, offset), v128.load(x, offset + rowBytes(input))));
          });
          const [even, odd] = [0, 1].map((first) =>
            v128.shuffle32(halves[0], halves[1], [first, first + 2, first + 4, first + 6]),
          );
          const combined = combine(even, odd);
          code.store(y, kind === "max" ? combined : f32x4.mul(combined, share), column * FLOAT_BYTES);
        }
        code.increase(x, 2 * rowBytes(input));
        code.increase(y, rowBytes(output));
      });
      code.increase(x, channelBytes(input) - output.height * 2 * rowBytes(input));
      code.increase(y, channelBytes(output) - output.height * rowBytes(output));
    });
  });
}

/** Emits (x, weight, bias, y): inner products of the input with the rows of the weight; y may be written past its end. */
export function emitSingleLinear(
  context: KernelContext,
  name: string,
  { inFeatures, outFeatures }: LinearShape,
  activation: ActivationKind | undefined,
): FunctionHandle {
  const weightRowBytes = paddedFeatures(inFeatures) * FLOAT_BYTES;
  const vectors = weightRowBytes / VECTOR_BYTES;
  const unrolled = largestDivisor(vectors, 4);
  const rows = Math.min(LINEAR_ROWS, outFeatures);
  const block = context.module.function(
    `${name}.${rows}`,
    { x: "i32", weight: "i32", bias: "i32", y: "i32" },
    (code, { x, weight, bias, y }) => {
      const product = new OuterProduct(context, code, rows, 1);
      const end = code.local("i32", i32.add(x, weightRowBytes));
      code.while(i32.ltUnsigned(x, end), () => {
        product.accumulate(
          x,
          unrolled,
          (vector) => v128.load(x, vector * VECTOR_BYTES),
          (vector, row) => v128.load(weight, row * weightRowBytes + vector * VECTOR_BYTES),
        );
        code.increase(x, unrolled * VECTOR_BYTES);
        code.increase(weight, unrolled * VECTOR_BYTES);
      });
      const sums = product.accumulators.map(([sum]) => sum);
      const stores = Array.from({ length: Math.ceil(rows / VECTOR_LANES) }, (_, index) => {
        const lanes = Array.from({ length: VECTOR_LANES }, (_, lane) => sums[index * VECTOR_LANES + lane] ?? ZERO);
        const offset = index * VECTOR_BYTES;
        const value = code.local("v128", f32x4.add(horizontalSums(code, lanes), v128.load(bias, offset)));
        return { value, pointer: y, offset };
      });
      storeActivated(context, code, activation, stores);
    },
  );
  return context.module.function(
    name,
    { x: "i32", weight: "i32", bias: "i32", y: "i32" },
    (code, { x, weight, bias, y }) => {
      const callAndAdvance = (advance: number) => {
        code.call(block, x, weight, bias, y);
        code.increase(weight, advance * weightRowBytes);
        code.increase(bias, advance * FLOAT_BYTES);
        code.increase(y, advance * FLOAT_BYTES);
      };
      const blocks = Math.floor(outFeatures / rows);
      const rest = outFeatures % rows;
      if (blocks > 1) code.repeat(blocks - 1, () => callAndAdvance(rows));
      callAndAdvance(rest);
      // The last rows start early enough to end with the layer.
      if (rest > 0) code.call(block, x, weight, bias, y);
    },
  );
}

/** The sums of four vectors' lanes as one vector. */
function horizontalSums(code: FunctionBuilder, [a, b, c, d]: readonly Value<"v128">[]): Value<"v128"> {
  const pairSums = (left: Value<"v128">, right: Value<"v128">) =>
    code.local("v128", f32x4.add(v128.shuffle32(left, right, [0, 4, 1, 5]), v128.shuffle32(left, right, [2, 6, 3, 7])));
  const [low, high] = [pairSums(a, b), pairSums(c, d)];
  return f32x4.add(v128.shuffle32(low, high, [0, 1, 4, 5]), v128.shuffle32(low, high, [2, 3, 6, 7]));
}
