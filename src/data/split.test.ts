import { describe, expect, it } from "vitest";
import type { Dataset } from "./dataset.js";
import { epochOrder, holdBackTest, splitFold, splitIndices, splitTraining } from "./split.js";

describe("splitIndices", () => {
  it("yields the tutorial's 48,000 and 12,000 images, each image once", () => {
    const { train, validation } = splitIndices(60_000, 0.2, 7);
    expect([train.length, validation.length]).toEqual([48_000, 12_000]);
    expect(new Set([...train, ...validation]).size).toBe(60_000);
    expect(Math.max(...validation)).toBeGreaterThan(59_900);
    expect(Math.min(...validation)).toBeLessThan(100);
  });

  it("trains and validates on all images if nothing is held out", () => {
    const all = Uint32Array.of(0, 1, 2, 3, 4);
    expect(splitIndices(5, 0, 7)).toEqual({ train: all, validation: all });
  });

  it("depends on the seed", () => {
    expect(splitIndices(1000, 0.2, 1).validation).not.toEqual(splitIndices(1000, 0.2, 2).validation);
    expect(splitIndices(1000, 0.2, 1)).toEqual(splitIndices(1000, 0.2, 1));
  });

  it("keeps at least one image in each part", () => {
    expect(splitIndices(2, 0.01, 0).validation.length).toBe(1);
    expect(splitIndices(2, 0.99, 0).train.length).toBe(1);
    expect(() => splitIndices(1, 0.2, 0)).toThrow("1 images cannot be split into training and validation");
    for (const fraction of [1, -0.1, Number.NaN]) {
      expect(() => splitIndices(10, fraction, 0)).toThrow(
        `the validation fraction must be at least 0 and below 1, not ${fraction}`,
      );
    }
  });
});

describe("splitFold", () => {
  it("holds out every image exactly once over the folds of a seed", () => {
    const folds = [1, 2, 3].map((number) => splitFold(20, { number, of: 3 }, 7));
    expect(folds.map(({ validation }) => validation.length)).toEqual([6, 7, 7]);
    const heldOut = folds.flatMap(({ validation }) => [...validation]);
    expect(heldOut.toSorted((one, other) => one - other)).toEqual([...Array(20).keys()]);
    for (const { train, validation } of folds) {
      expect(train.length).toBe(20 - validation.length);
      expect(new Set([...train, ...validation]).size).toBe(20);
    }
    expect(splitFold(2, { number: 1, of: 2 }, 7).validation).toHaveLength(1);
    expect(splitFold(20, { number: 1, of: 3 }, 8)).not.toEqual(folds[0]);
  });

  it("decides instead of the source and the fraction", () => {
    const data = { train: { labels: new Uint8Array(20) }, validationCount: 4 } as Parameters<typeof splitTraining>[0];
    expect(splitTraining(data, 0.5, 7, { number: 2, of: 5 })).toEqual(splitFold(20, { number: 2, of: 5 }, 7));
  });

  it("refuses folds that do not exist", () => {
    expect(() => splitFold(20, { number: 0, of: 3 }, 0)).toThrow("there is no fold 0 of 3");
    expect(() => splitFold(20, { number: 4, of: 3 }, 0)).toThrow("there is no fold 4 of 3");
    for (const of of [1, 2.5, 0, 21]) {
      expect(() => splitFold(20, { number: 1, of }, 0)).toThrow(`20 images cannot be split into ${of} folds`);
    }
    expect(() => splitFold(20, { number: 1.5, of: 3 }, 0)).toThrow("there is no fold 1.5 of 3");
  });
});

describe("splitTraining", () => {
  const train = { labels: new Uint8Array(10) } as Dataset;

  it("takes the validation images that the source names, at the end", () => {
    const { train: first, validation } = splitTraining({ train, validationCount: 4 }, 0.5, 7);
    expect([[...first], [...validation]]).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7, 8, 9],
    ]);
  });

  it("splits at random if the source names none", () => {
    expect(splitTraining({ train }, 0.3, 7)).toEqual(splitIndices(10, 0.3, 7));
  });
});

describe("holdBackTest", () => {
  const labels = Uint8Array.from([0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 3]);

  it("takes the fraction of each class, at least one image but never the only one", () => {
    const { train, test } = holdBackTest(labels, 4, 0.2);
    const counts = [0, 1, 2, 3].map((label) => [...test].filter((index) => labels[index] === label).length);
    expect(counts).toEqual([1, 1, 2, 0]);
    expect([...train, ...test].sort((a, b) => a - b)).toEqual([...labels.keys()]);
    expect([...train]).toEqual([...train].sort((a, b) => a - b));
    expect([...test]).toEqual([...test].sort((a, b) => a - b));
  });

  it("takes the same images each time, spread over the data set", () => {
    const many = new Uint8Array(1000);
    const { test } = holdBackTest(many, 1, 0.2);
    expect(test).toEqual(holdBackTest(many, 1, 0.2).test);
    expect(test.length).toBe(200);
    expect(test[199]).toBeGreaterThan(900);
    expect(test.reduce((sum, index) => sum + index, 0) / 200).toBeCloseTo(500, -2);
  });
});

describe("epochOrder", () => {
  it("visits every training image once, in a new order each epoch", () => {
    const train = Uint32Array.of(5, 9, 11, 20, 21, 30, 31, 32);
    const first = epochOrder(train, 3, 1);
    expect([...first].sort((a, b) => a - b)).toEqual([...train]);
    expect(epochOrder(train, 3, 2)).not.toEqual(first);
    expect(epochOrder(train, 3, 1)).toEqual(first);
  });
});
