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
  roundUp,
  rowBytes,
  VECTOR_BYTES,
} from "../layout.js";
import { OuterProduct, ROWS } from "../outerProduct.js";
import { type Filtering, minimalFiltering } from "./minimalFiltering.js";
import type { Conv2dGradients, Conv2dMethod, Conv2dShape } from "./shape.js";
import { channelsAtOnce, emitTapSums } from "./tapSums.js";
import {
  emitFilterTransform,
  emitFilterTransposition,
  emitWindowTransform,
  type WindowRun,
  type Windows,
  windowRuns,
} from "./winogradTransforms.js";

/*
 * Winograd's minimal filtering F(m, r) along the rows (Lavin and Gray, "Fast Algorithms for Convolutional Neural
 * Networks", 2015): m neighbouring outputs of a row of r taps from m + r − 1 products instead of m · r,
 * y = Aᵀ [(G g) ⊙ (Bᵀ d)]. Rows of taps and channels are summed between the transforms. The backward passes are the
 * transposed forms: dx = Σ B [(G g) ⊙ (A dy)] and dg = Gᵀ Σ [(A dy) ⊙ (Bᵀ d)].
 *
 * Transformed inputs are [point][window][row][channel][8], transformed gradients likewise with the output's rows and
 * channels; a window is m columns of the output and the m + r − 1 of the padded input that they read.
 */

/** More points than these cost more accuracy than they save time. */
const MOST_POINTS = 9;
/** What a transform costs per channel, in multiply-adds, divided by the square of the points; measured. */
const TRANSFORM_COST = 1 / 3;

/**
 * The outputs to compute together so that a convolution takes the least time; undefined if none is faster than direct.
 * Compares the multiply-adds of a row of the output, and what the transforms are worth in them.
 */
export function fastestTile({ input, output, kernel, stride }: Conv2dShape): number | undefined {
  if (stride !== 1) return undefined;
  const pairs = input.channels * output.channels;
  let fastest: number | undefined;
  let least = output.width * kernel * kernel * pairs;
  for (let outputs = 2; outputs + kernel - 1 <= MOST_POINTS; outputs++) {
    const points = outputs + kernel - 1;
    const transforms = TRANSFORM_COST * points ** 2 * (input.channels + output.channels);
    const cost = Math.ceil(output.width / outputs) * (points * kernel * pairs + transforms);
    if (cost < least) [least, fastest] = [cost, outputs];
  }
  return fastest;
}

/** A convolution, how it is filtered, and the strides and parts of the workspace that its kernels share, in bytes. */
interface Plan {
  readonly shape: Conv2dShape;
  readonly filtering: Filtering;
  readonly windows: number;
  /** Rows of the padded input that are read. */
  readonly inputRows: number;
  readonly inputRowBytes: number;
  readonly outputRowBytes: number;
  readonly inputPointBytes: number;
  readonly outputPointBytes: number;
  readonly gradients: number;
  readonly products: number;
  readonly end: number;
}

function planOf(shape: Conv2dShape, filtering: Filtering): Plan {
  const { input, output } = shape;
  const { taps, points, outputs, filterBytes } = filtering;
  const windows = Math.ceil(output.width / outputs);
  const inputRows = output.height + taps - 1;
  const inputRowBytes = input.channels * PLACE_BYTES;
  const outputRowBytes = output.channels * PLACE_BYTES;
  const inputPointBytes = windows * inputRows * inputRowBytes;
  const outputPointBytes = windows * output.height * outputRowBytes;
  const gradients = roundUp(output.channels * taps * input.channels * filterBytes, PLACE_BYTES);
  const products = gradients + points * outputPointBytes;
  return {
    shape,
    filtering,
    windows,
    inputRows,
    inputRowBytes,
    outputRowBytes,
    inputPointBytes,
    outputPointBytes,
    gradients,
    products,
    end: products + points * ROWS * PLACE_BYTES,
  };
}

