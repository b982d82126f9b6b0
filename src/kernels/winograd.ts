import { type FunctionBuilder, type FunctionHandle, f32x4, i32, type Local, v128 } from "../wasm/index.js";
import { type KernelContext, multiplyAdd, negativeMultiplyAdd, ZERO } from "./context.js";
import type { Conv2dShape } from "./conv2d.js";
import {
  channelBytes,
  equalBlocks,
  FLOAT_BYTES,
  largestDivisor,
  PLACE_BYTES,
  PLACE_VECTORS,
  placeOffset,
  roundUp,
  rowBytes,
  VECTOR_BYTES,
} from "./layout.js";
import { LARGEST_BODY, OuterProduct, ROWS } from "./outerProduct.js";

/*
 * Winograd's minimal filtering F(2, 5) along the rows (Lavin and Gray, "Fast Algorithms for Convolutional Neural
 * Networks", 2015): two neighbouring outputs of a row of five taps from six products instead of ten,
 * y = Aᵀ [(G g) ⊙ (Bᵀ d)], at the points 0, ±1, ±2 and ∞. Rows of taps and channels are summed between the transforms, so
 * one sum has a fifth of the direct one's terms, and its rounding error is no larger.
 */

const TAPS = 5;
/** Outputs of a row that are computed together. */
const OUTPUTS = 2;
/** Inputs that they read, and products that they take. */
const POINTS = TAPS + OUTPUTS - 1;

/** G: what becomes of a row of taps. */
const WEIGHT_TRANSFORM = [
  [1 / 4, 0, 0, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6, 1 / 3, 2 / 3],
  [1 / 24, -1 / 12, 1 / 6, -1 / 3, 2 / 3],
  [0, 0, 0, 0, 1],
];

/** Bytes of a transformed row of taps: two vectors, of which the last two lanes are empty. */
const WEIGHT_ROW_BYTES = 2 * VECTOR_BYTES;
/** Bytes of the transformed inputs of one row and channel. */
const POINTS_BYTES = POINTS * PLACE_BYTES;

/** Whether a convolution's forward pass is faster this way: with several channels to sum between the transforms. */
export function usesWinograd({ input, output, kernel, stride }: Conv2dShape): boolean {
  return kernel === TAPS && stride === 1 && output.width % OUTPUTS === 0 && input.channels > 1;
}

/** Where the parts of the workspace lie, in bytes from its start. */
function workspaceParts({ input, output, kernel, padding }: Conv2dShape) {
  const rows = input.height + 2 * padding;
  const windows = output.width / OUTPUTS;
  const weights = 0;
  const inputs = output.channels * kernel * input.channels * WEIGHT_ROW_BYTES;
  const products = inputs + windows * rows * input.channels * POINTS_BYTES;
  const end = products + POINTS * ROWS * PLACE_BYTES;
  return { rows, windows, weights, inputs, products, end };
}

/** Bytes of memory that the kernel needs for itself. */
export function winogradWorkspaceBytes(shape: Conv2dShape): number {
  return roundUp(workspaceParts(shape).end, VECTOR_BYTES);
}

/** Emits (x, weight, bias, y, workspace): the forward pass over one tile, as the direct convolution's but for rounding. */
export function emitWinogradForward(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output } = shape;
  const parts = workspaceParts(shape);
  const transformWeights = emitWeightTransform(context, name, shape);
  const transformInputs = emitInputTransform(context, name, shape);
  const filterBytes = TAPS * input.channels * WEIGHT_ROW_BYTES;
  const runs = equalBlocks(output.channels, ROWS).map((run) => ({
    run,
    block: emitBlock(context, name, shape, run.size),
  }));
  return context.module.function(
    `${name}.forward`,
    { x: "i32", weight: "i32", bias: "i32", y: "i32", workspace: "i32" },
    (code, { x, weight, bias, y, workspace }) => {
      const inputs = code.local("i32", i32.add(workspace, parts.inputs));
      code.call(transformWeights, weight, workspace);
      code.call(transformInputs, x, inputs);
      code.increase(y, placeOffset(output, 0, 0, 0));
      const filters = code.local("i32");
      const filterBias = code.local("i32");
      const target = code.local("i32");
      code.repeat(parts.windows, () => {
        code.repeat(output.height, () => {
          code.set(filters, workspace);
          code.set(filterBias, bias);
          code.set(target, y);
          for (const { run, block } of runs) {
            code.repeat(run.count, () => {
              code.call(block, inputs, filters, filterBias, i32.add(workspace, parts.products), target);
              code.increase(filters, run.size * filterBytes);
              code.increase(filterBias, run.size * FLOAT_BYTES);
              code.increase(target, run.size * channelBytes(output));
            });
          }
          code.increase(inputs, input.channels * POINTS_BYTES);
          code.increase(y, rowBytes(output));
        });
        code.increase(inputs, (parts.rows - output.height) * input.channels * POINTS_BYTES);
        code.increase(y, OUTPUTS * PLACE_BYTES - output.height * rowBytes(output));
      });
    },
    { exported: true },
  );
}

