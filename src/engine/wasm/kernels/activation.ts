import { type ActivationLayer, LEAKY_RELU_SLOPE, SCALED_TANH } from "../../../model/index.js";
import { type FunctionBuilder, f32x4, i32x4, type Local, type Value, v128 } from "../assembler/index.js";
import { forEachVector, type KernelContext, multiplyAdd, negativeMultiplyAdd, ZERO } from "./context.js";
import type { ActivationKind, LayerKernels, TrainingKernels } from "./layerKernels.js";

/** f(x) of several vectors at once: their chains of dependent operations overlap, and constants are loaded once. */
type Activation = (context: KernelContext, code: FunctionBuilder, xs: readonly Value<"v128">[]) => Value<"v128">[];

/** dy · f′, from y = f(x) */
type Derivative = (context: KernelContext, code: FunctionBuilder, y: Value<"v128">, dy: Value<"v128">) => Value<"v128">;

// 2^f for f in −½ … ½, degree 5, relative error 9.1e-8: weighted least squares, refined to the smallest largest error.
const EXP2_COEFFICIENTS = [
  0.001326472731307149, 0.009671512991189957, 0.05550733581185341, 0.24022242426872253, 0.6931470036506653, 1,
];
// (tanh(x) − x) / x³ as a polynomial in x² for |x| < 0.625, relative error of tanh 4.4e-9, fitted the same way.
const TANH_COEFFICIENTS = [
  -0.00570498313754797, 0.0206390842795372, -0.05373971536755562, 0.13331441581249237, -0.3333328068256378,
];
const TANH_POLYNOMIAL_LIMIT = 0.625;

/** Adding it rounds a float32 of at most 2^22 to the nearest integer, which then fills the sum's low bits. */
const ROUNDING = 1.5 * 2 ** 23;

/** A polynomial of several vectors, highest coefficient first. */
function polynomial(
  context: KernelContext,
  code: FunctionBuilder,
  coefficients: readonly number[],
  xs: readonly Value<"v128">[],
): Local<"v128">[] {
  const [highest, ...rest] = coefficients;
  const sums = xs.map(() => code.local("v128", context.data.splat(highest)));
  const term = code.local("v128");
  for (const coefficient of rest) {
    code.set(term, context.data.splat(coefficient));
    sums.forEach((sum, index) => {
      code.set(sum, multiplyAdd(context, sum, xs[index], term));
    });
  }
  return sums;
}

/** 2^x of several vectors, between 2^-126 and 2^126. */
export function exp2(context: KernelContext, code: FunctionBuilder, xs: readonly Value<"v128">[]): Value<"v128">[] {
  const { data } = context;
  const least = code.local("v128", data.splat(-126));
  const most = code.local("v128", data.splat(126));
  const clamped = xs.map((x) => code.local("v128", f32x4.pmin(most, f32x4.pmax(least, x))));
  const rounding = code.local("v128", data.splat(ROUNDING));
  const rounded = clamped.map((value) => code.local("v128", f32x4.add(value, rounding)));
  const fractions = clamped.map((value, index) =>
    code.local("v128", f32x4.sub(value, f32x4.sub(rounded[index], rounding))),
  );
  const powers = polynomial(context, code, EXP2_COEFFICIENTS, fractions);
  return powers.map((power, index) => i32x4.add(power, i32x4.shl(rounded[index], 23)));
}

/** 1 / (1 + 2^(−scale · log2(e) · x)) */
function logistic(
  context: KernelContext,
  code: FunctionBuilder,
  xs: readonly Value<"v128">[],
  scale: number,
): Value<"v128">[] {
  const factor = code.local("v128", context.data.splat(-scale * Math.LOG2E));
  const exponents = xs.map((x) => f32x4.mul(x, factor));
  const one = code.local("v128", context.data.splat(1));
  return exp2(context, code, exponents).map((power) => f32x4.div(one, f32x4.add(one, power)));
}