/** Winograd's minimal filtering along the rows, `outputs` at a time. */
export function winograd(outputs: number): Conv2dMethod {
  const plan = planner(outputs);
  return {
    workspaceBytes: (shape) => plan(shape).end,
    keptBytes: (shape) => {
      const { filtering, inputPointBytes } = plan(shape);
      return filtering.points * inputPointBytes;
    },
    emitForward: (context, name, shape) => emitForward(context, `${name}.forward`, plan(shape)),
  };
}

/** The gradients by the same filtering, from the transformed inputs that the forward pass kept. */
export function winogradGradients(outputs: number): Conv2dGradients {
  const plan = planner(outputs);
  return {
    emitBackwardInput: (context, name, shape) => emitBackwardInput(context, `${name}.backwardInput`, plan(shape)),
    emitBackwardWeight: (context, name, shape) => emitBackwardWeight(context, `${name}.backwardWeight`, plan(shape)),
  };
}

function planner(outputs: number) {
  return (shape: Conv2dShape) => planOf(shape, minimalFiltering(shape.kernel, outputs));
}

/** Emits (x, weight, bias, y, workspace, kept): the forward pass over one tile; keeps the transformed inputs. */
function emitForward(context: KernelContext, name: string, plan: Plan): FunctionHandle {
  const { shape, filtering } = plan;
  const { input, output } = shape;
  const { taps, outputs, filterBytes } = filtering;
  const rowFilters = input.channels * filterBytes;
  const transformFilters = emitFilterTransform(context, `${name}.filters`, shape, filtering, {
    row: rowFilters,
    output: taps * rowFilters,
  });
  const transformInputs = emitInputTransform(context, `${name}.inputs`, plan);
  const runs = windowRuns(windowsOf(plan, outputs, 0, output.width)).map((run) => ({
    ...run,
    blocks: emitChannelBlocks(output.channels, ROWS, (size) => emitForwardBlock(context, name, plan, size, run)),
  }));
  return context.module.function(
    name,
    { x: "i32", weight: "i32", bias: "i32", y: "i32", workspace: "i32", kept: "i32" },
    (code, { x, weight, bias, y, workspace, kept: inputs }) => {
      code.call(transformFilters, weight, workspace);
      code.call(transformInputs, x, inputs);
      code.increase(y, placeOffset(output, 0, 0, 0));
      for (const { count, blocks } of runs) {
        code.repeat(count, () => {
          code.repeat(output.height, () => {
            callBlocks(code, blocks, [
              inputs,
              { first: workspace, bytes: taps * rowFilters },
              { first: bias, bytes: FLOAT_BYTES },
              i32.add(workspace, plan.products),
              { first: y, bytes: channelBytes(output) },
            ]);
            code.increase(inputs, plan.inputRowBytes);
            code.increase(y, rowBytes(output));
          });
          code.increase(inputs, (taps - 1) * plan.inputRowBytes);
          code.increase(y, outputs * PLACE_BYTES - output.height * rowBytes(output));
        });
      }
    },
    { exported: true },
  );
}

/** Emits (inputs, filters, bias, products, y): one window of a row for a block of output channels. */
function emitForwardBlock(
  context: KernelContext,
  name: string,
  plan: Plan,
  channels: number,
  { to }: WindowRun,
): FunctionHandle {
  const { shape, filtering } = plan;
  const { input, output } = shape;
  const { taps, one, filterBytes } = filtering;
  return context.module.function(
    `${name}${channels}.${to}`,
    { inputs: "i32", filters: "i32", bias: "i32", products: "i32", y: "i32" },
    (code, { inputs, filters, bias, products, y }) => {
      emitProducts(context, code, {
        points: filtering.points,
        rows: channels,
        inputs,
        end: i32.add(inputs, taps * input.channels * PLACE_BYTES),
        unit: taps * input.channels,
        pointBytes: plan.inputPointBytes,
        filters,
        filterStepBytes: filterBytes,
        filterRowBytes: taps * input.channels * filterBytes,
        products,
      });
      const results: ProductRows = {
        points: filtering.points,
        rows: channels,
        products,
        target: y,
        targetRowBytes: channelBytes(output),
        nextRow: () => code.increase(bias, FLOAT_BYTES),
      };
      forEachProduct(code, results, (values) => {
        // The product at the point 1 goes into every output once.
        code.set(values[one], f32x4.add(values[one], v128.load32Splat(bias)));
        const outputs = filtering.transformProducts(context, code, values);
        outputs.slice(0, to).forEach((value, column) => {
          code.store(y, value, column * PLACE_BYTES);
        });
      });
    },
  );
}