/** (weight, target): G g of every row of taps, [out][in][row] to [out][row][in][8], the points side by side in vectors. */
function emitWeightTransform(context: KernelContext, name: string, { input, output }: Conv2dShape): FunctionHandle {
  const column = (tap: number, first: number) =>
    context.data.vector(Array.from({ length: 4 }, (_, lane) => WEIGHT_TRANSFORM[first + lane]?.[tap] ?? 0));
  return context.module.function(
    `${name}.transformWeights`,
    { weight: "i32", target: "i32" },
    (code, { weight, target }) => {
      const taps = Array.from({ length: TAPS }, () => code.local("v128"));
      const points = code.local("v128");
      code.repeat(output.channels, () => {
        code.repeat(input.channels, () => {
          code.repeat(TAPS, () => {
            taps.forEach((tap, index) => {
              code.set(tap, v128.load32Splat(weight, index * FLOAT_BYTES));
            });
            for (const first of [0, 4]) {
              code.set(points, f32x4.mul(taps[0], column(0, first)));
              taps.slice(1).forEach((tap, index) => {
                code.set(points, multiplyAdd(context, tap, column(index + 1, first), points));
              });
              code.store(target, points, first * FLOAT_BYTES);
            }
            code.increase(weight, TAPS * FLOAT_BYTES);
            code.increase(target, input.channels * WEIGHT_ROW_BYTES);
          });
          code.increase(target, WEIGHT_ROW_BYTES - TAPS * input.channels * WEIGHT_ROW_BYTES);
        });
        code.increase(target, (TAPS - 1) * input.channels * WEIGHT_ROW_BYTES);
      });
    },
  );
}

/** (x, target): Bᵀ d of every window of six columns, [channel][row][window] to [window][row][channel][point]. */
function emitInputTransform(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, padding } = shape;
  const { rows, windows } = workspaceParts(shape);
  const { data } = context;
  return context.module.function(`${name}.transformInputs`, { x: "i32", target: "i32" }, (code, { x, target }) => {
    const [two, four] = [2, 4].map((value) => code.local("v128", data.splat(value)));
    const inputs = Array.from({ length: POINTS }, () => code.local("v128"));
    code.increase(x, placeOffset(input, 0, -padding, -padding));
    const source = code.local("i32");
    code.repeat(windows, () => {
      code.repeat(rows, () => {
        code.set(source, x);
        code.repeat(input.channels, () => {
          for (let vector = 0; vector < PLACE_VECTORS; vector++) {
            inputs.forEach((local, column) => {
              code.set(local, v128.load(source, column * PLACE_BYTES + vector * VECTOR_BYTES));
            });
            transformWindow(context, code, inputs, { two, four }).forEach((point, index) => {
              code.store(target, point, index * PLACE_BYTES + vector * VECTOR_BYTES);
            });
          }
          code.increase(source, channelBytes(input));
          code.increase(target, POINTS_BYTES);
        });
        code.increase(x, rowBytes(input));
      });
      code.increase(x, OUTPUTS * PLACE_BYTES - rows * rowBytes(input));
    });
  });
}

