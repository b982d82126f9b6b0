import type { BatchNormLayer } from "../../../model/index.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32,
  f32x4,
  i32,
  i32x4,
  type Local,
  type Value,
  v128,
} from "../assembler/index.js";
import { largestDivisor } from "./blocks.js";
import { horizontalSum, type KernelContext, multiplyAdd, negativeMultiplyAdd, type Walked, ZERO } from "./context.js";
import type { LayerKernels, PlacedLayer, TrainingKernels } from "./layerKernels.js";
import {
  channelBytes,
  FLOAT_BYTES,
  type Layout,
  PLACE_BYTES,
  PLACE_VECTORS,
  paddedFeatures,
  placeOffset,
  rowBytes,
  TILE_SAMPLES,
  VECTOR_BYTES,
  VECTOR_LANES,
} from "./layout.js";
import { emitGradientShares } from "./reduction.js";

/**
 * Batch normalisation. What its kernels take for each channel are the channel's coefficients: outside training, they come
 * from the running means and variances.
 */
export const batchNorm: LayerKernels<BatchNormLayer> = {
  emit(context, placed) {
    const { label } = placed.described;
    const shape = shapeOf(placed);
    const recall = emitRecall(context, label, shape);
    const normalize = emitNormalize(context, label, shape);
    return {
      threadBytes: COEFFICIENTS.length * arrayBytes(placed.input),
      forward: [
        {
          kernel: recall,
          operands: ({ weights, ofThread }) => [...addressesOf(placed, weights), ofThread],
        },
        { kernel: normalize, operands: ({ x, y, ofThread }) => [x, ofThread, y] },
      ],
    };
  },
  backwardIgnoresOutput: true,
  gradientInPlace: true,
};

/**
 * In training every tile leaves its count, means and sums of squared deviations; when all have, each thread joins them, in
 * the order of the tiles, into the coefficients. The same again for the sums over the gradient.
 */
export const batchNormTraining: TrainingKernels<BatchNormLayer> = {
  emit(context, placed, code) {
    const { label } = placed.described;
    const shape = shapeOf(placed);
    const shares = emitGradientShares(context, label, placed.parameters.slice(0, 2));
    const measure = emitMeasure(context, label, shape);
    const join = emitJoin(context, label, shape);
    const backwardParameters = emitBackwardParameters(context, label, shape);
    const joinGradients = emitJoinGradients(context, label, shape);
    const backwardInput = emitBackwardInput(context, label, shape);
    const [, normalize] = code.forward;
    return {
      ...code,
      batchBytes: [shares.bytes, statisticsBytes(placed.input)],
      parameterGradients: [
        { kernel: backwardParameters, operands: ({ x, dy, ofThread, inBatch: [share] }) => [x, dy, ofThread, share] },
      ],
      inputGradient: [
        {
          kernel: backwardInput,
          operands: ({ x, dx, dy, ofThread, tile, samples }) => [x, dy, ofThread, dx, tile, samples],
        },
      ],
      tasks: shares.tasks,
      overBatch: {
        before: [
          {
            kernel: measure,
            operands: ({ x, tile, samples, inBatch: [, statistics] }) => [x, tile, samples, statistics],
          },
        ],
        meetForward: [
          {
            kernel: join,
            operands: ({ tiles, samples, isFirst, keys, weights, ofThread, batch: [, statistics] }) => [
              statistics,
              tiles,
              samples,
              ...addressesOf(placed, weights),
              isFirst,
              f32.load(keys),
              ofThread,
            ],
          },
        ],
        after: [normalize],
        meetBackward: [
          {
            kernel: joinGradients,
            operands: ({ tiles, samples, ofThread, batch: [all] }) => [all, tiles, samples, ofThread],
          },
        ],
      },
    };
  },
};

function shapeOf({
  described,
  input,
  output,
  parameters: [weight, bias],
}: PlacedLayer<BatchNormLayer>): BatchNormShape {
  const { epsilon } = described.layer;
  return { input, output, epsilon, shareBytes: weight.bytes + bias.bytes, biasShare: weight.bytes };
}

/** Where weight, bias, running mean and running variance are. */
function addressesOf({ parameters }: PlacedLayer<BatchNormLayer>, weights: number): number[] {
  return parameters.map(({ offset }) => weights + offset);
}

interface BatchNormShape {
  /** Without border. */
  readonly input: Layout;
  readonly output: Layout;
  readonly epsilon: number;
  /** Bytes of a tile's share of the gradients, and where that of the bias begins. */
  readonly shareBytes: number;
  readonly biasShare: number;
}

