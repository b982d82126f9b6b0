import { describe, expect, it } from "vitest";
import { evaluationOf, macroAverage, Tally, trainingFailure } from "./metrics.js";

describe("Tally", () => {
  it("averages over samples, not over batches", () => {
    const tally = new Tally();
    tally.add({ losses: Float32Array.of(1, 2, 3), predictions: Int32Array.of(0, 1, 2) }, [0, 1, 0]);
    tally.add({ losses: Float32Array.of(10), predictions: Int32Array.of(4) }, [3]);
    expect(tally.loss).toBe(4);
    expect(tally.accuracy).toBe(0.5);
  });

  it("yields the same bits however the samples are batched", () => {
    const losses = Float32Array.from({ length: 100 }, (_, index) => Math.fround(1 / (index + 1)));
    const predictions = new Int32Array(100);
    const sums = [1, 7, 32, 100].map((size) => {
      const tally = new Tally();
      for (let start = 0; start < 100; start += size) {
        const part = losses.subarray(start, start + size);
        tally.add(
          { losses: part, predictions: predictions.subarray(start, start + size) },
          new Uint8Array(part.length),
        );
      }
      return tally.loss;
    });
    expect(new Set(sums).size).toBe(1);
  });
});

describe("evaluationOf", () => {
  it("computes confusion matrix, precision, recall and F1 of every class", () => {
    const labels = [0, 0, 0, 0, 1, 1, 2, 2, 2, 2];
    const predictions = [0, 0, 0, 1, 1, 0, 2, 1, 1, 2];
    const losses = Array.from({ length: 10 }, (_, index) => index / 2);
    const evaluation = evaluationOf(["cat", "dog", "owl"], labels, predictions, losses);
    expect(evaluation).toEqual({
      accuracy: 0.6,
      correct: 6,
      total: 10,
      loss: 2.25,
      confusion: [
        [3, 1, 0],
        [1, 1, 0],
        [0, 2, 2],
      ],
      perClass: [
        { label: "cat", total: 4, correct: 3, precision: 3 / 4, recall: 3 / 4, f1: 3 / 4 },
        { label: "dog", total: 2, correct: 1, precision: 1 / 4, recall: 1 / 2, f1: 1 / 3 },
        { label: "owl", total: 4, correct: 2, precision: 1, recall: 1 / 2, f1: 2 / 3 },
      ],
    });
  });

  it("scores 0, not NaN, for a class that neither occurs nor is predicted", () => {
    const { perClass } = evaluationOf(["a", "b", "c"], [0, 0], [0, 1], [1, 1]);
    expect(perClass[1]).toEqual({ label: "b", total: 0, correct: 0, precision: 0, recall: 0, f1: 0 });
    expect(perClass[2]).toEqual({ label: "c", total: 0, correct: 0, precision: 0, recall: 0, f1: 0 });
  });
});

describe("macroAverage", () => {
  it("weights all classes with samples equally", () => {
    const { perClass } = evaluationOf(["a", "b", "c"], [0, 0, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]);
    const { precision, recall, f1 } = macroAverage(perClass);
    // As sklearn's precision_recall_fscore_support(average="macro").
    expect(precision).toBeCloseTo((1 + 1 / 2) / 2, 12);
    expect(recall).toBeCloseTo((2 / 3 + 1) / 2, 12);
    expect(f1).toBeCloseTo((4 / 5 + 2 / 3) / 2, 12);
  });
});

describe("trainingFailure", () => {
  const classes = ["cat", "dog", "owl"];
  const labels = [0, 1, 2, 0];
  const judged = (predictions: number[], loss: number, truth = labels) =>
    trainingFailure(
      evaluationOf(
        classes,
        truth,
        predictions,
        predictions.map(() => loss),
      ),
    );

  it("is a network that predicts one class, unless there are images of one class only", () => {
    expect(judged([1, 1, 1, 1], 1)).toBe('the network has learned nothing: it predicts "dog" for all 4 images');
    expect(judged([1, 1, 1, 2], 1)).toBeUndefined();
    expect(judged([1, 1, 1, 1], 1, [1, 1, 1, 1])).toBeUndefined();
  });

  it("is a loss far above that of guessing, ln 3", () => {
    expect(judged([0, 1, 2, 1], 2.3)).toBe("the training has failed: the loss is 2.30, and guessing has 1.10");
    expect(judged([0, 1, 2, 1], 2.1)).toBeUndefined();
  });
});