/** Emits (dy, weight, dx, workspace): the gradient of the input over one tile; dy and dx without border. */
function emitBackwardInput(context: KernelContext, name: string, plan: Plan): FunctionHandle {
  const { shape, filtering } = plan;
  const { input, output, padding } = shape;
  const { taps, outputs, points, filterBytes } = filtering;
  const dxLayout = { ...input, border: 0 };
  // Rows of taps are stored last to first: as the row of dy goes up, the row of taps that reaches a row of dx goes down.
  const rowFilters = output.channels * input.channels * filterBytes;
  const transformFilters = emitFilterTransform(context, `${name}.filters`, shape, filtering, {
    row: -rowFilters,
    output: input.channels * filterBytes,
  });
  const transformGradients = emitGradientTransform(context, `${name}.gradients`, plan, output.channels);
  const runs = windowRuns(windowsOf(plan, points, -padding, input.width)).map((run, index) => ({
    ...run,
    blocks: emitChannelBlocks(input.channels, ROWS, (size) =>
      emitBackwardInputBlock(context, `${name}${index}.${size}`, plan, size, run),
    ),
  }));
  return context.module.function(
    name,
    { dy: "i32", weight: "i32", dx: "i32", workspace: "i32" },
    (code, { dy, weight, dx, workspace }) => {
      code.call(transformFilters, weight, i32.add(workspace, (taps - 1) * rowFilters));
      code.call(transformGradients, dy, i32.add(workspace, plan.gradients));
      code.zeroMemory(dx, input.channels * channelBytes(dxLayout));
      code.increase(dx, -padding * PLACE_BYTES);
      const gradients = code.local("i32", i32.add(workspace, plan.gradients));
      const [first, end, skipped] = Array.from({ length: 3 }, () => code.local("i32"));
      for (const { count, blocks } of runs) {
        code.repeat(count, () => {
          code.forRange(padding, padding + input.height, (row) => {
            // The rows of dy whose outputs read this row of dx, and the first row of taps that they read it by.
            code.set(first, i32.sub(row, taps - 1));
            code.set(skipped, i32.const(0));
            code.if(i32.ltSigned(first, 0), () => {
              code.set(skipped, i32.sub(0, first));
              code.set(first, i32.const(0));
            });
            code.set(end, i32.add(row, 1));
            code.if(i32.gtSigned(end, output.height), () => code.set(end, i32.const(output.height)));
            code.set(end, i32.add(gradients, i32.mul(end, plan.outputRowBytes)));
            code.set(first, i32.add(gradients, i32.mul(first, plan.outputRowBytes)));
            callBlocks(code, blocks, [
              first,
              end,
              { first: i32.add(workspace, i32.mul(skipped, rowFilters)), bytes: filterBytes },
              i32.add(workspace, plan.products),
              { first: dx, bytes: channelBytes(dxLayout) },
            ]);
            code.increase(dx, rowBytes(dxLayout));
          });
          code.increase(gradients, output.height * plan.outputRowBytes);
          code.increase(dx, outputs * PLACE_BYTES - input.height * rowBytes(dxLayout));
        });
      }
    },
    { exported: true },
  );
}

