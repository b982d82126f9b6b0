import { describe, expect, it } from "vitest";
import { AUGMENTATIONS } from "../../data/augmentation.js";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { combinationsOf, labelOf, parseAxis, parseSeeds, planRuns, withCombination } from "./grid.js";

describe("parseAxis", () => {
  it("keeps values as they are written", () => {
    expect(parseAxis("lr=1e-3, 3e-3")).toEqual({ key: "lr", values: ["1e-3", "3e-3"] });
    expect(parseAxis("val-split=0.1")).toEqual({ key: "val-split", values: ["0.1"] });
  });

  it("separates augmentations by semicolons", () => {
    const values = ["tutorial", "crop=2,flip=0.5", "strong,flip=0"];
    expect(parseAxis("augment=tutorial;crop=2,flip=0.5; strong,flip=0")).toEqual({ key: "augment", values });
  });

  it.each([
    ["lr", "It must be key=value,value, such as lr=1e-3,3e-3."],
    ["=1", "It must be key=value,value, such as lr=1e-3,3e-3."],
    [
      "seed=1",
      'Unknown key "seed"; the keys are recipe, lr, batch, epochs, optimizer, dropout, label-smoothing, weight-decay, augment, normalize, val-split.',
    ],
    ["toString=1", expect.stringMatching(/^Unknown key "toString"/)],
    ["lr=", '"" is not valid for lr: it must be a number above 0 and below 100.'],
    ["lr=1e-3,", '"" is not valid for lr: it must be a number above 0 and below 100.'],
    ["batch=32,1.5", '"1.5" is not valid for batch: it must be an integer from 1 to 16,384.'],
    ["dropout=0,1", '"1" is not valid for dropout: it must be a number of at least 0 and below 1.'],
    [
      "recipe=paper,worst",
      '"worst" is not valid for recipe: it must be paper, improved, best, teacher, distilled or lenet-1998.',
    ],
    [
      "augment=light;crop",
      expect.stringMatching(/^"crop" is not valid for augment: unknown augmentation "crop"; use none, /),
    ],
    ["lr=1e-3,3e-3,0.001", 'The values "1e-3" and "0.001" of lr are equal.'],
    ["augment=none;crop=0", 'The values "none" and "crop=0" of augment are equal.'],
  ])("refuses %s", (text, message) => {
    expect(() => parseAxis(text)).toThrow(expect.objectContaining({ message }));
  });
});

describe("parseSeeds", () => {
  it("takes one number as a count, several as the seeds", () => {
    expect(parseSeeds("3")).toEqual([0, 1, 2]);
    expect(parseSeeds("7, 3,11")).toEqual([7, 3, 11]);
  });
  it("takes ranges with both ends", () => {
    expect(parseSeeds("1-5")).toEqual([1, 2, 3, 4, 5]);
    expect(parseSeeds("9, 2-4,7-7")).toEqual([9, 2, 3, 4, 7]);
  });

  it.each([
    ["0", "It must be an integer from 1 to 1,000."],
    ["x", "It must be an integer from 1 to 1,000."],
    ["3,", "It must be an integer from 0 to 9,007,199,254,740,991."],
    ["3,-1", "It must be an integer from 0 to 9,007,199,254,740,991."],
    ["3,4,3", "Seed 3 is listed twice."],
    ["1-5,4", "Seed 4 is listed twice."],
    ["5-1", "The range 5-1 ends before it begins."],
    ["1-", "It must be an integer from 0 to 9,007,199,254,740,991."],
    ["-1", "It must be an integer from 0 to 9,007,199,254,740,991."],
    ["0-9007199254740991", "There are more than 1,000 seeds."],
  ])("refuses %s", (text, message) => {
    expect(() => parseSeeds(text)).toThrow(expect.objectContaining({ message }));
  });
});

describe("planRuns", () => {
  const axes = [parseAxis("lr=1e-3,3e-3"), parseAxis("augment=none;crop=2,flip=0.5")];

  it("lists all combinations with the first seed, then with the next", () => {
    expect(planRuns({ grid: axes, seeds: [7, 3] }).map(({ name }) => name)).toEqual([
      "lr=1e-3_augment=none_seed=7",
      "lr=1e-3_augment=crop=2,flip=0.5_seed=7",
      "lr=3e-3_augment=none_seed=7",
      "lr=3e-3_augment=crop=2,flip=0.5_seed=7",
      "lr=1e-3_augment=none_seed=3",
      "lr=1e-3_augment=crop=2,flip=0.5_seed=3",
      "lr=3e-3_augment=none_seed=3",
      "lr=3e-3_augment=crop=2,flip=0.5_seed=3",
    ]);
  });

  it("lists only the seeds if nothing is varied", () => {
    expect(planRuns({ grid: [], seeds: [0, 1] })).toEqual([
      { combination: [], seed: 0, name: "seed=0" },
      { combination: [], seed: 1, name: "seed=1" },
    ]);
  });

  it("names combinations readably", () => {
    expect(labelOf(combinationsOf({ grid: axes })[2], "improved")).toBe("lr=3e-3 augment=none");
    expect(labelOf([], "improved")).toBe("improved");
  });
});

describe("withCombination", () => {
  const request: TrainingRequest = {
    recipe: RECIPES.improved,
    normalize: "tutorial",
    seed: 4,
    changes: { augmentValidation: true },
  };

  it("sets every key and keeps the rest", () => {
    const axes = [
      ...["recipe=paper", "lr=1e-2", "batch=64", "epochs=3", "dropout=0", "label-smoothing=0.1", "weight-decay=0.5"],
      ...["augment=light,flip=0", "normalize=dataset", "val-split=0.1"],
    ].map(parseAxis);
    expect(withCombination(request, combinationsOf({ grid: axes })[0])).toEqual({
      ...request,
      recipe: RECIPES.paper,
      normalize: "dataset",
      augment: { augmentation: { ...AUGMENTATIONS.light, flip: 0 }, flipGiven: true },
      changes: {
        augmentValidation: true,
        learningRate: 0.01,
        batchSize: 64,
        epochs: 3,
        dropout: 0,
        labelSmoothing: 0.1,
        weightDecay: 0.5,
        validationFraction: 0.1,
      },
    });
    expect(withCombination(request, [])).toEqual(request);
  });
});
