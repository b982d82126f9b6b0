import {
  type FunctionBuilder,
  type FunctionHandle,
  f32x4,
  i32,
  type Local,
  type Value,
  v128,
} from "../../assembler/index.js";
import { callBlocks, emitChannelBlocks, largestDivisor } from "../blocks.js";
import { type KernelContext, ZERO } from "../context.js";
import {
  channelBytes,
  FLOAT_BYTES,
  PLACE_BYTES,
  PLACE_VECTORS,
  placeOffset,
  rowBytes,
  VECTOR_BYTES,
} from "../layout.js";
import { LARGEST_BODY, OuterProduct, ROWS } from "../outerProduct.js";
import type { Conv2dMethod, Conv2dShape } from "./shape.js";
import { emitTapSums } from "./tapSums.js";
import {
  emitWeightTransform,
  emitWeightTransposition,
  emitWindowTransform,
  OUTPUTS,
  POINTS,
  TAPS,
  transformProducts,
  transformWindow,
  transposeProducts,
  transposeWindow,
  WEIGHT_ROW_BYTES,
} from "./winogradTransforms.js";

/*
 * Winograd's minimal filtering F(2, 5) along the rows (Lavin and Gray, "Fast Algorithms for Convolutional Neural
 * Networks", 2015): two neighbouring outputs of a row of five taps from six products instead of ten,
 * y = Aᵀ [(G g) ⊙ (Bᵀ d)], at the points 0, ±1, ±2 and ∞. Rows of taps and channels are summed between the transforms, so
 * one sum has a fifth of the direct one's terms, and its rounding error is no larger. The backward passes are the
 * transposed forms: dx = Σ B [(G g) ⊙ (A dy)] and dg = Gᵀ Σ [(A dy) ⊙ (Bᵀ d)].
 *
 * Transformed inputs are [point][window][row][channel][8], transformed gradients likewise with the output's rows and
 * channels; a window is two columns of the output and the six of the input that they read.
 */

/** Whether a convolution is faster this way: with several channels to sum between the transforms. */
export function isWinogradFaster({ input, output, kernel, stride, padding }: Conv2dShape): boolean {
  return kernel === TAPS && stride === 1 && padding === 0 && output.width % OUTPUTS === 0 && input.channels > 1;
}

/** Strides and parts of the workspace that the kernels share, in bytes. */
function planOf({ input, output }: Conv2dShape) {
  const windows = output.width / OUTPUTS;
  const inputRowBytes = input.channels * PLACE_BYTES;
  const outputRowBytes = output.channels * PLACE_BYTES;
  const inputPointBytes = windows * input.height * inputRowBytes;
  const outputPointBytes = windows * output.height * outputRowBytes;
  const weightBytes = output.channels * TAPS * input.channels * WEIGHT_ROW_BYTES;
  const inputs = weightBytes;
  const gradients = inputs + POINTS * inputPointBytes;
  const products = gradients + POINTS * outputPointBytes;
  return {
    windows,
    inputRowBytes,
    outputRowBytes,
    inputPointBytes,
    outputPointBytes,
    inputs,
    gradients,
    products,
    end: products + POINTS * ROWS * PLACE_BYTES,
  };
}

/** Winograd's minimal filtering along the rows. */
export const winograd: Conv2dMethod = {
  workspaceBytes: (shape) => planOf(shape).end,
  emitForward,
  emitBackwardInput,
  emitBackwardWeight,
};