/** Emits (gradients, end, filters, products, dx): adds one window of a row for a block of input channels. */
function emitBackwardInputBlock(
  context: KernelContext,
  name: string,
  plan: Plan,
  channels: number,
  { from, to }: WindowRun,
): FunctionHandle {
  const { shape, filtering } = plan;
  const { input, output } = shape;
  const { points, filterBytes } = filtering;
  const dxLayout = { ...input, border: 0 };
  return context.module.function(
    name,
    { gradients: "i32", end: "i32", filters: "i32", products: "i32", dx: "i32" },
    (code, { gradients, end, filters, products, dx }) => {
      emitProducts(context, code, {
        points,
        rows: channels,
        inputs: gradients,
        end,
        unit: output.channels,
        pointBytes: plan.outputPointBytes,
        filters,
        filterStepBytes: input.channels * filterBytes,
        filterRowBytes: filterBytes,
        products,
      });
      const results = { points, rows: channels, products, target: dx, targetRowBytes: channelBytes(dxLayout) };
      forEachProduct(code, results, (values) => {
        filtering.transposeInputs(context, code, values).forEach((value, column) => {
          if (column < from || column >= to) return;
          const place = column * PLACE_BYTES;
          code.store(dx, f32x4.add(v128.load(dx, place), value), place);
        });
      });
    },
  );
}

/** Emits (x, dy, dWeight, workspace, kept): the tile's share of the weight gradient, overwritten. */
function emitBackwardWeight(context: KernelContext, name: string, plan: Plan): FunctionHandle {
  const { shape, filtering } = plan;
  const { input, output } = shape;
  const { taps, filterBytes } = filtering;
  const transposeFilters = emitFilterTransposition(context, `${name}.filters`, shape, filtering);
  const gradientChannelBytes = channelBytes({ ...output, border: 0 });
  const rowFilters = input.channels * filterBytes;
  const blocks = emitChannelBlocks(output.channels, channelsAtOnce(taps), (channels) =>
    emitBackwardWeightBlock(context, `${name}${channels}`, plan, channels),
  );
  return context.module.function(
    name,
    { x: "i32", dy: "i32", dWeight: "i32", workspace: "i32", kept: "i32" },
    (code, { dy, dWeight, workspace, kept }) => {
      callBlocks(code, blocks, [
        kept,
        { first: dy, bytes: gradientChannelBytes },
        i32.add(workspace, plan.gradients),
        { first: workspace, bytes: taps * rowFilters },
      ]);
      code.call(transposeFilters, workspace, dWeight);
    },
    { exported: true },
  );
}

/**
 * Emits (inputs, dy, gradients, sums): the sums over the tile at every point, for a few output channels. Only their
 * gradients are transformed at a time, which keeps them in the nearest cache.
 */
function emitBackwardWeightBlock(context: KernelContext, name: string, plan: Plan, channels: number): FunctionHandle {
  const { input, output } = plan.shape;
  const { taps, points, filterBytes } = plan.filtering;
  const rowFilters = input.channels * filterBytes;
  const gradientRowBytes = channels * PLACE_BYTES;
  const gradientPointBytes = plan.windows * output.height * gradientRowBytes;
  const transformGradients = emitGradientTransform(context, `${name}.gradients`, plan, channels);
  // One point of a column of taps of one input channel.
  const sumTaps = context.module.function(
    `${name}.taps`,
    { inputs: "i32", gradients: "i32", sums: "i32" },
    (code, { inputs, gradients, sums }) => {
      emitTapSums(context, code, {
        taps,
        channels,
        outer: plan.windows,
        inner: output.height,
        x: {
          pointer: inputs,
          outer: plan.inputRows * plan.inputRowBytes,
          inner: plan.inputRowBytes,
          tap: plan.inputRowBytes,
        },
        dy: { pointer: gradients, inner: gradientRowBytes, channel: PLACE_BYTES },
        sums: { pointer: sums, tap: rowFilters, channel: taps * rowFilters },
      });
    },
  );
  return context.module.function(
    name,
    { inputs: "i32", dy: "i32", gradients: "i32", sums: "i32" },
    (code, { inputs, dy, gradients, sums }) => {
      code.call(transformGradients, dy, gradients);
      code.repeat(points, () => {
        code.forRange(0, input.channels, (channel) => {
          code.call(
            sumTaps,
            i32.add(inputs, i32.mul(channel, PLACE_BYTES)),
            gradients,
            i32.add(sums, i32.mul(channel, filterBytes)),
          );
        });
        code.increase(inputs, plan.inputPointBytes);
        code.increase(gradients, gradientPointBytes);
        code.increase(sums, FLOAT_BYTES);
      });
    },
  );
}