/** What the kernels take for each channel; arrays one after the other. */
const COEFFICIENTS = [
  "mean",
  /** 1 / √(variance + ε) */
  "reciprocal",
  /** weight · reciprocal */
  "scale",
  /** bias − mean · scale */
  "shift",
  /** The mean of the gradient over the batch; 0 outside training, where nothing depends on the batch. */
  "gradientMean",
  /** The mean of gradient · normalised value, times the reciprocal; likewise. */
  "gradientSlope",
] as const;
type Coefficient = (typeof COEFFICIENTS)[number];

/** Bytes of a float32 for each channel, in whole vectors. */
function arrayBytes({ channels }: Layout): number {
  return paddedFeatures(channels) * FLOAT_BYTES;
}

function coefficientOffset(layout: Layout, coefficient: Coefficient): number {
  return COEFFICIENTS.indexOf(coefficient) * arrayBytes(layout);
}

/** A tile's statistics: the number of its values in a channel (a vector), each channel's mean, its squared deviations. */
function statisticsBytes(layout: Layout): number {
  return VECTOR_BYTES + 2 * arrayBytes(layout);
}

/** Places taken at once: enough sums to add two vectors a cycle. */
const MOST_PLACES = 4;

/**
 * Runs the body for all places of one channel, a few at once, with the pointers at the first of them. Then the pointers
 * are at the next channel.
 *
 * @param most the most places at once
 */
function forEachPlaces(
  code: FunctionBuilder,
  tensors: readonly Walked[],
  most: number,
  body: (vectors: number) => void,
): void {
  const { height, width } = tensors[0].layout;
  const rows = tensors.some(({ layout }) => layout.border > 0) ? height : 1;
  const rowPlaces = (height * width) / rows;
  const atOnce = largestDivisor(rowPlaces, most);
  const advance = (bytes: (layout: Layout) => number) => {
    for (const { pointer, layout } of tensors) code.increase(pointer, bytes(layout));
  };
  advance((layout) => placeOffset(layout, 0, 0, 0));
  code.repeat(rows, () => {
    code.repeat(rowPlaces / atOnce, () => {
      body(atOnce * PLACE_VECTORS);
      advance(() => atOnce * PLACE_BYTES);
    });
    advance((layout) => rowBytes(layout) - layout.width * PLACE_BYTES);
  });
  advance((layout) => channelBytes(layout) - layout.height * rowBytes(layout) - placeOffset(layout, 0, 0, 0));
}

/** A channel's coefficients as vectors, loaded anew for each channel; the pointer is at the channel's first one. */
function loadCoefficients<Name extends Coefficient>(
  code: FunctionBuilder,
  layout: Layout,
  pointer: Local<"i32">,
  names: readonly Name[],
): { readonly locals: Readonly<Record<Name, Local<"v128">>>; load(): void } {
  const locals = Object.fromEntries(names.map((name) => [name, code.local("v128")])) as Record<Name, Local<"v128">>;
  const load = () => {
    for (const name of names) code.set(locals[name], v128.load32Splat(pointer, coefficientOffset(layout, name)));
  };
  return { locals, load };
}

/** All ones in the lanes of a tile's samples, zeros in those without a sample: one mask for each vector of a place. */
function presentLanes(code: FunctionBuilder, tile: Local<"i32">, samples: Local<"i32">): Local<"v128">[] {
  const last = i32x4.splat(i32.sub(i32.sub(samples, i32.mul(tile, TILE_SAMPLES)), 1));
  return Array.from({ length: PLACE_VECTORS }, (_, vector) => {
    const first = vector * VECTOR_LANES;
    return code.local("v128", i32x4.geSigned(last, i32x4.const([first, first + 1, first + 2, first + 3])));
  });
}

/** The values of a channel over some samples, as a vector. */
function valueCount({ height, width }: Layout, samples: Value<"i32">): Value<"v128"> {
  return f32x4.splat(f32.convertUnsigned(i32.mul(samples, height * width)));
}

/** Sums that are gathered side by side, for their latency. */
class Sums {
  private readonly code: FunctionBuilder;
  private readonly vectors: readonly Local<"v128">[];

  constructor(code: FunctionBuilder, count: number) {
    this.code = code;
    this.vectors = Array.from({ length: count }, () => code.local("v128"));
  }

  clear(): void {
    for (const sum of this.vectors) this.code.set(sum, ZERO);
  }

  at(index: number): Local<"v128"> {
    return this.vectors[index];
  }

  total(): Value<"f32"> {
    const [first, ...rest] = this.vectors;
    for (const sum of rest) this.code.set(first, f32x4.add(first, sum));
    return horizontalSum(this.code, first);
  }
}

