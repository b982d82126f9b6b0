import type { DropoutLayer } from "../../../model/index.js";
import { DROPOUT_MULTIPLIERS, dropoutThreshold } from "../../../numeric/dropoutDraw.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32x4,
  i32,
  i32x4,
  type Local,
  type Value,
  v128,
} from "../assembler/index.js";
import { forEachVector, type KernelContext } from "./context.js";
import type { LayerKernels, PassCode, PlacedLayer, TrainingKernels } from "./layerKernels.js";
import { type Layout, TILE_SAMPLES, tileBytes, VECTOR_LANES } from "./layout.js";

/** Outside training, dropout does nothing. */
export const dropout: LayerKernels<DropoutLayer> = {
  trainingOnly: true,
  emit: () => ({ forward: [] }),
  // The places of one sample follow each other only without a border.
  single: { emit: (_context, _name, { output }) => (output.border > 0 ? undefined : { forward: [] }) },
};

/** Zeroes values with the layer's probability and scales the others; keeps the mask for the backward pass. */
export const dropoutTraining: TrainingKernels<DropoutLayer> = {
  emit: (context, placed) => trainingCode(context, placed.described.label, placed),
  single: (context, name, placed) => trainingCode(context, name, placed),
};

function trainingCode(
  context: KernelContext,
  name: string,
  { described, output: layout }: PlacedLayer<DropoutLayer>,
): PassCode {
  const kernels = emitDropout(context, name, { probability: described.layer.probability, layout });
  return {
    keptBytes: tileBytes(layout),
    forward: [
      {
        kernel: kernels.forward,
        operands: ({ x, y, kept, keys, tile }) => [x, kept, y, i32.load(keys), i32.load(keys + 4), tile],
      },
    ],
    inputGradient: [{ kernel: kernels.backward, operands: ({ dx, dy, kept }) => [kept, dy, dx] }],
  };
}

/** Dropout over one tile, or over one sample without borders. */
interface DropoutShape {
  /** The share of values set to zero; the others are scaled by 1 / (1 − probability). */
  readonly probability: number;
  /** Of x and y; the mask and the gradients have no border. */
  readonly layout: Layout;
}

interface DropoutKernels {
  /** (x, mask, y, key0, key1, tile or sample): draws the mask (0 or the scale) and applies it */
  readonly forward: FunctionHandle;
  /** (mask, dy, dx) */
  readonly backward: FunctionHandle;
}

function emitDropout(context: KernelContext, name: string, shape: DropoutShape): DropoutKernels {
  const { layout, probability } = shape;
  const bare = { ...layout, border: 0 };
  const multipliers = DROPOUT_MULTIPLIERS.map((multiplier) => {
    const address = context.data.table(Array.from({ length: VECTOR_LANES }, () => multiplier));
    return v128.load(address);
  });
  const scale = context.data.splat(1 / (1 - probability));
  return {
    forward: context.module.function(
      `${name}.forward`,
      { x: "i32", mask: "i32", y: "i32", key0: "i32", key1: "i32", tile: "i32" },
      (code, { x, mask, y, key0, key1, tile }) => {
        const firstKey = code.local("v128", i32x4.splat(key0));
        const secondKey = code.local("v128", i32x4.splat(key1));
        const threshold = code.local("v128", i32x4.splat(dropoutThreshold(probability)));
        const draws = startDraws(code, tile, layout);
        const word = code.local("v128");
        const mixWord = (input: Value<"v128">) => {
          code.set(word, input);
          code.set(word, i32x4.mul(v128.xor(word, i32x4.shrUnsigned(word, 16)), multipliers[0]));
          code.set(word, i32x4.mul(v128.xor(word, i32x4.shrUnsigned(word, 15)), multipliers[1]));
          code.set(word, v128.xor(word, i32x4.shrUnsigned(word, 16)));
        };
        const tensors = [
          { pointer: x, layout },
          { pointer: mask, layout: bare },
          { pointer: y, layout },
        ];
        forEachVector(code, tensors, () => {
          mixWord(v128.xor(draws.current, firstKey));
          mixWord(i32x4.add(word, secondKey));
          code.set(word, v128.and(scale, i32x4.geUnsigned(word, threshold)));
          code.store(mask, word);
          code.store(y, f32x4.mul(word, v128.load(x)));
          draws.advance();
        });
      },
      { exported: true },
    ),
    backward: context.module.function(
      `${name}.backward`,
      { mask: "i32", dy: "i32", dx: "i32" },
      (code, { mask, dy, dx }) => {
        const tensors = [mask, dy, dx].map((pointer) => ({ pointer, layout: bare }));
        forEachVector(code, tensors, () => code.store(dx, f32x4.mul(v128.load(mask), v128.load(dy))));
      },
      { exported: true },
    ),
  };
}

/** Which draws the lanes of a vector take, from vector to vector: draw i of a sample belongs to its value i. */
interface Draws {
  readonly current: Local<"v128">;
  advance(): void;
}

function startDraws(code: FunctionBuilder, tile: Local<"i32">, layout: Layout): Draws {
  const values = layout.channels * layout.height * layout.width;
  const lanesFrom = (first: number) => i32x4.const([first, first + 1, first + 2, first + 3]);
  if (layout.samples === 1) {
    const current = code.local("v128", i32x4.add(i32x4.splat(i32.mul(tile, values)), lanesFrom(0)));
    return { current, advance: () => code.set(current, i32x4.add(current, i32x4.splat(VECTOR_LANES))) };
  }
  // Of the next vector's samples, and of the one after it: a place is two vectors.
  const [current, next] = [0, VECTOR_LANES].map((first) => {
    const positions = i32x4.add(i32x4.splat(i32.mul(tile, TILE_SAMPLES)), lanesFrom(first));
    return code.local("v128", i32x4.mul(positions, i32x4.splat(values)));
  });
  const one = code.local("v128", i32x4.splat(1));
  const following = code.local("v128");
  return {
    current,
    advance: () => {
      code.set(following, i32x4.add(current, one));
      code.set(current, next);
      code.set(next, following);
    },
  };
}