/** Emits (x, weight, bias, y, workspace): the forward pass over one tile. */
function emitForward(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output } = shape;
  const plan = planOf(shape);
  const rowFilters = input.channels * WEIGHT_ROW_BYTES;
  const filterBytes = TAPS * rowFilters;
  const transformWeights = emitWeightTransform(context, `${name}.forward.weights`, shape, {
    row: rowFilters,
    output: filterBytes,
  });
  const transformInputs = emitInputTransform(context, `${name}.forward.inputs`, shape);
  const blocks = emitChannelBlocks(output.channels, ROWS, (size) => emitForwardBlock(context, name, shape, size));
  return context.module.function(
    `${name}.forward`,
    { x: "i32", weight: "i32", bias: "i32", y: "i32", workspace: "i32" },
    (code, { x, weight, bias, y, workspace }) => {
      const inputs = code.local("i32", i32.add(workspace, plan.inputs));
      code.call(transformWeights, weight, workspace);
      code.call(transformInputs, x, inputs);
      code.increase(y, placeOffset(output, 0, 0, 0));
      code.repeat(plan.windows, () => {
        code.repeat(output.height, () => {
          callBlocks(code, blocks, [
            inputs,
            { first: workspace, bytes: filterBytes },
            { first: bias, bytes: FLOAT_BYTES },
            i32.add(workspace, plan.products),
            { first: y, bytes: channelBytes(output) },
          ]);
          code.increase(inputs, plan.inputRowBytes);
          code.increase(y, rowBytes(output));
        });
        code.increase(inputs, (TAPS - 1) * plan.inputRowBytes);
        code.increase(y, OUTPUTS * PLACE_BYTES - output.height * rowBytes(output));
      });
    },
    { exported: true },
  );
}

/** Emits (inputs, filters, bias, products, y): one window of a row for a block of output channels. */
function emitForwardBlock(context: KernelContext, name: string, shape: Conv2dShape, channels: number): FunctionHandle {
  const { input, output } = shape;
  return context.module.function(
    `${name}.forward${channels}`,
    { inputs: "i32", filters: "i32", bias: "i32", products: "i32", y: "i32" },
    (code, { inputs, filters, bias, products, y }) => {
      emitProducts(context, code, {
        rows: channels,
        // The first product goes into the first output alone, the last into the second: they carry the bias.
        start: (point, channel) =>
          point === 0 || point === POINTS - 1 ? v128.load32Splat(bias, channel * FLOAT_BYTES) : ZERO,
        inputs,
        end: i32.add(inputs, TAPS * input.channels * PLACE_BYTES),
        unit: input.channels,
        pointBytes: planOf(shape).inputPointBytes,
        filters,
        filterStepBytes: WEIGHT_ROW_BYTES,
        filterRowBytes: TAPS * input.channels * WEIGHT_ROW_BYTES,
        products,
      });
      forEachProduct(code, products, channels, (channel, vector, points) => {
        const offset = channel * channelBytes(output) + vector * VECTOR_BYTES;
        transformProducts(context, code, points).forEach((value, column) => {
          code.store(y, value, offset + column * PLACE_BYTES);
        });
      });
    },
  );
}

/** Emits (dy, weight, dx, workspace): the gradient of the input over one tile; dy and dx without border. */
function emitBackwardInput(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output } = shape;
  const plan = planOf(shape);
  const dxLayout = { ...input, border: 0 };
  // Rows of taps are stored last to first: as the row of dy goes up, the row of taps that reaches a row of dx goes down.
  const rowFilters = output.channels * input.channels * WEIGHT_ROW_BYTES;
  const transformWeights = emitWeightTransform(context, `${name}.backwardInput.weights`, shape, {
    row: -rowFilters,
    output: input.channels * WEIGHT_ROW_BYTES,
  });
  const transformGradients = emitGradientTransform(context, `${name}.backwardInput.gradients`, shape);
  const blocks = emitChannelBlocks(input.channels, ROWS, (size) => emitBackwardInputBlock(context, name, shape, size));
  return context.module.function(
    `${name}.backwardInput`,
    { dy: "i32", weight: "i32", dx: "i32", workspace: "i32" },
    (code, { dy, weight, dx, workspace }) => {
      code.call(transformWeights, weight, i32.add(workspace, (TAPS - 1) * rowFilters));
      code.call(transformGradients, dy, i32.add(workspace, plan.gradients));
      code.zeroMemory(dx, input.channels * channelBytes(dxLayout));
      const gradients = code.local("i32", i32.add(workspace, plan.gradients));
      const [first, end, taps] = Array.from({ length: 3 }, () => code.local("i32"));
      code.repeat(plan.windows, () => {
        code.forRange(0, input.height, (row) => {
          // The rows of dy whose outputs read this row of dx, and the first row of taps that they read it by.
          code.set(first, i32.sub(row, TAPS - 1));
          code.set(taps, i32.const(0));
          code.if(i32.ltSigned(first, 0), () => {
            code.set(taps, i32.sub(0, first));
            code.set(first, i32.const(0));
          });
          code.set(end, i32.add(row, 1));
          code.if(i32.gtSigned(end, output.height), () => code.set(end, i32.const(output.height)));
          code.set(end, i32.add(gradients, i32.mul(end, plan.outputRowBytes)));
          code.set(first, i32.add(gradients, i32.mul(first, plan.outputRowBytes)));
          callBlocks(code, blocks, [
            first,
            end,
            { first: i32.add(workspace, i32.mul(taps, rowFilters)), bytes: WEIGHT_ROW_BYTES },
            i32.add(workspace, plan.products),
            { first: dx, bytes: channelBytes(dxLayout) },
          ]);
          code.increase(dx, rowBytes(dxLayout));
        });
        code.increase(gradients, output.height * plan.outputRowBytes);
        code.increase(dx, OUTPUTS * PLACE_BYTES - input.height * rowBytes(dxLayout));
      });
    },
    { exported: true },
  );
}

