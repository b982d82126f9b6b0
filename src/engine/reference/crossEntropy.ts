import type { LossSettings } from "../backend.js";

/** The loss of one sample and its gradient. */
export interface SampleLoss {
  readonly loss: number;
  /** The class with the largest logit, the first if several are equal. */
  readonly prediction: number;
  /** The gradient of the loss with respect to the logits. */
  readonly gradient: Float64Array;
}

/** What the loss of a sample depends on besides its logits and label. */
export interface SampleTargets extends Pick<LossSettings, "labelSmoothing" | "classWeights"> {
  /** Multiplies the cross-entropy, so that the mean of a batch's losses is the weighted mean. Default: 1. */
  readonly weighting?: number;
  /** The logit of a further class that is never right and never predicted. */
  readonly rubbishLogit?: number;
  /** The teacher's logits for the sample. */
  readonly teacher?: { readonly logits: Float64Array; readonly temperature: number; readonly share: number };
}

/**
 * Softmax with cross-entropy, as PyTorch's CrossEntropyLoss. With label smoothing ε, the target of the label's class is
 * 1 − ε + ε / classes, that of every other class ε / classes; each is multiplied by the weight of a class: the label's
 * in the first part, the class's own in the second. The gradient is the softmax, times the sum of the targets, minus the
 * targets. With a teacher, the loss is a mixture with the divergence from the teacher's softmax at a temperature, see
 * `Distillation`.
 */
export function sampleLoss(logits: Float64Array, label: number, targets: SampleTargets): SampleLoss {
  const { labelSmoothing, classWeights, weighting = 1, rubbishLogit, teacher } = targets;
  const weightOf = (index: number) => classWeights?.[index] ?? 1;
  const target = logits.map(
    (_, index) =>
      weightOf(index) * (labelSmoothing / logits.length + (index === label ? 1 - labelSmoothing : 0)) * weighting,
  );
  const targetSum = target.reduce((total, one) => total + one, 0);
  const log = logSoftmax(logits, rubbishLogit);
  const hardShare = 1 - (teacher?.share ?? 0);
  let loss = hardShare * log.reduce((total, value, index) => total - target[index] * value, 0);
  const gradient = log.map((value, index) => hardShare * (targetSum * Math.exp(value) - target[index]));
  if (teacher) {
    const { temperature, share } = teacher;
    const own = logSoftmax(logits.map((logit) => logit / temperature));
    const wanted = logSoftmax(teacher.logits.map((logit) => logit / temperature));
    loss +=
      share * temperature ** 2 * wanted.reduce((sum, value, index) => sum + Math.exp(value) * (value - own[index]), 0);
    wanted.forEach((value, index) => {
      gradient[index] += share * temperature * (Math.exp(own[index]) - Math.exp(value));
    });
  }
  return { loss, prediction: logits.indexOf(Math.max(...logits)), gradient };
}

/** @param rubbishLogit of a further class */
function logSoftmax(logits: Float64Array, rubbishLogit = Number.NEGATIVE_INFINITY): Float64Array {
  // Subtracting the largest logit avoids overflow and leaves the softmax unchanged.
  const largest = Math.max(...logits, rubbishLogit);
  const rubbish = Math.exp(rubbishLogit - largest);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), rubbish);
  return logits.map((logit) => logit - largest - Math.log(sum));
}
