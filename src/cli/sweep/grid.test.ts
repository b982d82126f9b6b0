import { describe, expect, it } from "vitest";
import { AUGMENTATIONS } from "../../data/augmentation.js";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { combinationsOf, labelOf, parseAxis, parseSeeds, planRuns, withCombination } from "./grid.js";

describe("parseAxis", () => {
  it("takes values as they are written", () => {
    expect(parseAxis("lr=1e-3, 3e-3")).toEqual({ key: "lr", values: ["1e-3", "3e-3"] });
    expect(parseAxis("val-split=0.1")).toEqual({ key: "val-split", values: ["0.1"] });
  });

  it("separates augmentations by semicolons", () => {
    const values = ["tutorial", "crop=2,flip=0.5", "strong,flip=0"];
    expect(parseAxis("augment=tutorial;crop=2,flip=0.5; strong,flip=0")).toEqual({ key: "augment", values });
  });

  it.each([
    ["lr", "It must be key=value,value as lr=1e-3,3e-3."],
    ["=1", "It must be key=value,value as lr=1e-3,3e-3."],
    [
      "seed=1",
      'There is no key "seed"; there are recipe, lr, batch, epochs, dropout, label-smoothing, weight-decay, augment, normalize, val-split.',
    ],
    ["toString=1", expect.stringMatching(/^There is no key "toString"/)],
    ["lr=", 'The value "" of lr is not allowed: It must be a number above 0 and below 100.'],
    ["lr=1e-3,", 'The value "" of lr is not allowed: It must be a number above 0 and below 100.'],
    ["batch=32,1.5", 'The value "1.5" of batch is not allowed: It must be a whole number from 1 to 16,384.'],
    ["dropout=0,1", 'The value "1" of dropout is not allowed: It must be a number from 0 to below 1.'],
    ["recipe=paper,worst", 'The value "worst" of recipe is not allowed: It must be paper or improved or best.'],
    ["augment=light;crop", expect.stringMatching(/^The value "crop" of augment is not allowed: there is no aug/)],
    ["lr=1e-3,3e-3,0.001", 'The values "1e-3" and "0.001" of lr are the same.'],
    ["augment=none;crop=0", 'The values "none" and "crop=0" of augment are the same.'],
  ])("refuses %s", (text, message) => {
    expect(() => parseAxis(text)).toThrow(expect.objectContaining({ message }));
  });
});

describe("parseSeeds", () => {
  it("takes one number for how many, several for themselves", () => {
    expect(parseSeeds("3")).toEqual([0, 1, 2]);
    expect(parseSeeds("7, 3,11")).toEqual([7, 3, 11]);
  });

  it.each([
    ["0", "It must be a whole number from 1 to 1,000."],
    ["x", "It must be a whole number from 1 to 1,000."],
    ["3,", "It must be a whole number from 0 to 9,007,199,254,740,991."],
    ["3,-1", "It must be a whole number from 0 to 9,007,199,254,740,991."],
    ["3,4,3", "The seed 3 stands there twice."],
  ])("refuses %s", (text, message) => {
    expect(() => parseSeeds(text)).toThrow(expect.objectContaining({ message }));
  });
});

describe("planRuns", () => {
  const axes = [parseAxis("lr=1e-3,3e-3"), parseAxis("augment=none;crop=2,flip=0.5")];

  it("is all combinations with the first seed, then with the next", () => {
    expect(planRuns(axes, [7, 3]).map(({ name }) => name)).toEqual([
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

  it("is the seeds alone where nothing is varied", () => {
    expect(planRuns([], [0, 1])).toEqual([
      { combination: [], seed: 0, name: "seed=0" },
      { combination: [], seed: 1, name: "seed=1" },
    ]);
  });

  it("names combinations for people", () => {
    expect(labelOf(combinationsOf(axes)[2], "improved")).toBe("lr=3e-3 augment=none");
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

  it("sets every key and leaves the rest", () => {
    const axes = [
      ...["recipe=paper", "lr=1e-2", "batch=64", "epochs=3", "dropout=0", "label-smoothing=0.1", "weight-decay=0.5"],
      ...["augment=light,flip=0", "normalize=dataset", "val-split=0.1"],
    ].map(parseAxis);
    expect(withCombination(request, combinationsOf(axes)[0])).toEqual({
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
