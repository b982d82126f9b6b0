import type { SampleResults } from "../engine/backend.js";

/** Accumulates the results of batches. */
export class Tally {
  private lossSum = 0;
  private correct = 0;
  private count = 0;

  /** Adds results sample by sample, so the sums do not depend on how the samples were batched. */
  add({ losses, predictions }: SampleResults, labels: ArrayLike<number>, start = 0, end = losses.length): void {
    for (let sample = start; sample < end; sample++) {
      this.lossSum += losses[sample];
      if (predictions[sample] === labels[sample]) this.correct++;
    }
    this.count += end - start;
  }

  /** The mean loss so far. */
  get loss(): number {
    return this.lossSum / this.count;
  }

  /** The fraction of correct predictions so far, 0 … 1. */
  get accuracy(): number {
    return this.correct / this.count;
  }
}

/** The results for one class. */
export interface ClassResult {
  readonly label: string;
  /** The number of samples of the class. */
  readonly total: number;
  readonly correct: number;
  /** The fraction of samples predicted as this class that belong to it; 0 if there are none. */
  readonly precision: number;
  /** The fraction of the class's samples that are predicted correctly; 0 if there are none. */
  readonly recall: number;
  readonly f1: number;
}

/** The evaluation of a set of images. */
export interface Evaluation {
  readonly accuracy: number;
  readonly correct: number;
  readonly total: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  readonly perClass: readonly ClassResult[];
  /** The confusion matrix, as counts: rows are true classes, columns predicted classes. */
  readonly confusion: readonly (readonly number[])[];
}

/** Computes an evaluation from the true labels, the predictions and the losses. */
export function evaluationOf(
  classes: readonly string[],
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  losses: ArrayLike<number>,
): Evaluation {
  const confusion = classes.map(() => classes.map(() => 0));
  const tally = new Tally();
  tally.add({ losses: Float32Array.from(losses), predictions: Int32Array.from(predictions) }, labels);
  for (let sample = 0; sample < labels.length; sample++) confusion[labels[sample]][predictions[sample]]++;
  const perClass = classes.map((label, index): ClassResult => {
    const total = confusion[index].reduce((sum, count) => sum + count, 0);
    const predicted = confusion.reduce((sum, row) => sum + row[index], 0);
    const correct = confusion[index][index];
    return {
      label,
      total,
      correct,
      precision: ratio(correct, predicted),
      recall: ratio(correct, total),
      f1: ratio(2 * correct, total + predicted),
    };
  });
  const correct = perClass.reduce((sum, each) => sum + each.correct, 0);
  return { accuracy: tally.accuracy, correct, total: labels.length, loss: tally.loss, perClass, confusion };
}

/** A mean loss that is this many times that of guessing is worse than knowing nothing. */
const FAR_ABOVE_CHANCE = 2;

/** Why an evaluation shows that the training has failed, in one line; undefined if it does not. */
export function trainingFailure({ loss, total, perClass, confusion }: Evaluation): string | undefined {
  const present = perClass.filter((one) => one.total > 0);
  const predicted = perClass.filter((_, index) => confusion.some((row) => row[index] > 0));
  if (present.length > 1 && predicted.length === 1) {
    return `the network has learned nothing: it predicts "${predicted[0].label}" for all ${total.toLocaleString("en-US")} images`;
  }
  const chance = Math.log(perClass.length);
  if (loss <= FAR_ABOVE_CHANCE * chance) return undefined;
  return `the training has failed: the loss is ${loss.toFixed(2)}, and guessing has ${chance.toFixed(2)}`;
}

/** The unweighted mean of the scores of all classes that have samples. */
export function macroAverage(perClass: readonly ClassResult[]): Pick<ClassResult, "precision" | "recall" | "f1"> {
  const present = perClass.filter(({ total }) => total > 0);
  const mean = (score: (result: ClassResult) => number) =>
    ratio(
      present.reduce((sum, result) => sum + score(result), 0),
      present.length,
    );
  return {
    precision: mean(({ precision }) => precision),
    recall: mean(({ recall }) => recall),
    f1: mean(({ f1 }) => f1),
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