/** Emits (gradients, end, filters, products, dx): adds one window of a row for a block of input channels. */
function emitBackwardInputBlock(
  context: KernelContext,
  name: string,
  shape: Conv2dShape,
  channels: number,
): FunctionHandle {
  const { input, output } = shape;
  const dxLayout = { ...input, border: 0 };
  return context.module.function(
    `${name}.backwardInput${channels}`,
    { gradients: "i32", end: "i32", filters: "i32", products: "i32", dx: "i32" },
    (code, { gradients, end, filters, products, dx }) => {
      emitProducts(context, code, {
        rows: channels,
        start: () => ZERO,
        inputs: gradients,
        end,
        unit: output.channels,
        pointBytes: planOf(shape).outputPointBytes,
        filters,
        filterStepBytes: input.channels * WEIGHT_ROW_BYTES,
        filterRowBytes: WEIGHT_ROW_BYTES,
        products,
      });
      forEachProduct(code, products, channels, (channel, vector, points) => {
        const offset = channel * channelBytes(dxLayout) + vector * VECTOR_BYTES;
        transposeWindow(context, code, points).forEach((value, column) => {
          const place = offset + column * PLACE_BYTES;
          code.store(dx, f32x4.add(v128.load(dx, place), value), place);
        });
      });
    },
  );
}

/** Output channels whose gradients of one column of taps are summed together. */
const CHANNELS_AT_ONCE = 2;

/** Emits (x, dy, dWeight, workspace): the tile's share of the weight gradient, overwritten. */
function emitBackwardWeight(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { input, output } = shape;
  const plan = planOf(shape);
  const transformInputs = emitInputTransform(context, `${name}.backwardWeight.inputs`, shape);
  const transformGradients = emitGradientTransform(context, `${name}.backwardWeight.gradients`, shape);
  const transposeWeights = emitWeightTransposition(context, `${name}.backwardWeight.weights`, shape);
  const rowFilters = input.channels * WEIGHT_ROW_BYTES;
  const filterBytes = TAPS * rowFilters;
  // Sums over the tile of one point, of a column of taps of one input channel and a few output channels.
  const blocks = emitChannelBlocks(output.channels, CHANNELS_AT_ONCE, (size) =>
    context.module.function(
      `${name}.backwardWeight${size}`,
      { inputs: "i32", gradients: "i32", target: "i32" },
      (code, { inputs, gradients, target }) => {
        emitTapSums(context, code, {
          taps: TAPS,
          channels: size,
          outer: plan.windows,
          inner: output.height,
          x: {
            pointer: inputs,
            outer: input.height * plan.inputRowBytes,
            inner: plan.inputRowBytes,
            tap: plan.inputRowBytes,
          },
          dy: { pointer: gradients, inner: plan.outputRowBytes, channel: PLACE_BYTES },
          sums: { pointer: target, tap: rowFilters, channel: filterBytes },
        });
      },
    ),
  );
  return context.module.function(
    `${name}.backwardWeight`,
    { x: "i32", dy: "i32", dWeight: "i32", workspace: "i32" },
    (code, { x, dy, dWeight, workspace }) => {
      const inputs = code.local("i32", i32.add(workspace, plan.inputs));
      const gradients = code.local("i32", i32.add(workspace, plan.gradients));
      code.call(transformInputs, x, inputs);
      code.call(transformGradients, dy, gradients);
      const point = code.local("i32", workspace);
      code.repeat(POINTS, () => {
        code.forRange(0, input.channels, (channel) => {
          callBlocks(code, blocks, [
            i32.add(inputs, i32.mul(channel, PLACE_BYTES)),
            { first: gradients, bytes: PLACE_BYTES },
            { first: i32.add(point, i32.mul(channel, WEIGHT_ROW_BYTES)), bytes: filterBytes },
          ]);
        });
        code.increase(point, FLOAT_BYTES);
        code.increase(inputs, plan.inputPointBytes);
        code.increase(gradients, plan.outputPointBytes);
      });
      code.call(transposeWeights, workspace, dWeight);
    },
    { exported: true },
  );
}

