import type { LinearLayer } from "../../../model/index.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32x4,
  i32,
  type Local,
  type Value,
  v128,
} from "../assembler/index.js";
import { equalBlocks, largestDivisor } from "./blocks.js";
import { type KernelContext, ZERO } from "./context.js";
import type { ActivationKind, LayerKernels, PlacedLayer, TrainingKernels } from "./layerKernels.js";
import {
  FLOAT_BYTES,
  PLACE_BYTES,
  PLACE_VECTORS,
  paddedFeatures,
  TILE_SAMPLES,
  VECTOR_BYTES,
  VECTOR_LANES,
} from "./layout.js";
import { LARGEST_BODY, OuterProduct, ROWS } from "./outerProduct.js";
import { emitWeightedRows, firstLanes, NonzeroList, storeActivated } from "./singleSample.js";

/**
 * A linear layer. Activations of a tile are [features][8]; weights are [out][in] with each row padded by zeros to a
 * multiple of four; for the weight gradient, activations are transposed to [samples][features], padded likewise.
 */
interface LinearShape {
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** A linear layer. */
export const linear: LayerKernels<LinearLayer> = {
  emit(context, placed) {
    const { label, multiplyAdds } = placed.described;
    const [weight, bias] = placed.parameters;
    const forward = emitForward(context, label, shapeOf(placed));
    return {
      forward: [
        {
          kernel: forward,
          operands: ({ x, y, weights }) => [x, weights + weight.offset, weights + bias.offset, y],
          multiplyAdds,
        },
      ],
    };
  },
  single: {
    takesActivation: true,
    emit: (context, name, placed, { activation }) => {
      const [weight, bias] = placed.parameters;
      const forward = emitSingle(context, `${name}.forward`, shapeOf(placed), activation);
      return {
        forward: [
          { kernel: forward, operands: ({ x, y, weights }) => [x, weights + weight.offset, weights + bias.offset, y] },
        ],
      };
    },
  },
};

/** The weight gradient is computed over the whole batch, from the transposed inputs and gradients. */
export const linearTraining: TrainingKernels<LinearLayer> = {
  emit(context, placed, code) {
    const { label, multiplyAdds } = placed.described;
    const [weight, bias] = placed.parameters;
    const shape = shapeOf(placed);
    const backwardInput = emitBackwardInput(context, label, shape);
    const transposeInput = emitTranspose(context, `${label}.transposeInput`, shape.inFeatures);
    const transposeGradient = emitTranspose(context, `${label}.transposeGradient`, shape.outFeatures);
    const backwardWeight = emitBackwardWeight(context, `${label}.backwardWeight`, shape, SAMPLES_AT_ONCE);
    const backwardWeightOfSamples = emitBackwardWeight(context, `${label}.backwardWeightOfSamples`, shape, 1);
    const backwardBias = emitBackwardBias(context, label, shape);
    const sampleBytes = (features: number) => paddedFeatures(features) * FLOAT_BYTES;
    const transposedBytes = (features: number) => TILE_SAMPLES * sampleBytes(features);
    return {
      ...code,
      batchBytes: [transposedBytes(shape.inFeatures), transposedBytes(shape.outFeatures)],
      sampleBytes: [sampleBytes(shape.inFeatures), sampleBytes(shape.outFeatures)],
      parameterGradients: [
        { kernel: transposeInput, operands: ({ x, inBatch: [inputs] }) => [x, inputs] },
        { kernel: transposeGradient, operands: ({ dy, inBatch: [, gradients] }) => [dy, gradients] },
      ],
      inputGradient: [
        {
          kernel: backwardInput,
          operands: ({ dx, dy, weights }) => [dy, weights + weight.offset, dx],
          multiplyAdds,
        },
      ],
      tasks: [
        {
          parameter: weight,
          units: Math.ceil(shape.outFeatures / ROWS),
          unitBytes: ROWS * weight.paddedRowFloats * FLOAT_BYTES,
          kernel: backwardWeight,
          operands: ({ first, end, parts, gradient, batch: [inputs, gradients] }) => {
            return [inputs, gradients, i32.mul(parts, TILE_SAMPLES), gradient, first, end];
          },
          multiplyAdds,
          afterSamples: {
            kernel: backwardWeightOfSamples,
            operands: ({ first, end, parts, gradient, batch: [inputs, gradients] }) => {
              return [inputs, gradients, parts, gradient, first, end];
            },
          },
          outerProduct: { x: 0, dy: 1 },
        },
        {
          parameter: bias,
          units: bias.bytes / VECTOR_BYTES,
          unitBytes: VECTOR_BYTES,
          kernel: backwardBias,
          operands: ({ first, end, parts, gradient, batch: [, gradients] }) => {
            return [gradients, i32.mul(parts, TILE_SAMPLES), gradient, first, end];
          },
          afterSamples: {
            kernel: backwardBias,
            operands: ({ first, end, parts, gradient, batch: [, gradients] }) => [
              gradients,
              parts,
              gradient,
              first,
              end,
            ],
          },
        },
      ],
    };
  },
  single(context, name, placed, code) {
    const [weight] = placed.parameters;
    const shape = shapeOf(placed);
    const backwardInput = emitSingleBackwardInput(context, `${name}.backwardInput`, shape);
    const keepInput = emitKeepRow(context, `${name}.keepInput`, shape.inFeatures);
    const keepGradient = emitKeepRow(context, `${name}.keepGradient`, shape.outFeatures);
    return {
      ...code,
      workspaceBytes: new NonzeroList(shape.outFeatures).bytes,
      parameterGradients: [
        { kernel: keepInput, operands: ({ x, inBatch: [inputs] }) => [x, inputs] },
        { kernel: keepGradient, operands: ({ dy, inBatch: [, gradients] }) => [dy, gradients] },
      ],
      inputGradient: [
        {
          kernel: backwardInput,
          operands: ({ dx, dy, weights, workspace }) => [dy, weights + weight.offset, dx, workspace],
        },
      ],
    };
  },
};

function shapeOf({ described }: PlacedLayer<LinearLayer>): LinearShape {
  return { inFeatures: described.input[0], outFeatures: described.layer.outFeatures };
}

/** Emits (x, weight, bias, y) for one tile: y[out] = bias[out] + Σ weight[out][in] · x[in]. */
function emitForward(context: KernelContext, name: string, shape: LinearShape): FunctionHandle {
  const features = paddedFeatures(shape.inFeatures);
  const weightRowBytes = features * FLOAT_BYTES;
  return context.module.function(
    `${name}.forward`,
    { x: "i32", weight: "i32", bias: "i32", y: "i32" },
    (code, { x, weight, bias, y }) => {
      for (const { size, count } of equalBlocks(shape.outFeatures, ROWS)) {
        const product = new OuterProduct(context, code, size);
        const input = code.local("i32");
        const end = code.local("i32");
        code.repeat(count, () => {
          product.start((row) => v128.load32Splat(bias, row * FLOAT_BYTES));
          code.set(input, x);
          code.set(end, i32.add(weight, weightRowBytes));
          code.while(i32.ltUnsigned(weight, end), () => {
            product.accumulate(
              input,
              VECTOR_LANES,
              (feature, vector) => v128.load(input, feature * PLACE_BYTES + vector * VECTOR_BYTES),
              (feature, row) => v128.load32Splat(weight, row * weightRowBytes + feature * FLOAT_BYTES),
            );
            code.increase(input, VECTOR_LANES * PLACE_BYTES);
            code.increase(weight, VECTOR_LANES * FLOAT_BYTES);
          });
          product.store(y, (row) => row * PLACE_BYTES);
          code.increase(weight, (size - 1) * weightRowBytes);
          code.increase(bias, size * FLOAT_BYTES);
          code.increase(y, size * PLACE_BYTES);
        });
      }
    },
    { exported: true },
  );
}

/** Emits (dy, weight, dx) for one tile. */
function emitBackwardInput(context: KernelContext, name: string, shape: LinearShape): FunctionHandle {
  const weightRowBytes = paddedFeatures(shape.inFeatures) * FLOAT_BYTES;
  const unrolled = largestDivisor(shape.outFeatures, Math.floor(LARGEST_BODY / (ROWS * PLACE_VECTORS)));
  return context.module.function(
    `${name}.backwardInput`,
    { dy: "i32", weight: "i32", dx: "i32" },
    (code, { dy, weight, dx }) => {
      for (const { size, count } of equalBlocks(shape.inFeatures, ROWS)) {
        const product = new OuterProduct(context, code, size);
        const gradient = code.local("i32");
        const taken = code.local("i32");
        const end = code.local("i32");
        code.repeat(count, () => {
          product.start(() => ZERO);
          code.set(gradient, dy);
          code.set(taken, weight);
          code.set(end, i32.add(dy, shape.outFeatures * PLACE_BYTES));
          code.while(i32.ltUnsigned(gradient, end), () => {
            product.accumulate(
              gradient,
              unrolled,
              (feature, vector) => v128.load(gradient, feature * PLACE_BYTES + vector * VECTOR_BYTES),
              (feature, row) => v128.load32Splat(taken, feature * weightRowBytes + row * FLOAT_BYTES),
            );
            code.increase(gradient, unrolled * PLACE_BYTES);
            code.increase(taken, unrolled * weightRowBytes);
          });
          product.store(dx, (row) => row * PLACE_BYTES);
          code.increase(weight, size * FLOAT_BYTES);
          code.increase(dx, size * PLACE_BYTES);
        });
      }
    },
    { exported: true },
  );
}

/** Emits (source, target) for one tile: [features][8] to [8][features], four by four. */
function emitTranspose(context: KernelContext, name: string, features: number): FunctionHandle {
  const padded = paddedFeatures(features);
  const sampleBytes = padded * FLOAT_BYTES;
  return context.module.function(
    name,
    { source: "i32", target: "i32" },
    (code, { source, target }) => {
      const rows = Array.from({ length: 4 }, () => code.local("v128"));
      const mixed = Array.from({ length: 4 }, () => code.local("v128"));
      const [a, b, c, d] = rows;
      const [low0, high0, low1, high1] = mixed;
      code.repeat(padded / 4, () => {
        for (let vector = 0; vector < PLACE_VECTORS; vector++) {
          rows.forEach((row, feature) => {
            code.set(row, v128.load(source, feature * PLACE_BYTES + vector * VECTOR_BYTES));
          });
          code.set(low0, v128.shuffle32(a, b, [0, 4, 1, 5]));
          code.set(high0, v128.shuffle32(a, b, [2, 6, 3, 7]));
          code.set(low1, v128.shuffle32(c, d, [0, 4, 1, 5]));
          code.set(high1, v128.shuffle32(c, d, [2, 6, 3, 7]));
          const samples = [
            v128.shuffle32(low0, low1, [0, 1, 4, 5]),
            v128.shuffle32(low0, low1, [2, 3, 6, 7]),
            v128.shuffle32(high0, high1, [0, 1, 4, 5]),
            v128.shuffle32(high0, high1, [2, 3, 6, 7]),
          ];
          samples.forEach((sample, lane) => {
            code.store(target, sample, (vector * VECTOR_LANES + lane) * sampleBytes);
          });
        }
        code.increase(source, 4 * PLACE_BYTES);
        code.increase(target, 4 * FLOAT_BYTES);
      });
    },
    { exported: true },
  );
}

/**
 * Emits (xTransposed, dyTransposed, samples, dWeight, firstBlock, endBlock): rows of the gradient over a batch.
 *
 * @param samplesAtOnce samples that a loop body takes; the kernel is called with a multiple of them
 */
function emitBackwardWeight(
  context: KernelContext,
  name: string,
  shape: LinearShape,
  samplesAtOnce: number,
): FunctionHandle {
  const inBytes = paddedFeatures(shape.inFeatures) * FLOAT_BYTES;
  const fullBlocks = Math.floor(shape.outFeatures / ROWS);
  const lastRows = shape.outFeatures % ROWS;
  const fullBlock = fullBlocks > 0 ? emitGradientBlock(context, name, shape, ROWS, samplesAtOnce) : undefined;
  const lastBlock = lastRows > 0 ? emitGradientBlock(context, name, shape, lastRows, samplesAtOnce) : undefined;
  return context.module.function(
    name,
    { x: "i32", dy: "i32", samples: "i32", dWeight: "i32", first: "i32", end: "i32" },
    (code, { x, dy, samples, dWeight, first, end }) => {
      const callBlock = (block: FunctionHandle, index: Local<"i32">) => {
        code.call(
          block,
          x,
          i32.add(dy, i32.mul(index, ROWS * FLOAT_BYTES)),
          samples,
          i32.add(dWeight, i32.mul(index, ROWS * inBytes)),
        );
      };
      code.forRange(first, end, (index) => {
        if (fullBlock && lastBlock) {
          code.if(
            i32.ltSigned(index, fullBlocks),
            () => callBlock(fullBlock, index),
            () => callBlock(lastBlock, index),
          );
        } else {
          callBlock((fullBlock ?? lastBlock)!, index);
        }
      });
    },
    { exported: true },
  );
}

/** Samples of tiles that a loop body of the weight gradient takes. */
const SAMPLES_AT_ONCE = 4;

/** Emits (x, dy, samples, dWeight): some rows of the gradient, one stripe of one or two vectors of inputs at a time. */
function emitGradientBlock(
  context: KernelContext,
  name: string,
  shape: LinearShape,
  rows: number,
  samplesAtOnce: number,
): FunctionHandle {
  const inBytes = paddedFeatures(shape.inFeatures) * FLOAT_BYTES;
  const outBytes = paddedFeatures(shape.outFeatures) * FLOAT_BYTES;
  const pairs = Math.floor(inBytes / (2 * VECTOR_BYTES));
  const single = inBytes % (2 * VECTOR_BYTES) !== 0;
  return context.module.function(
    `${name}${rows}`,
    { x: "i32", dy: "i32", samples: "i32", dWeight: "i32" },
    (code, { x, dy, samples, dWeight }) => {
      const end = code.local("i32", i32.add(dy, i32.mul(samples, outBytes)));
      const emitStripe = (vectors: number) => {
        const product = new OuterProduct(context, code, rows, vectors);
        const input = code.local("i32");
        const gradient = code.local("i32");
        return () => {
          product.start(() => ZERO);
          code.set(input, x);
          code.set(gradient, dy);
          code.while(i32.ltUnsigned(gradient, end), () => {
            product.accumulate(
              input,
              samplesAtOnce,
              (sample, vector) => v128.load(input, sample * inBytes + vector * VECTOR_BYTES),
              (sample, row) => v128.load32Splat(gradient, sample * outBytes + row * FLOAT_BYTES),
            );
            code.increase(input, samplesAtOnce * inBytes);
            code.increase(gradient, samplesAtOnce * outBytes);
          });
          product.store(dWeight, (row) => row * inBytes);
          code.increase(x, vectors * VECTOR_BYTES);
          code.increase(dWeight, vectors * VECTOR_BYTES);
        };
      };
      if (pairs > 0) code.repeat(pairs, emitStripe(2));
      if (single) emitStripe(1)();
    },
  );
}

/** Emits (dyTransposed, samples, dBias, firstVector, endVector): the bias gradient over a batch, four a vector. */
function emitBackwardBias(context: KernelContext, name: string, shape: LinearShape): FunctionHandle {
  const outBytes = paddedFeatures(shape.outFeatures) * FLOAT_BYTES;
  return context.module.function(
    `${name}.backwardBias`,
    { dy: "i32", samples: "i32", dBias: "i32", first: "i32", end: "i32" },
    (code, { dy, samples, dBias, first, end }) => {
      const sum = code.local("v128");
      const gradient = code.local("i32");
      const offset = code.local("i32");
      code.forRange(first, end, (index) => {
        code.set(offset, i32.mul(index, VECTOR_BYTES));
        code.set(gradient, i32.add(dy, offset));
        code.set(sum, ZERO);
        code.forRange(0, samples, () => {
          code.set(sum, f32x4.add(sum, v128.load(gradient)));
          code.increase(gradient, outBytes);
        });
        code.store(i32.add(dBias, offset), sum);
      });
    },
    { exported: true },
  );
}

/** Inner products of one sample that are summed side by side: enough to hide the latency of a multiply-add. */
const LINEAR_ROWS = 8;
/** Emits (x, weight, bias, y): inner products of the input with the rows of the weight; y may be written past its end. */
function emitSingle(
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
      // The last block ends with the layer, so it may overlap the one before.
      if (rest > 0) code.call(block, x, weight, bias, y);
    },
  );
}