/** The most multiply-adds in the loop body of a block's products; one turn or few, since its end is hard to predict. */
const LARGEST_PRODUCTS = 200;

/** The products of a block: at every point, rows of filters times consecutive transformed values. */
interface Products {
  readonly points: number;
  readonly rows: number;
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
  const unrolled = largestDivisor(block.unit, Math.floor(LARGEST_PRODUCTS / (block.rows * PLACE_VECTORS)));
  const source = code.local("i32");
  const taken = code.local("i32");
  const start = code.local("i32", block.inputs);
  const end = code.local("i32", block.end);
  const filters = code.local("i32", block.filters);
  const target = code.local("i32", block.products);
  code.repeat(block.points, () => {
    product.start(() => ZERO);
    code.set(source, start);
    code.set(taken, filters);
    code.while(i32.ltUnsigned(source, end), () => {
      product.accumulate(
        source,
        unrolled,
        (step, vector) => v128.load(source, step * PLACE_BYTES + vector * VECTOR_BYTES),
        (step, row) => v128.load32Splat(taken, row * block.filterRowBytes + step * block.filterStepBytes),
      );
      code.increase(source, unrolled * PLACE_BYTES);
      code.increase(taken, unrolled * block.filterStepBytes);
    });
    product.store(target, (row) => row * PLACE_BYTES);
    code.increase(start, block.pointBytes);
    code.increase(end, block.pointBytes);
    code.increase(filters, FLOAT_BYTES);
    code.increase(target, block.rows * PLACE_BYTES);
  });
}

/** The products of a block, and where its results go. Pointers are used up. */
interface ProductRows {
  readonly points: number;
  readonly rows: number;
  readonly products: Local<"i32">;
  readonly target: Local<"i32">;
  readonly targetRowBytes: number;
  /** Runs after every row. */
  readonly nextRow?: () => void;
}

/**
 * Runs the body for every row and vector of a block's products, with the values at all points loaded and `target` at that
 * row and vector.
 */
function forEachProduct(
  code: FunctionBuilder,
  { points, rows, products, target, targetRowBytes, nextRow }: ProductRows,
  body: (values: readonly Local<"v128">[]) => void,
): void {
  const values = Array.from({ length: points }, () => code.local("v128"));
  // A short loop: unrolled, V8 would load the products of all rows before it uses any.
  code.forRange(0, rows, () => {
    code.forRange(0, PLACE_VECTORS, () => {
      values.forEach((local, point) => {
        code.set(local, v128.load(products, point * rows * PLACE_BYTES));
      });
      body(values);
      code.increase(products, VECTOR_BYTES);
      code.increase(target, VECTOR_BYTES);
    });
    code.increase(target, targetRowBytes - PLACE_BYTES);
    nextRow?.();
  });
}

/** The windows of a row of a tensor, of so many columns each. */
function windowsOf({ windows, filtering }: Plan, columns: number, first: number, width: number): Windows {
  return { count: windows, step: filtering.outputs, columns, first, width };
}

/** Emits (x, target): Bᵀ d of every window. */
function emitInputTransform(context: KernelContext, name: string, plan: Plan): FunctionHandle {
  const { shape, filtering } = plan;
  const { input, output, padding } = shape;
  return emitWindowTransform(context, name, {
    source: input,
    offset: placeOffset(input, 0, -padding, -padding),
    rows: plan.inputRows,
    windows: windowsOf(plan, filtering.points, 0, output.width + filtering.taps - 1),
    pointBytes: plan.inputPointBytes,
    transform: filtering.transformInputs,
  });
}

/** Emits (dy, target): A dy of every window, for some channels. */
function emitGradientTransform(context: KernelContext, name: string, plan: Plan, channels: number): FunctionHandle {
  const { shape, filtering } = plan;
  const source = { ...shape.output, channels, border: 0 };
  return emitWindowTransform(context, name, {
    source,
    offset: 0,
    rows: source.height,
    windows: windowsOf(plan, filtering.outputs, 0, source.width),
    pointBytes: plan.windows * source.height * channels * PLACE_BYTES,
    transform: filtering.transposeProducts,
  });
}