/**
 * Emits (x, tile, samples, statistics): the tile's statistics. Deviations from the tile's own mean, and then between the
 * means of tiles, round far less than a difference of large sums.
 */
function emitMeasure(context: KernelContext, name: string, { input }: BatchNormShape): FunctionHandle {
  return context.module.function(
    `${name}.measure`,
    { x: "i32", tile: "i32", samples: "i32", statistics: "i32" },
    (code, { x, tile, samples, statistics }) => {
      const present = presentLanes(code, tile, samples);
      const here = code.local("i32", i32.sub(samples, i32.mul(tile, TILE_SAMPLES)));
      code.if(i32.gtSigned(here, TILE_SAMPLES), () => code.set(here, i32.const(TILE_SAMPLES)));
      const count = code.local("v128", valueCount(input, here));
      code.store(statistics, count);
      code.increase(statistics, VECTOR_BYTES);
      const sums = new Sums(code, MOST_PLACES * PLACE_VECTORS);
      const mean = code.local("v128");
      const deviation = code.local("v128");
      const place = code.local("i32");
      const walked = [{ pointer: place, layout: input }];
      code.repeat(input.channels, () => {
        sums.clear();
        code.set(place, x);
        forEachPlaces(code, walked, MOST_PLACES, (vectors) => {
          for (let vector = 0; vector < vectors; vector++) {
            const value = v128.and(v128.load(place, vector * VECTOR_BYTES), present[vector % PLACE_VECTORS]);
            code.set(sums.at(vector), f32x4.add(sums.at(vector), value));
          }
        });
        code.set(mean, f32x4.div(f32x4.splat(sums.total()), count));
        code.store(statistics, f32x4.extractLane(mean, 0));
        sums.clear();
        code.set(place, x);
        forEachPlaces(code, walked, MOST_PLACES, (vectors) => {
          for (let vector = 0; vector < vectors; vector++) {
            const value = f32x4.sub(v128.load(place, vector * VECTOR_BYTES), mean);
            code.set(deviation, v128.and(value, present[vector % PLACE_VECTORS]));
            code.set(sums.at(vector), multiplyAdd(context, deviation, deviation, sums.at(vector)));
          }
        });
        code.store(statistics, sums.total(), arrayBytes(input));
        code.set(x, place);
        code.increase(statistics, FLOAT_BYTES);
      });
    },
    { exported: true },
  );
}

/** What the coefficients of four channels are computed from. */
interface Channels {
  readonly mean: Local<"v128">;
  readonly variance: Local<"v128">;
  readonly weight: Local<"i32">;
  readonly bias: Local<"i32">;
}

/** Stores the coefficients of four channels that the forward pass takes. */
function storeCoefficients(
  context: KernelContext,
  code: FunctionBuilder,
  { input, epsilon }: BatchNormShape,
  coefficients: Local<"i32">,
  { mean, variance, weight, bias }: Channels,
): void {
  const store = (coefficient: Coefficient, value: Value<"v128">) =>
    code.store(coefficients, value, coefficientOffset(input, coefficient));
  const std = f32x4.sqrt(f32x4.add(variance, context.data.splat(epsilon)));
  const reciprocal = code.local("v128", f32x4.div(context.data.splat(1), std));
  const scale = code.local("v128", f32x4.mul(v128.load(weight), reciprocal));
  store("mean", mean);
  store("reciprocal", reciprocal);
  store("scale", scale);
  store("shift", negativeMultiplyAdd(context, mean, scale, v128.load(bias)));
}

/** Runs the body for every four channels, with all pointers at them. */
function forEachFourChannels(
  code: FunctionBuilder,
  { input }: BatchNormShape,
  pointers: readonly Local<"i32">[],
  body: () => void,
): void {
  code.repeat(paddedFeatures(input.channels) / VECTOR_LANES, () => {
    body();
    for (const pointer of pointers) code.increase(pointer, VECTOR_BYTES);
  });
}

/**
 * Emits (statistics, tiles, samples, weight, bias, running mean, running variance, isFirst, share, coefficients): the
 * batch's mean and variance from those of its tiles. The first thread also moves the running ones by the share.
 */
