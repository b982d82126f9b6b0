import { RBF_CENTRES, type RbfLayer } from "../../../model/index.js";
import { type FunctionHandle, f32x4, i32, v128 } from "../assembler/index.js";
import { horizontalSum, type KernelContext, multiplyAdd, ZERO } from "./context.js";
import type { LayerKernels, PassCode, TrainingKernels } from "./layerKernels.js";
import { FLOAT_BYTES, PLACE_BYTES, PLACE_VECTORS, VECTOR_BYTES, VECTOR_LANES } from "./layout.js";

const FEATURES = RBF_CENTRES[0].length;
const CLASSES = RBF_CENTRES.length;
const CENTRE_BYTES = FEATURES * FLOAT_BYTES;

/** The negative mean squared differences from fixed centres: y[class] = −Σ (x[feature] − centre[class][feature])² / n. */
export const rbf: LayerKernels<RbfLayer> = {
  backwardIgnoresOutput: true,
  emit: (context, { described: { label } }) => forwardCode(emitForward(context, label, emitCentres(context))),
  single: { emit: (context, name) => forwardCode(emitSingleForward(context, name, emitCentres(context))) },
};

/** The gradient by the features. */
export const rbfTraining: TrainingKernels<RbfLayer> = {
  emit: (context, { described: { label } }, code) => ({
    ...code,
    inputGradient: gradientCode(emitBackward(context, label, emitCentres(context))),
  }),
  single: (context, name, _placed, code) => ({
    ...code,
    inputGradient: gradientCode(emitSingleBackward(context, name, emitCentres(context))),
  }),
};

function forwardCode(kernel: FunctionHandle): PassCode {
  return { forward: [{ kernel, operands: ({ x, y }) => [x, y], multiplyAdds: CLASSES * FEATURES }] };
}

function gradientCode(kernel: FunctionHandle): PassCode["inputGradient"] {
  return [{ kernel, operands: ({ x, dx, dy }) => [x, dy, dx] }];
}

/** float32 [class][feature]; returns the address. */
function emitCentres({ data }: KernelContext): number {
  const values = Float32Array.from(RBF_CENTRES.flatMap((centre) => [...centre]));
  return data.sharedTable("rbf", [...new Int32Array(values.buffer)]);
}

/** Emits (x, y) for one tile. */
function emitForward(context: KernelContext, name: string, centres: number): FunctionHandle {
  const share = context.data.splat(-1 / FEATURES);
  return context.module.function(
    `${name}.forward`,
    { x: "i32", y: "i32" },
    (code, { x, y }) => {
      const sums = Array.from({ length: PLACE_VECTORS }, () => code.local("v128"));
      const [pixel, difference] = [code.local("v128"), code.local("v128")];
      const centre = code.local("i32", i32.const(centres));
      const feature = code.local("i32");
      code.repeat(CLASSES, () => {
        code.set(feature, x);
        for (const sum of sums) code.set(sum, ZERO);
        code.repeat(FEATURES, () => {
          code.set(pixel, v128.load32Splat(centre));
          sums.forEach((sum, vector) => {
            code.set(difference, f32x4.sub(v128.load(feature, vector * VECTOR_BYTES), pixel));
            code.set(sum, multiplyAdd(context, difference, difference, sum));
          });
          code.increase(feature, PLACE_BYTES);
          code.increase(centre, FLOAT_BYTES);
        });
        sums.forEach((sum, vector) => {
          code.store(y, f32x4.mul(sum, share), vector * VECTOR_BYTES);
        });
        code.increase(y, PLACE_BYTES);
      });
    },
    { exported: true },
  );
}

