import { type Element, eachIndex } from "./layerKernels.js";

/** The words that say what a job's logits are compared with; then come the weights of the classes. All are float32. */
export const LOSS = {
  /** ε of the label smoothing. */
  smoothing: 0,
  /** Multiplies the divergence from the teacher; 0 without one. */
  teacherShare: 1,
  /** 1 / T */
  inverseTemperature: 2,
  /** The logit of a further class that is never right and never predicted; very small without one. */
  rubbishLogit: 3,
  classWeights: 4,
} as const;

/** The number of a job's words. */
export function lossWords(classes: number): number {
  return LOSS.classWeights + classes;
}

/** What the code of a sample's loss reads and writes. */
export interface LossCode {
  readonly classes: number;
  readonly logit: Element;
  readonly classWeight: Element;
  /** The teacher's logits. */
  readonly teacher: Element;
  /** The place of the loss, and after it of the prediction. */
  readonly answer: Element;
}

/**
 * Softmax with cross-entropy of one sample, with label smoothing ε, class weights w and a teacher, as in PyTorch:
 * loss = labelShare · Σ a[c] · −log p[c] + teacherShare · Σ t[c] · log(t[c] / q[c]), where
 * a[c] = w[c] · (ε / classes + (1 − ε) · [label = c]), p = softmax(logits), q = softmax(logits / T) and
 * t = softmax(teacher / T). p has a further class, which is
 * never right. The prediction is the first largest logit. Every thread adds up all exponentials, which saves a
 * barrier.
 */
export function lossCode(code: LossCode): string {
  const { classes, logit, classWeight, teacher, answer } = code;
  return `
      var largest = ${logit("0u")};
      var prediction = 0u;
      for (var c = 1u; c < ${classes}u; c++) {
        let value = ${logit("c")};
        if (value > largest) { largest = value; prediction = c; }
      }
      largest = max(largest, rubbishLogit);
      var sum = exp(rubbishLogit - largest);
      var weightSum = 0.0;
      var weightedSum = 0.0;
      for (var c = 0u; c < ${classes}u; c++) {
        let shifted = ${logit("c")} - largest;
        let weight = ${classWeight("c")};
        sum += exp(shifted);
        weightSum += weight;
        weightedSum += weight * shifted;
      }
      // Σ a: the label's part apart, because adding many small ones to it would round each of them.
      let ofEach = smoothing / ${classes}.0;
      let ofLabel = (1.0 - smoothing) * ${classWeight("label")};
      let targetSum = ofEach * weightSum + ofLabel;
      weightedSum = ofEach * weightedSum + ofLabel * (${logit("label")} - largest);
      var teacherLargest = 0.0;
      var ownSum = 0.0;
      var wantedSum = 0.0;
      var divergence = 0.0;
      if (teacherShare > 0.0) {
        teacherLargest = ${teacher("0u")};
        for (var c = 1u; c < ${classes}u; c++) { teacherLargest = max(teacherLargest, ${teacher("c")}); }
        var difference = 0.0;
        for (var c = 0u; c < ${classes}u; c++) {
          let own = (${logit("c")} - largest) * inverseTemperature;
          let wanted = (${teacher("c")} - teacherLargest) * inverseTemperature;
          let power = exp(wanted);
          ownSum += exp(own);
          wantedSum += power;
          difference += power * (wanted - own);
        }
        divergence = log(ownSum) - log(wantedSum) + difference / wantedSum;
      }
      if (t == 0u) {
        ${answer("0u")} = labelShare * (targetSum * log(sum) - weightedSum) + teacherShare * divergence;
        ${answer("1u")} = f32(prediction);
      }`;
}

/**
 * The gradient of the batch's mean loss by the logits, labelShare · (p · Σ a − a) + teacherShare / T · (q − t); after
 * `lossCode` and a barrier.
 */
export function lossGradientCode(code: LossCode, store: (index: string, value: string) => string): string {
  const { classes, logit, classWeight, teacher } = code;
  return eachIndex(
    classes,
    "c",
    `
      let shifted = ${logit("c")} - largest;
      let wanted = ofEach * ${classWeight("c")} + select(0.0, ofLabel, c == label);
      var gradient = labelShare * (exp(shifted) / sum * targetSum - wanted);
      if (teacherShare > 0.0) {
        let own = exp(shifted * inverseTemperature) / ownSum;
        let taught = exp((${teacher("c")} - teacherLargest) * inverseTemperature) / wantedSum;
        gradient += teacherShare * inverseTemperature * (own - taught);
      }
      ${store("c", "scale * gradient")}`,
  );
}