function emitJoin(context: KernelContext, name: string, shape: BatchNormShape): FunctionHandle {
  const { input } = shape;
  const tileBytes = statisticsBytes(input);
  return context.module.function(
    `${name}.join`,
    {
      statistics: "i32",
      tiles: "i32",
      samples: "i32",
      weight: "i32",
      bias: "i32",
      runningMean: "i32",
      runningVariance: "i32",
      isFirst: "i32",
      share: "f32",
      coefficients: "i32",
    },
    (code, { statistics, tiles, samples, isFirst, share, coefficients, ...at }) => {
      const count = code.local("v128", valueCount(input, samples));
      const unbiased = code.local("v128", f32x4.sub(count, context.data.splat(1)));
      const shares = code.local("v128", f32x4.splat(share));
      const [mean, spread, variance, difference] = Array.from({ length: 4 }, () => code.local("v128"));
      const counts = code.local("i32");
      const tile = code.local("i32", i32.add(statistics, VECTOR_BYTES));
      const ofTile = code.local("i32");
      const eachTile = (body: () => void) => {
        code.set(counts, statistics);
        code.set(ofTile, tile);
        code.forRange(0, tiles, () => {
          body();
          for (const pointer of [counts, ofTile]) code.increase(pointer, tileBytes);
        });
      };
      const move = (running: Local<"i32">, to: Value<"v128">) => {
        const before = code.local("v128", v128.load(running));
        code.store(running, multiplyAdd(context, shares, f32x4.sub(to, before), before));
      };
      const pointers = [tile, coefficients, at.weight, at.bias, at.runningMean, at.runningVariance];
      forEachFourChannels(code, shape, pointers, () => {
        code.set(mean, ZERO);
        eachTile(() => code.set(mean, multiplyAdd(context, v128.load(ofTile), v128.load(counts), mean)));
        code.set(mean, f32x4.div(mean, count));
        code.set(spread, ZERO);
        eachTile(() => {
          code.set(difference, f32x4.sub(v128.load(ofTile), mean));
          code.set(spread, f32x4.add(spread, v128.load(ofTile, arrayBytes(input))));
          const weighted = f32x4.mul(difference, v128.load(counts));
          code.set(spread, multiplyAdd(context, difference, weighted, spread));
        });
        code.set(variance, f32x4.div(spread, count));
        storeCoefficients(context, code, shape, coefficients, { mean, variance, ...at });
        code.if(isFirst, () => {
          move(at.runningMean, mean);
          move(at.runningVariance, f32x4.div(spread, unbiased));
        });
      });
    },
    { exported: true },
  );
}

/** Emits (weight, bias, running mean, running variance, coefficients): the coefficients outside training. */
function emitRecall(context: KernelContext, name: string, shape: BatchNormShape): FunctionHandle {
  const { input } = shape;
  return context.module.function(
    `${name}.recall`,
    { weight: "i32", bias: "i32", runningMean: "i32", runningVariance: "i32", coefficients: "i32" },
    (code, { weight, bias, runningMean, runningVariance, coefficients }) => {
      const mean = code.local("v128");
      const variance = code.local("v128");
      forEachFourChannels(code, shape, [weight, bias, runningMean, runningVariance, coefficients], () => {
        code.set(mean, v128.load(runningMean));
        code.set(variance, v128.load(runningVariance));
        storeCoefficients(context, code, shape, coefficients, { mean, variance, weight, bias });
        code.store(coefficients, ZERO, coefficientOffset(input, "gradientMean"));
        code.store(coefficients, ZERO, coefficientOffset(input, "gradientSlope"));
      });
    },
    { exported: true },
  );
}

/** Emits (x, coefficients, y). */
function emitNormalize(context: KernelContext, name: string, { input, output }: BatchNormShape): FunctionHandle {
  return context.module.function(
    `${name}.normalize`,
    { x: "i32", coefficients: "i32", y: "i32" },
    (code, { x, coefficients, y }) => {
      const { locals, load } = loadCoefficients(code, input, coefficients, ["scale", "shift"]);
      const walked = [
        { pointer: x, layout: input },
        { pointer: y, layout: output },
      ];
      code.repeat(input.channels, () => {
        load();
        forEachPlaces(code, walked, MOST_PLACES, (vectors) => {
          for (let vector = 0; vector < vectors; vector++) {
            const offset = vector * VECTOR_BYTES;
            code.store(y, multiplyAdd(context, v128.load(x, offset), locals.scale, locals.shift), offset);
          }
        });
        code.increase(coefficients, FLOAT_BYTES);
      });
    },
    { exported: true },
  );
}