/** Emits (x, dy, dx) for one tile: dx[feature] = 2 / n · Σ dy[class] · (centre[class][feature] − x[feature]). */
function emitBackward(context: KernelContext, name: string, centres: number): FunctionHandle {
  const share = context.data.splat(2 / FEATURES);
  return context.module.function(
    `${name}.backward`,
    { x: "i32", dy: "i32", dx: "i32" },
    (code, { x, dy, dx }) => {
      const sums = Array.from({ length: PLACE_VECTORS }, () => code.local("v128"));
      const values = Array.from({ length: PLACE_VECTORS }, () => code.local("v128"));
      const pixel = code.local("v128");
      const first = code.local("i32", i32.const(centres));
      const [centre, gradient] = [code.local("i32"), code.local("i32")];
      code.repeat(FEATURES, () => {
        code.set(centre, first);
        code.set(gradient, dy);
        sums.forEach((sum, vector) => {
          code.set(sum, ZERO);
          code.set(values[vector], v128.load(x, vector * VECTOR_BYTES));
        });
        code.repeat(CLASSES, () => {
          code.set(pixel, v128.load32Splat(centre));
          sums.forEach((sum, vector) => {
            const difference = f32x4.sub(pixel, values[vector]);
            code.set(sum, multiplyAdd(context, difference, v128.load(gradient, vector * VECTOR_BYTES), sum));
          });
          code.increase(centre, CENTRE_BYTES);
          code.increase(gradient, PLACE_BYTES);
        });
        sums.forEach((sum, vector) => {
          code.store(dx, f32x4.mul(sum, share), vector * VECTOR_BYTES);
        });
        for (const pointer of [x, dx]) code.increase(pointer, PLACE_BYTES);
        code.increase(first, FLOAT_BYTES);
      });
    },
    { exported: true },
  );
}

/** Vectors of features that a loop body takes. */
const VECTORS = FEATURES / VECTOR_LANES;
const VECTORS_AT_ONCE = 3;

/** Emits (x, y) for one sample. */
function emitSingleForward(context: KernelContext, name: string, centres: number): FunctionHandle {
  const share = context.data.splat(-1 / FEATURES);
  return context.module.function(`${name}.forward`, { x: "i32", y: "i32" }, (code, { x, y }) => {
    const sums = Array.from({ length: VECTORS_AT_ONCE }, () => code.local("v128"));
    const difference = code.local("v128");
    const centre = code.local("i32", i32.const(centres));
    const feature = code.local("i32");
    code.repeat(CLASSES, () => {
      code.set(feature, x);
      for (const sum of sums) code.set(sum, ZERO);
      code.repeat(VECTORS / VECTORS_AT_ONCE, () => {
        sums.forEach((sum, vector) => {
          const offset = vector * VECTOR_BYTES;
          code.set(difference, f32x4.sub(v128.load(feature, offset), v128.load(centre, offset)));
          code.set(sum, multiplyAdd(context, difference, difference, sum));
        });
        for (const pointer of [feature, centre]) code.increase(pointer, VECTORS_AT_ONCE * VECTOR_BYTES);
      });
      const total = sums.reduce((left: (typeof sums)[number], right) => code.local("v128", f32x4.add(left, right)));
      code.store(y, horizontalSum(code, f32x4.mul(total, share)));
      code.increase(y, FLOAT_BYTES);
    });
  });
}

/** Emits (x, dy, dx) for one sample. */
function emitSingleBackward(context: KernelContext, name: string, centres: number): FunctionHandle {
  const share = context.data.splat(2 / FEATURES);
  return context.module.function(`${name}.backward`, { x: "i32", dy: "i32", dx: "i32" }, (code, { x, dy, dx }) => {
    const sums = Array.from({ length: VECTORS_AT_ONCE }, () => code.local("v128"));
    const values = Array.from({ length: VECTORS_AT_ONCE }, () => code.local("v128"));
    const factor = code.local("v128");
    const first = code.local("i32", i32.const(centres));
    const [centre, gradient] = [code.local("i32"), code.local("i32")];
    code.repeat(VECTORS / VECTORS_AT_ONCE, () => {
      code.set(centre, first);
      code.set(gradient, dy);
      sums.forEach((sum, vector) => {
        code.set(sum, ZERO);
        code.set(values[vector], v128.load(x, vector * VECTOR_BYTES));
      });
      code.repeat(CLASSES, () => {
        code.set(factor, v128.load32Splat(gradient));
        sums.forEach((sum, vector) => {
          const difference = f32x4.sub(v128.load(centre, vector * VECTOR_BYTES), values[vector]);
          code.set(sum, multiplyAdd(context, difference, factor, sum));
        });
        code.increase(centre, CENTRE_BYTES);
        code.increase(gradient, FLOAT_BYTES);
      });
      sums.forEach((sum, vector) => {
        code.store(dx, f32x4.mul(sum, share), vector * VECTOR_BYTES);
      });
      for (const pointer of [x, dx, first]) code.increase(pointer, VECTORS_AT_ONCE * VECTOR_BYTES);
    });
  });
}
