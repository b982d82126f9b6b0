import type { SampleResults } from "../engine/backend.js";

/** Sums up the results of batches. */
export class Tally {
  private lossSum = 0;
  private correct = 0;
  private count = 0;

  /** Adds some results, sample after sample, so that the sums do not depend on how the samples were batched. */
  add({ losses, predictions }: SampleResults, labels: ArrayLike<number>, start = 0, end = losses.length): void {
    for (let sample = start; sample < end; sample++) {
      this.lossSum += losses[sample];
      if (predictions[sample] === labels[sample]) this.correct++;
    }
    this.count += end - start;
  }

  /** Mean loss so far. */
  get loss(): number {
    return this.lossSum / this.count;
  }

  /** Share of right predictions so far, 0 … 1. */
  get accuracy(): number {
    return this.correct / this.count;
  }
}

/** How well a class was told from the others. */
export interface ClassResult {
  readonly label: string;
  /** Samples of the class. */
  readonly total: number;
  readonly correct: number;
  /** Share of the samples called this class that are of it; 0 where none was. */
  readonly precision: number;
  /** Share of the class's samples that were called so; 0 where there are none. */
  readonly recall: number;
  readonly f1: number;
}

/** An evaluation of a whole set of images. */
export interface Evaluation {
  readonly accuracy: number;
  readonly correct: number;
  readonly total: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  readonly perClass: readonly ClassResult[];
  /** Counts; rows are the true class, columns the predicted. */
  readonly confusion: readonly (readonly number[])[];
}

/** Works an evaluation out of the true labels, the predictions and the losses. */
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
    const called = confusion.reduce((sum, row) => sum + row[index], 0);
    const correct = confusion[index][index];
    return {
      label,
      total,
      correct,
      precision: ratio(correct, called),
      recall: ratio(correct, total),
      f1: ratio(2 * correct, total + called),
    };
  });
  const correct = perClass.reduce((sum, each) => sum + each.correct, 0);
  return { accuracy: tally.accuracy, correct, total: labels.length, loss: tally.loss, perClass, confusion };
}

/** The mean of the scores of the classes that have samples: each counts the same, however many it has. */
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
