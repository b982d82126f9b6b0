import { describe, expect, it } from "vitest";
import { AUGMENTATIONS } from "../../data/augmentation.js";
import { recipeSchema } from "../../formats/recipeSchema.js";
import { lenet5, normalizedBytes, summarize } from "../../model/index.js";
import { customizeRecipe, RECIPES, type Recipe } from "./recipes.js";
import { scheduleAt } from "./schedules.js";

const { paper, improved, best, teacher, distilled } = RECIPES;

describe("recipes", () => {
  it("include the tutorial's first configuration as paper", () => {
    expect(paper).toEqual({
      name: "paper",
      activation: "sigmoid",
      pooling: "averagePool2d",
      dropout: 0,
      batchNorm: false,
      epochs: 100,
      batchSize: 32,
      optimizer: { type: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
      schedule: { type: "constant", learningRate: 0.001 },
      labelSmoothing: 0,
      averaging: null,
      patience: 0,
      augmentation: { ...AUGMENTATIONS.none, cropPadding: 2, flip: 0.5, degrees: 10 },
      augmentValidation: false,
      validationFraction: 0.2,
      normalization: { mean: [0.5], std: [0.5] },
    });
  });

  it("include the tutorial's second configuration as improved", () => {
    expect(improved).toMatchObject({
      activation: "relu",
      pooling: "maxPool2d",
      epochs: 100,
      optimizer: { type: "adamw" },
      schedule: { type: "oneCycle", warmupFraction: 0.3, divisor: 25, finalDivisor: 1e4, cycleMomentum: true },
    });
    expect(improved.dropout).toBeGreaterThan(0);
    expect(improved.labelSmoothing).toBeGreaterThan(0);
  });

  it.each([paper, improved, best, distilled])(
    "are LeNet-5 with 61,706 parameters on 28 × 28 images: $name",
    (recipe) => {
      // A run folds batch normalisation into the weights that it saves.
      const model = lenet5({ ...recipe, batchNorm: false, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
      expect(summarize(model).totalParameters).toBe(61_706);
    },
  );

  it("have a deeper teacher, and a student that learns from it", () => {
    const model = lenet5({ ...teacher, batchNorm: false, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
    expect(summarize(model).totalParameters).toBe(274_398);
    expect(distilled.distillation).toEqual({ temperature: 2, share: 0.9 });
    expect([teacher.batchNorm, distilled.batchNorm]).toEqual([true, true]);
  });

  it("average the parameters only in best", () => {
    expect(best).toMatchObject({
      epochs: 100,
      validationFraction: 0.1,
      augmentation: { ...AUGMENTATIONS.light, cropPadding: 1 },
    });
    expect([paper, improved].map(({ averaging }) => averaging)).toEqual([null, null]);
    expect(best.averaging?.decay).toBeGreaterThan(0.9);
  });
});

describe("lenet-1998", () => {
  const recipe = RECIPES["lenet-1998"];

  it("maps black to −0.1 and white to 1.175, as the paper", () => {
    const inputs = normalizedBytes(recipe.normalization, 1);
    expect(inputs[0]).toBeCloseTo(-0.1, 6);
    expect(inputs[255]).toBeCloseTo(1.175, 6);
  });

  it("has the paper's learning rates, which another one scales", () => {
    const rates = ({ schedule, epochs }: Recipe) =>
      Array.from({ length: epochs }, (_, pass) => scheduleAt(schedule, pass, epochs).learningRate);
    const published = [
      [5e-4, 2],
      [2e-4, 3],
      [1e-4, 3],
      [5e-5, 4],
      [1e-5, 8],
    ].flatMap(([rate, passes]) => Array<number>(passes).fill(rate));
    expect(rates(recipe)).toEqual(published);
    const scaled = rates(customizeRecipe(recipe, { learningRate: 1e-3 }));
    expect(scaled.map((rate) => Number(rate.toPrecision(12)))).toEqual(
      published.map((rate) => Number((2 * rate).toPrecision(12))),
    );
  });

  it("is for ten classes", () => {
    expect(() => lenet5({ ...recipe, input: recipe.input!, classes: 11 })).toThrow(
      "the RBF output has the bitmaps of 10 digits, but there are 11 classes",
    );
  });

  it("has no weight decay", () => {
    expect(() => customizeRecipe(recipe, { weightDecay: 0.1 })).toThrow("the optimizer sdlm has no weight decay");
  });
});

describe("customizeRecipe", () => {
  it("keeps everything without changes", () => {
    expect(customizeRecipe(improved, {})).toEqual(improved);
  });

  it("changes only the given fields", () => {
    const shares = { validationFraction: 0.3, augmentValidation: true };
    const images = { augmentation: AUGMENTATIONS.light, normalization: { mean: [0.1], std: [0.2] } };
    const regularization = { dropout: 0.1, labelSmoothing: 0.2 };
    const changes = { epochs: 7, batchSize: 50, learningRate: 0.01, weightDecay: 0.5 };
    expect(customizeRecipe(paper, { ...changes, ...regularization, ...shares, ...images })).toEqual({
      ...paper,
      epochs: 7,
      batchSize: 50,
      schedule: { type: "constant", learningRate: 0.01 },
      optimizer: { ...paper.optimizer, weightDecay: 0.5 },
      ...regularization,
      ...shares,
      ...images,
    });
  });

  it("sets the maximum learning rate of a schedule that varies it", () => {
    expect(customizeRecipe(improved, { learningRate: 0.02 }).schedule).toEqual({
      ...improved.schedule,
      maximumLearningRate: 0.02,
    });
    const cosine = { type: "cosine", learningRate: 0.1, finalLearningRate: 1e-5, warmupSteps: 10 } as const;
    expect(customizeRecipe({ ...paper, schedule: cosine }, { learningRate: 0.02 }).schedule).toEqual({
      ...cosine,
      learningRate: 0.02,
    });
  });
});

describe("recipeSchema", () => {
  it.each(Object.entries(AUGMENTATIONS))("reads the augmentation %s back as it was written", (_, augmentation) => {
    const recipe = { ...paper, augmentation };
    expect(recipeSchema.parse(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });

  it.each(Object.entries(RECIPES))("reads %s back as it was written", (_, recipe) => {
    expect(recipeSchema.parse(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });

  it("reads recipes from before averaging, patience and augmentation beyond crop, flip and rotation existed", () => {
    const { averaging, patience, ...before } = paper;
    const old = { ...before, augmentation: { cropPadding: 2, flip: 0.5, degrees: 10 } };
    expect(recipeSchema.parse(JSON.parse(JSON.stringify(old)))).toEqual(paper);
  });

  it.each([
    ["shift", 1.1],
    ["scale", 1],
    ["shear", 90],
    ["squeeze", 0.95],
    ["brightness", -0.1],
    ["erase", 1.1],
    ["background", 128],
  ])("refuses an augmentation with a %s of %d", (part, value) => {
    const augmentation = { ...paper.augmentation, [part]: value };
    expect(recipeSchema.safeParse({ ...paper, augmentation }).success).toBe(false);
  });

  it.each([
    ["no epochs", { epochs: 0 }],
    ["half a batch", { batchSize: 0.5 }],
    ["an unknown activation", { activation: "gelu" }],
    ["a standard deviation of 0", { normalization: { mean: [0.5], std: [0] } }],
    ["a dropout above 1", { dropout: 1.5 }],
    ["an averaging decay of 1", { averaging: { decay: 1 } }],
    ["an unknown field", { dropouts: 0.5 }],
    ["a schedule without its numbers", { schedule: { type: "oneCycle" } }],
  ])("refuses %s", (_, change) => {
    expect(recipeSchema.safeParse({ ...paper, ...change }).success).toBe(false);
  });
});