/** The hyperbolic tangent. 2 · logistic(2x) − 1 loses all digits near 0, so a polynomial is used there. */
function tangents(context: KernelContext, code: FunctionBuilder, xs: readonly Value<"v128">[]): Value<"v128">[] {
  const { data } = context;
  const inputs = xs.map((x) => code.local("v128", x));
  const squares = inputs.map((input) => code.local("v128", f32x4.mul(input, input)));
  const series = polynomial(context, code, TANH_COEFFICIENTS, squares);
  const logistics = logistic(context, code, inputs, 2);
  return inputs.map((input, index) => {
    const near = multiplyAdd(context, f32x4.mul(input, squares[index]), series[index], input);
    const far = f32x4.sub(f32x4.mul(data.splat(2), logistics[index]), data.splat(1));
    return v128.bitselect(near, far, f32x4.lt(f32x4.abs(input), data.splat(TANH_POLYNOMIAL_LIMIT)));
  });
}

export const ACTIVATIONS: Record<ActivationKind, Activation> = {
  sigmoid: (context, code, xs) => logistic(context, code, xs, 1),
  relu: (_context, _code, xs) => xs.map((x) => f32x4.pmax(ZERO, x)),
  leakyRelu: (context, code, xs) => {
    const slope = code.local("v128", context.data.splat(LEAKY_RELU_SLOPE));
    // A slope below 1 makes the larger of both the right one on either side of 0.
    return xs.map((value) => {
      const x = code.local("v128", value);
      return f32x4.pmax(f32x4.mul(x, slope), x);
    });
  },
  tanh: tangents,
  scaledTanh: (context, code, xs) => {
    const { amplitude, slope } = SCALED_TANH;
    const scaled = xs.map((x) => f32x4.mul(x, context.data.splat(slope)));
    return tangents(context, code, scaled).map((tangent) => f32x4.mul(tangent, context.data.splat(amplitude)));
  },
};

export const DERIVATIVES: Record<ActivationKind, Derivative> = {
  sigmoid: (context, code, y, dy) => {
    const output = code.local("v128", y);
    return f32x4.mul(dy, negativeMultiplyAdd(context, output, output, output));
  },
  relu: (_context, _code, y, dy) => v128.and(dy, f32x4.gt(y, ZERO)),
  leakyRelu: (context, code, y, dy) => {
    const gradient = code.local("v128", dy);
    const negative = f32x4.mul(gradient, context.data.splat(LEAKY_RELU_SLOPE));
    return v128.bitselect(gradient, negative, f32x4.gt(y, ZERO));
  },
  tanh: (context, code, y, dy) => {
    const output = code.local("v128", y);
    return f32x4.mul(dy, negativeMultiplyAdd(context, output, output, context.data.splat(1)));
  },
  // slope · (amplitude − y² / amplitude)
  scaledTanh: (context, code, y, dy) => {
    const { amplitude, slope } = SCALED_TANH;
    const output = code.local("v128", y);
    const scaled = f32x4.mul(output, context.data.splat(slope / amplitude));
    return f32x4.mul(dy, negativeMultiplyAdd(context, scaled, output, context.data.splat(slope * amplitude)));
  },
};

/** An activation as a layer of its own; input and output have the same channels, height and width. */
export const activation: LayerKernels<ActivationLayer> = {
  emit(context, { described, input, output }) {
    const activate = ACTIVATIONS[described.layer.type];
    const kernel = context.module.function(
      `${described.label}.forward`,
      { x: "i32", y: "i32" },
      (code, { x, y }) => {
        const tensors = [
          { pointer: x, layout: input },
          { pointer: y, layout: output },
        ];
        forEachVector(code, tensors, () => code.store(y, activate(context, code, [v128.load(x)])[0]));
      },
      { exported: true },
    );
    return { forward: [{ kernel, operands: ({ x, y }) => [x, y] }] };
  },
};

/** The gradient from the output; gradients have no border. */
export const activationTraining: TrainingKernels<ActivationLayer> = {
  emit(context, { described, output }, code) {
    const derivative = DERIVATIVES[described.layer.type];
    const bare = { ...output, border: 0 };
    const kernel = context.module.function(
      `${described.label}.backward`,
      { y: "i32", dy: "i32", dx: "i32" },
      (body, { y, dy, dx }) => {
        const tensors = [
          { pointer: y, layout: output },
          { pointer: dy, layout: bare },
          { pointer: dx, layout: bare },
        ];
        forEachVector(body, tensors, () => {
          body.store(dx, derivative(context, body, v128.load(y), v128.load(dy)));
        });
      },
      { exported: true },
    );
    return { ...code, inputGradient: [{ kernel, operands: ({ y, dx, dy }) => [y, dy, dx] }] };
  },
};
