import { type FunctionHandle, f32x4, type Integer, i32, i32x4, type Value, v128 } from "../assembler/index.js";
import { type KernelContext, ZERO } from "./context.js";
import { exponential, keepLargest, log } from "./crossEntropy.js";
import { FLOAT_BYTES, PLACE_BYTES, PLACE_VECTORS, VECTOR_BYTES } from "./layout.js";

/** Addresses of the float32 words that the weighted loss reads. */
export interface WeightedLossWords {
  /** Multiplies the cross-entropy of every sample. */
  readonly labelShare: number;
  /** Multiplies the divergence from the teacher. */
  readonly teacherShare: number;
  /** 1 / T */
  readonly inverseTemperature: number;
  /** [classes] */
  readonly classWeights: number;
  /** ε of the label smoothing. */
  readonly smoothing: number;
  /** Multiplies the gradient. */
  readonly scale: number;
}

/**
 * Softmax with cross-entropy over one tile, with class weights w and a teacher:
 * loss = labelShare · Σ a[c] · −log p[c] + teacherShare · Σ t[c] · log(t[c] / q[c]), where
 * a[c] = w[c] · (ε / classes + (1 − ε) · [label = c]), p = softmax(logits), q = softmax(logits / T) and
 * t = softmax(teacher / T); d loss / d logit = labelShare · (p · Σ a − a) + teacherShare / T · (q − t).
 *
 * Emits (logits, labels, teacher, losses, predictions, gradient): as the cross-entropy, with the teacher's logits
 * [classes][8].
 */
export function emitWeightedLoss(
  context: KernelContext,
  name: string,
  classes: number,
  words: WeightedLossWords,
): FunctionHandle {
  const { data } = context;
  const pointers = {
    logits: "i32",
    labels: "i32",
    teacher: "i32",
    losses: "i32",
    predictions: "i32",
    gradient: "i32",
  } as const;
  return context.module.function(
    name,
    pointers,
    (code, { logits, labels, teacher, losses, predictions, gradient }) => {
      const vector = () => code.local("v128");
      const word = (address: number) => code.local("v128", v128.load32Splat(address));
      const [label, present, teacherLargest] = Array.from({ length: 3 }, vector);
      const winner = { largest: vector(), prediction: vector(), larger: vector() };
      const { largest, prediction } = winner;
      const [shifted, target, targetSum, weightedSum, sum, wanted, own] = Array.from({ length: 7 }, vector);
      const [ownSum, wantedSum, difference, labelLoss, teacherLoss] = Array.from({ length: 5 }, vector);
      const labelShare = word(words.labelShare);
      const teacherShare = word(words.teacherShare);
      const inverse = word(words.inverseTemperature);
      const scale = word(words.scale);
      const smoothing = word(words.smoothing);
      const ofLabel = code.local("v128", f32x4.sub(data.splat(1), smoothing));
      const ofEach = code.local("v128", f32x4.mul(smoothing, data.splat(1 / classes)));
      // In loops: unrolled, so many exponentials would be most of the module.
      const classIndex = code.local("i32");
      const offset = code.local("i32");
      const eachClass = (body: () => void) => {
        code.set(classIndex, i32.const(0));
        code.set(offset, i32.const(0));
        code.while(i32.ltSigned(classIndex, classes), () => {
          body();
          code.increase(classIndex, 1);
          code.increase(offset, PLACE_BYTES);
        });
      };
      const ofClass = (pointer: Integer) => v128.load(i32.add(pointer, offset));
      const targetOf = (): Value<"v128"> => {
        const isLabel = i32x4.eq(label, i32x4.splat(classIndex));
        const weight = v128.load32Splat(i32.mul(classIndex, FLOAT_BYTES), words.classWeights);
        return f32x4.mul(weight, f32x4.add(ofEach, v128.and(ofLabel, isLabel)));
      };
      /** The teacher's logits over the temperature, the largest of them subtracted. */
      const wantedOf = () => f32x4.mul(f32x4.sub(ofClass(teacher), teacherLargest), inverse);
      code.repeat(PLACE_VECTORS, () => {
        code.set(label, v128.load(labels));
        code.set(present, i32x4.geSigned(label, ZERO));
        code.set(largest, v128.load(logits));
        code.set(teacherLargest, v128.load(teacher));
        code.set(prediction, ZERO);
        eachClass(() => {
          keepLargest(code, winner, ofClass(logits), classIndex);
          code.set(teacherLargest, f32x4.pmax(teacherLargest, ofClass(teacher)));
        });
        code.store(predictions, prediction);

        for (const total of [sum, targetSum, weightedSum, ownSum, wantedSum, difference]) code.set(total, ZERO);
        eachClass(() => {
          code.set(shifted, f32x4.sub(ofClass(logits), largest));
          code.set(target, targetOf());
          code.set(targetSum, f32x4.add(targetSum, target));
          code.set(weightedSum, f32x4.add(weightedSum, f32x4.mul(target, shifted)));
          code.set(sum, f32x4.add(sum, exponential(context, code, shifted)));
          code.set(own, f32x4.mul(shifted, inverse));
          code.set(wanted, wantedOf());
          code.set(ownSum, f32x4.add(ownSum, exponential(context, code, own)));
          code.set(target, exponential(context, code, wanted));
          code.set(wantedSum, f32x4.add(wantedSum, target));
          code.set(difference, f32x4.add(difference, f32x4.mul(target, f32x4.sub(wanted, own))));
        });

        // −log p[c] = log(sum) − shifted[c], and the same at the temperature.
        code.set(labelLoss, f32x4.sub(f32x4.mul(targetSum, log(context, code, sum)), weightedSum));
        code.set(teacherLoss, f32x4.sub(log(context, code, ownSum), log(context, code, wantedSum)));
        code.set(teacherLoss, f32x4.add(teacherLoss, f32x4.div(difference, wantedSum)));
        const loss = f32x4.add(f32x4.mul(labelShare, labelLoss), f32x4.mul(teacherShare, teacherLoss));
        code.store(losses, v128.and(present, loss));

        const labelScale = code.local("v128", v128.and(present, f32x4.mul(scale, labelShare)));
        const teacherScale = code.local("v128", v128.and(present, f32x4.mul(scale, f32x4.mul(teacherShare, inverse))));
        code.set(sum, f32x4.div(targetSum, sum));
        code.set(ownSum, f32x4.div(data.splat(1), ownSum));
        code.set(wantedSum, f32x4.div(data.splat(1), wantedSum));
        eachClass(() => {
          code.set(shifted, f32x4.sub(ofClass(logits), largest));
          code.set(own, f32x4.mul(exponential(context, code, f32x4.mul(shifted, inverse)), ownSum));
          code.set(wanted, wantedOf());
          code.set(wanted, f32x4.mul(exponential(context, code, wanted), wantedSum));
          code.set(target, f32x4.sub(f32x4.mul(exponential(context, code, shifted), sum), targetOf()));
          const ofTeacher = f32x4.mul(teacherScale, f32x4.sub(own, wanted));
          code.store(i32.add(gradient, offset), f32x4.add(f32x4.mul(labelScale, target), ofTeacher));
        });
        for (const pointer of [logits, labels, teacher, losses, predictions, gradient]) {
          code.increase(pointer, VECTOR_BYTES);
        }
      });
    },
    { exported: true },
  );
}
