import {
  type FunctionBuilder,
  type FunctionHandle,
  f32x4,
  type Integer,
  i32x4,
  type Local,
  type Value,
  v128,
} from "../assembler/index.js";
import { exp2 } from "./activation.js";
import { type KernelContext, multiplyAdd, ZERO } from "./context.js";
import { PLACE_BYTES, PLACE_VECTORS, VECTOR_BYTES } from "./layout.js";

export interface CrossEntropyShape {
  readonly classes: number;
  /** A further class, which is never right and never predicted, has the negative of this as its logit. Default: none. */
  readonly rubbishPenalty?: number;
}

/** The label of a tile's lanes without a sample; their gradient is zero. */
export const NO_LABEL = -1;

/**
 * Softmax with cross-entropy over one tile, as in PyTorch's CrossEntropyLoss with label smoothing ε:
 * loss = (1 − ε) · −log p[label] + ε / classes · Σ −log p, and d loss / d logit = p − (1 − ε) · [label] − ε / classes.
 *
 * Emits (logits, labels, losses, predictions, gradient, scale, smoothing): logits and gradient are [classes][8], labels
 * and predictions int32[8], losses float32[8]; the gradient is multiplied by scale. A prediction is the first largest
 * logit.
 */
export function emitCrossEntropy(
  context: KernelContext,
  name: string,
  { classes, rubbishPenalty }: CrossEntropyShape,
): FunctionHandle {
  const { data } = context;
  const rubbishLogit = rubbishPenalty === undefined ? undefined : data.splat(-rubbishPenalty);
  return context.module.function(
    name,
    {
      logits: "i32",
      labels: "i32",
      losses: "i32",
      predictions: "i32",
      gradient: "i32",
      scale: "f32",
      smoothing: "f32",
    },
    (code, { logits, labels, losses, predictions, gradient, scale, smoothing }) => {
      const vector = () => code.local("v128");
      const [label, sum, sumOfShifted, ofLabel, shifted, isLabel, present] = Array.from({ length: 7 }, vector);
      const winner = { largest: vector(), prediction: vector(), larger: vector() };
      const { largest, prediction } = winner;
      const [reciprocal, target, rest] = Array.from({ length: 3 }, vector);
      const epsilon = code.local("v128", f32x4.splat(smoothing));
      const share = code.local("v128", f32x4.mul(epsilon, data.splat(1 / classes)));
      const eachClass = (body: (classIndex: number, offset: number) => void) => {
        for (let classIndex = 0; classIndex < classes; classIndex++) body(classIndex, classIndex * PLACE_BYTES);
      };
      code.repeat(PLACE_VECTORS, () => {
        code.set(label, v128.load(labels));
        code.set(present, i32x4.geSigned(label, ZERO));
        code.set(largest, v128.load(logits));
        code.set(prediction, ZERO);
        eachClass((classIndex, offset) => {
          if (classIndex > 0) keepLargest(code, winner, v128.load(logits, offset), classIndex);
        });
        code.store(predictions, prediction);

        for (const total of [sum, sumOfShifted, ofLabel]) code.set(total, ZERO);
        if (rubbishLogit) {
          code.set(largest, f32x4.pmax(largest, rubbishLogit));
          const shiftedRubbish = f32x4.sub(rubbishLogit, largest);
          code.set(sum, exponential(context, code, shiftedRubbish));
        }
        eachClass((classIndex, offset) => {
          code.set(shifted, f32x4.sub(v128.load(logits, offset), largest));
          code.set(isLabel, i32x4.eq(label, i32x4.splat(classIndex)));
          code.set(ofLabel, v128.bitselect(shifted, ofLabel, isLabel));
          code.set(sumOfShifted, f32x4.add(sumOfShifted, shifted));
          code.set(shifted, exponential(context, code, shifted));
          code.set(sum, f32x4.add(sum, shifted));
          code.store(gradient, shifted, offset);
        });

        // −log p[c] = log(sum) − shifted[c], so the smoothed loss is log(sum) minus the weighted mean of the shifted.
        const weighted = f32x4.add(
          f32x4.mul(f32x4.sub(data.splat(1), epsilon), ofLabel),
          f32x4.mul(share, sumOfShifted),
        );
        code.store(losses, v128.and(present, f32x4.sub(log(context, code, sum), weighted)));

        const scales = f32x4.splat(scale);
        code.set(reciprocal, f32x4.div(v128.and(present, scales), sum));
        code.set(rest, v128.and(present, f32x4.mul(scales, share)));
        code.set(target, f32x4.mul(scales, f32x4.sub(data.splat(1), epsilon)));
        eachClass((classIndex, offset) => {
          code.set(isLabel, v128.and(target, i32x4.eq(label, i32x4.splat(classIndex))));
          const probability = f32x4.mul(v128.load(gradient, offset), reciprocal);
          code.store(gradient, f32x4.sub(f32x4.sub(probability, rest), isLabel), offset);
        });
        for (const pointer of [logits, labels, losses, predictions, gradient]) code.increase(pointer, VECTOR_BYTES);
      });
    },
    { exported: true },
  );
}

/** The largest logit so far, and its class. */
export interface Winner {
  readonly largest: Local<"v128">;
  readonly prediction: Local<"v128">;
  /** Where a logit is larger than those before it. */
  readonly larger: Local<"v128">;
}

/** Keeps the logit of a class if it is larger than those of the classes before. */
export function keepLargest(
  code: FunctionBuilder,
  { largest, prediction, larger }: Winner,
  logit: Value<"v128">,
  classIndex: Integer,
): void {
  code.set(larger, f32x4.gt(logit, largest));
  code.set(largest, v128.bitselect(logit, largest, larger));
  code.set(prediction, v128.bitselect(i32x4.splat(classIndex), prediction, larger));
}

/** e^x for x ≤ 0. */
export function exponential(context: KernelContext, code: FunctionBuilder, x: Value<"v128">): Value<"v128"> {
  const [power] = exp2(context, code, [f32x4.mul(x, context.data.splat(Math.LOG2E))]);
  return power;
}

/** The natural logarithm of numbers ≥ 1: exponent and mantissa in √½ … √2, then the series of the inverse hyperbolic tangent. */
export function log(context: KernelContext, code: FunctionBuilder, x: Value<"v128">): Value<"v128"> {
  const { data } = context;
  const bitsOf = (value: number) => new Int32Array(Float32Array.of(value).buffer)[0];
  const bits = code.local("v128", x);
  const exponent = code.local("v128", i32x4.shrSigned(i32x4.sub(bits, i32x4.splat(bitsOf(Math.SQRT1_2))), 23));
  const mantissa = code.local("v128", i32x4.sub(bits, i32x4.shl(exponent, 23)));
  const one = data.splat(1);
  const ratio = code.local("v128", f32x4.div(f32x4.sub(mantissa, one), f32x4.add(mantissa, one)));
  const square = code.local("v128", f32x4.mul(ratio, ratio));
  const series = code.local("v128", data.splat(2 / 9));
  for (const coefficient of [2 / 7, 2 / 5, 2 / 3, 2]) {
    code.set(series, multiplyAdd(context, series, square, data.splat(coefficient)));
  }
  return multiplyAdd(context, f32x4.convertFromI32x4(exponent), data.splat(Math.LN2), f32x4.mul(ratio, series));
}