/** Bᵀ d: (4, 0, −5, 0, 1, 0), (0, ∓4, −4, ±1, 1, 0), (0, ∓2, −1, ±2, 1, 0), (0, 4, 0, −5, 0, 1). */
function transformWindow(
  context: KernelContext,
  code: FunctionBuilder,
  [d0, d1, d2, d3, d4, d5]: readonly Local<"v128">[],
  { two, four }: Record<"two" | "four", Local<"v128">>,
) {
  const even = code.local("v128", f32x4.sub(d4, d2));
  const odd = code.local("v128", f32x4.sub(d3, d1));
  const evenOfOne = code.local("v128", negativeMultiplyAdd(context, four, d2, d4));
  const oddOfOne = code.local("v128", negativeMultiplyAdd(context, four, d1, d3));
  return [
    multiplyAdd(context, four, f32x4.sub(d0, d2), even),
    f32x4.add(evenOfOne, oddOfOne),
    f32x4.sub(evenOfOne, oddOfOne),
    multiplyAdd(context, two, odd, even),
    negativeMultiplyAdd(context, two, odd, even),
    negativeMultiplyAdd(context, four, odd, f32x4.sub(d5, d3)),
  ];
}

/** (inputs, filters, bias, products, y): two neighbouring outputs of a few channels. */
function emitBlock(context: KernelContext, name: string, { input, output }: Conv2dShape, channels: number) {
  const filterBytes = TAPS * input.channels * WEIGHT_ROW_BYTES;
  const sums = TAPS * input.channels;
  const unrolled = largestDivisor(sums, Math.floor(LARGEST_BODY / (channels * PLACE_VECTORS)));
  return context.module.function(
    `${name}.winograd${channels}`,
    { inputs: "i32", filters: "i32", bias: "i32", products: "i32", y: "i32" },
    (code, { inputs, filters, bias, products, y }) => {
      const product = new OuterProduct(context, code, channels);
      const source = code.local("i32");
      const taken = code.local("i32");
      const end = code.local("i32", i32.add(inputs, sums * POINTS_BYTES));
      const productOffset = (point: number, channel: number) => (point * channels + channel) * PLACE_BYTES;
      for (let point = 0; point < POINTS; point++) {
        // The first product goes into the first output alone and the last into the second: they bring the bias.
        const biased = point === 0 || point === POINTS - 1;
        product.start((channel) => (biased ? v128.load32Splat(bias, channel * FLOAT_BYTES) : ZERO));
        code.set(source, inputs);
        code.set(taken, filters);
        code.while(i32.ltUnsigned(source, end), () => {
          product.accumulate(
            source,
            unrolled,
            (sum, vector) => v128.load(source, sum * POINTS_BYTES + point * PLACE_BYTES + vector * VECTOR_BYTES),
            (sum, channel) =>
              v128.load32Splat(taken, channel * filterBytes + sum * WEIGHT_ROW_BYTES + point * FLOAT_BYTES),
          );
          code.increase(source, unrolled * POINTS_BYTES);
          code.increase(taken, unrolled * WEIGHT_ROW_BYTES);
        });
        product.store(products, (channel) => productOffset(point, channel));
      }
      // Aᵀ: (1, 1, 1, 1, 1, 0) and (0, 1, −1, 2, −2, 1).
      const two = code.local("v128", context.data.splat(2));
      const points = Array.from({ length: POINTS }, () => code.local("v128"));
      for (let channel = 0; channel < channels; channel++) {
        for (let vector = 0; vector < PLACE_VECTORS; vector++) {
          points.forEach((local, point) => {
            code.set(local, v128.load(products, productOffset(point, channel) + vector * VECTOR_BYTES));
          });
          const [m0, m1, m2, m3, m4, m5] = points;
          const offset = channel * channelBytes(output) + vector * VECTOR_BYTES;
          code.store(y, f32x4.add(f32x4.add(m0, f32x4.add(m1, m2)), f32x4.add(m3, m4)), offset);
          const odd = multiplyAdd(context, two, f32x4.sub(m3, m4), f32x4.sub(m1, m2));
          code.store(y, f32x4.add(odd, m5), offset + PLACE_BYTES);
        }
      }
    },
  );
}