/** Emits (x, dy, coefficients, share): the tile's share of the gradients of weight and bias; dy without border. */
function emitBackwardParameters(
  context: KernelContext,
  name: string,
  { input, biasShare }: BatchNormShape,
): FunctionHandle {
  // Two sums for each vector.
  const places = MOST_PLACES / 2;
  return context.module.function(
    `${name}.backwardParameters`,
    { x: "i32", dy: "i32", coefficients: "i32", share: "i32" },
    (code, { x, dy, coefficients, share }) => {
      const { locals, load } = loadCoefficients(code, input, coefficients, ["mean"]);
      const gradient = code.local("v128");
      const sums = new Sums(code, places * PLACE_VECTORS);
      const products = new Sums(code, places * PLACE_VECTORS);
      const walked = [x, dy].map((pointer) => ({ pointer, layout: input }));
      code.repeat(input.channels, () => {
        load();
        sums.clear();
        products.clear();
        forEachPlaces(code, walked, places, (vectors) => {
          for (let vector = 0; vector < vectors; vector++) {
            const offset = vector * VECTOR_BYTES;
            const deviation = f32x4.sub(v128.load(x, offset), locals.mean);
            code.set(gradient, v128.load(dy, offset));
            code.set(sums.at(vector), f32x4.add(sums.at(vector), gradient));
            code.set(products.at(vector), multiplyAdd(context, deviation, gradient, products.at(vector)));
          }
        });
        const reciprocal = f32.load(coefficients, coefficientOffset(input, "reciprocal"));
        code.store(share, f32.mul(products.total(), reciprocal));
        code.store(share, sums.total(), biasShare);
        code.increase(coefficients, FLOAT_BYTES);
        code.increase(share, FLOAT_BYTES);
      });
    },
    { exported: true },
  );
}

/** Emits (shares, tiles, samples, coefficients): the means over the batch that the input's gradient takes. */
function emitJoinGradients(context: KernelContext, name: string, shape: BatchNormShape): FunctionHandle {
  const { input, shareBytes, biasShare } = shape;
  return context.module.function(
    `${name}.joinGradients`,
    { shares: "i32", tiles: "i32", samples: "i32", coefficients: "i32" },
    (code, { shares, tiles, samples, coefficients }) => {
      const count = code.local("v128", valueCount(input, samples));
      const [sum, product] = [code.local("v128"), code.local("v128")];
      const ofTile = code.local("i32");
      forEachFourChannels(code, shape, [shares, coefficients], () => {
        code.set(sum, ZERO);
        code.set(product, ZERO);
        code.set(ofTile, shares);
        code.forRange(0, tiles, () => {
          code.set(product, f32x4.add(product, v128.load(ofTile)));
          code.set(sum, f32x4.add(sum, v128.load(ofTile, biasShare)));
          code.increase(ofTile, shareBytes);
        });
        const reciprocal = v128.load(coefficients, coefficientOffset(input, "reciprocal"));
        const slope = f32x4.mul(f32x4.div(product, count), reciprocal);
        code.store(coefficients, f32x4.div(sum, count), coefficientOffset(input, "gradientMean"));
        code.store(coefficients, slope, coefficientOffset(input, "gradientSlope"));
      });
    },
    { exported: true },
  );
}

/**
 * Emits (x, dy, coefficients, dx, tile, samples), dy and dx without border; dx may be dy, and is zero in lanes without a
 * sample.
 */
function emitBackwardInput(context: KernelContext, name: string, { input }: BatchNormShape): FunctionHandle {
  return context.module.function(
    `${name}.backwardInput`,
    { x: "i32", dy: "i32", coefficients: "i32", dx: "i32", tile: "i32", samples: "i32" },
    (code, { x, dy, coefficients, dx, tile, samples }) => {
      const present = presentLanes(code, tile, samples);
      const { locals, load } = loadCoefficients(code, input, coefficients, [
        "mean",
        "scale",
        "gradientMean",
        "gradientSlope",
      ]);
      const gradient = code.local("v128");
      const walked = [x, dy, dx].map((pointer) => ({ pointer, layout: input }));
      code.repeat(input.channels, () => {
        load();
        forEachPlaces(code, walked, MOST_PLACES, (vectors) => {
          for (let vector = 0; vector < vectors; vector++) {
            const offset = vector * VECTOR_BYTES;
            const deviation = f32x4.sub(v128.load(x, offset), locals.mean);
            code.set(gradient, f32x4.sub(v128.load(dy, offset), locals.gradientMean));
            code.set(gradient, negativeMultiplyAdd(context, deviation, locals.gradientSlope, gradient));
            const masked = v128.and(f32x4.mul(gradient, locals.scale), present[vector % PLACE_VECTORS]);
            code.store(dx, masked, offset);
          }
        });
        code.increase(coefficients, FLOAT_BYTES);
      });
    },
    { exported: true },
  );
}
