import { type FunctionHandle, f32x4, i32, type Local, v128 } from "../assembler/index.js";
import { type KernelContext, ZERO } from "./context.js";
import {
  equalBlocks,
  FLOAT_BYTES,
  largestDivisor,
  PLACE_BYTES,
  PLACE_VECTORS,
  roundUp,
  VECTOR_BYTES,
  VECTOR_LANES,
} from "./layout.js";
import { LARGEST_BODY, OuterProduct, ROWS } from "./outerProduct.js";

/**
 * A linear layer. Activations of a tile are [features][8]; weights are [out][in] with each row padded by zeros to a
 * multiple of four; for the weight gradient, activations are transposed to [samples][features], padded likewise.
 */
export interface LinearShape {
  readonly inFeatures: number;
  readonly outFeatures: number;
}

export interface LinearKernels {
  /** (x, weight, bias, y) for one tile: y[out] = bias[out] + Σ weight[out][in] · x[in] */
  readonly forward: FunctionHandle;
  /** (dy, weight, dx) for one tile */
  readonly backwardInput: FunctionHandle;
  /** (x, xTransposed) for one tile: keeps the inputs for the weight gradient */
  readonly transposeInput: FunctionHandle;
  /** (dy, dyTransposed) for one tile: keeps the gradients for the weight gradient */
  readonly transposeGradient: FunctionHandle;
  /** (xTransposed, dyTransposed, samples, dWeight, firstBlock, endBlock): whole rows of the gradient over a batch */
  readonly backwardWeight: FunctionHandle;
  /** (dyTransposed, samples, dBias, firstVector, endVector): four of the bias gradients a vector, over a batch */
  readonly backwardBias: FunctionHandle;
}

/** Features rounded up to whole vectors. */
export function paddedFeatures(features: number): number {
  return roundUp(features, VECTOR_LANES);
}

/** Blocks of rows that the weight gradient is divided into between threads. */
export function linearRowBlocks(shape: LinearShape): number {
  return Math.ceil(shape.outFeatures / ROWS);
}

/** Rows of a block of the weight gradient. */
export const LINEAR_BLOCK_ROWS = ROWS;

/** Emits the kernels of a linear layer. */
export function emitLinear(context: KernelContext, name: string, shape: LinearShape): LinearKernels {
  return {
    forward: emitForward(context, name, shape),
    backwardInput: emitBackwardInput(context, name, shape),
    transposeInput: emitTranspose(context, `${name}.transposeInput`, shape.inFeatures),
    transposeGradient: emitTranspose(context, `${name}.transposeGradient`, shape.outFeatures),
    backwardWeight: emitBackwardWeight(context, name, shape),
    backwardBias: emitBackwardBias(context, name, shape),
  };
}

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

/** [features][8] to [8][features], four by four. */
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

function emitBackwardWeight(context: KernelContext, name: string, shape: LinearShape): FunctionHandle {
  const inBytes = paddedFeatures(shape.inFeatures) * FLOAT_BYTES;
  const outBytes = paddedFeatures(shape.outFeatures) * FLOAT_BYTES;
  const samplesAtOnce = 4;
  const pairs = Math.floor(inBytes / (2 * VECTOR_BYTES));
  const single = inBytes % (2 * VECTOR_BYTES) !== 0;

  /** `rows` rows of the gradient: a stripe of one or two vectors of inputs after the other. */
  const emitBlock = (rows: number): FunctionHandle =>
    context.module.function(
      `${name}.backwardWeight${rows}`,
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

  const fullBlocks = Math.floor(shape.outFeatures / ROWS);
  const lastRows = shape.outFeatures % ROWS;
  const fullBlock = fullBlocks > 0 ? emitBlock(ROWS) : undefined;
  const lastBlock = lastRows > 0 ? emitBlock(lastRows) : undefined;
  return context.module.function(
    `${name}.backwardWeight`,
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