/** Emits (dy, weight, dx, workspace) for one sample: Σ dy[out] · weight[out], over the outputs with a gradient. */
function emitSingleBackwardInput(context: KernelContext, name: string, shape: LinearShape): FunctionHandle {
  const rowBytes = paddedFeatures(shape.inFeatures) * FLOAT_BYTES;
  const list = new NonzeroList(shape.outFeatures);
  const weightedRows = emitWeightedRows(context, `${name}.rows`, list, rowBytes / VECTOR_BYTES);
  return context.module.function(
    name,
    { dy: "i32", weight: "i32", dx: "i32", workspace: "i32" },
    (code, { dy, weight, dx, workspace }) => {
      const end = code.local("i32", workspace);
      const row = code.local("i32");
      code.repeat(shape.outFeatures, () => {
        list.append(code, end, dy, 0, row);
        code.increase(dy, FLOAT_BYTES);
        code.increase(row, rowBytes);
      });
      code.call(weightedRows, workspace, end, weight, dx);
    },
  );
}

/** Emits (source, target): copies the features of one sample, and zeros up to a whole vector. */
function emitKeepRow(context: KernelContext, name: string, features: number): FunctionHandle {
  const whole = Math.floor(features / VECTOR_LANES);
  const rest = features % VECTOR_LANES;
  return context.module.function(name, { source: "i32", target: "i32" }, (code, { source, target }) => {
    if (whole > 0) {
      code.repeat(whole, () => {
        code.store(target, v128.load(source));
        code.increase(source, VECTOR_BYTES);
        code.increase(target, VECTOR_BYTES);
      });
    }
    if (rest > 0) code.store(target, v128.and(v128.load(source), firstLanes(rest)));
  });
}

/** The sums of four vectors' lanes as one vector. */
function horizontalSums(code: FunctionBuilder, [a, b, c, d]: readonly Value<"v128">[]): Value<"v128"> {
  const pairSums = (left: Value<"v128">, right: Value<"v128">) =>
    code.local("v128", f32x4.add(v128.shuffle32(left, right, [0, 4, 1, 5]), v128.shuffle32(left, right, [2, 6, 3, 7])));
  const [low, high] = [pairSums(a, b), pairSums(c, d)];
  return f32x4.add(v128.shuffle32(low, high, [0, 1, 4, 5]), v128.shuffle32(low, high, [2, 3, 6, 7]));
}