/** The products of a block: at every point, rows of filters times consecutive transformed values. */
interface Products {
  readonly rows: number;
  readonly start: (point: number, row: number) => Value<"v128">;
  /** The values at the first point, [step][8], and their end; a multiple of `unit` steps. */
  readonly inputs: Local<"i32">;
  readonly end: Value<"i32">;
  readonly unit: number;
  readonly pointBytes: number;
  /** [step][row] or [row][step], by these strides. */
  readonly filters: Local<"i32">;
  readonly filterStepBytes: number;
  readonly filterRowBytes: number;
  /** [point][row][8] */
  readonly products: Local<"i32">;
}

function emitProducts(context: KernelContext, code: FunctionBuilder, block: Products): void {
  const product = new OuterProduct(context, code, block.rows);
  const unrolled = largestDivisor(block.unit, Math.floor(LARGEST_BODY / (block.rows * PLACE_VECTORS)));
  const source = code.local("i32");
  const taken = code.local("i32");
  const end = code.local("i32", block.end);
  for (let point = 0; point < POINTS; point++) {
    product.start((row) => block.start(point, row));
    code.set(source, block.inputs);
    code.set(taken, block.filters);
    code.while(i32.ltUnsigned(source, end), () => {
      product.accumulate(
        source,
        unrolled,
        (step, vector) => v128.load(source, point * block.pointBytes + step * PLACE_BYTES + vector * VECTOR_BYTES),
        (step, row) =>
          v128.load32Splat(taken, row * block.filterRowBytes + step * block.filterStepBytes + point * FLOAT_BYTES),
      );
      code.increase(source, unrolled * PLACE_BYTES);
      code.increase(taken, unrolled * block.filterStepBytes);
    });
    product.store(block.products, (row) => (point * block.rows + row) * PLACE_BYTES);
  }
}

/** Runs the body for every row and vector of a block's products, with the six points loaded. */
function forEachProduct(
  code: FunctionBuilder,
  products: Local<"i32">,
  rows: number,
  body: (row: number, vector: number, points: readonly Local<"v128">[]) => void,
): void {
  const points = Array.from({ length: POINTS }, () => code.local("v128"));
  for (let row = 0; row < rows; row++) {
    for (let vector = 0; vector < PLACE_VECTORS; vector++) {
      points.forEach((local, point) => {
        code.set(local, v128.load(products, (point * rows + row) * PLACE_BYTES + vector * VECTOR_BYTES));
      });
      body(row, vector, points);
    }
  }
}

/** Emits (x, target): Bᵀ d of every window. */
function emitInputTransform(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { windows, inputPointBytes } = planOf(shape);
  return emitWindowTransform(context, name, {
    source: shape.input,
    windows,
    columns: POINTS,
    pointBytes: inputPointBytes,
    transform: transformWindow,
  });
}

/** Emits (dy, target): A dy of every window. */
function emitGradientTransform(context: KernelContext, name: string, shape: Conv2dShape): FunctionHandle {
  const { windows, outputPointBytes } = planOf(shape);
  return emitWindowTransform(context, name, {
    source: { ...shape.output, border: 0 },
    windows,
    columns: OUTPUTS,
    pointBytes: outputPointBytes,
    transform: transposeProducts,
  });
}
