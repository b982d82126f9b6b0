import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AUGMENTATIONS } from "../data/augmentation.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { scheduleAt } from "../training/recipes/schedules.js";
import { FormatError } from "./errors.js";
import { readRecipeFile, recipeFileJsonSchema } from "./recipeFile.js";

const { paper, improved } = RECIPES;
const read = (value: unknown) => readRecipeFile(JSON.stringify(value), "mine");
const recipeOf = (value: unknown) => read(value).recipe;

/** What is wrong with a file, line by line. */
function mistakes(value: unknown): string[] {
  try {
    read(value);
  } catch (error) {
    expect(error).toBeInstanceOf(AggregateError);
    const { errors, message } = error as AggregateError;
    const lines = errors.map((each: unknown) => {
      expect(each).toBeInstanceOf(FormatError);
      return (each as FormatError).message;
    });
    expect(message).toBe(lines[0]);
    return lines;
  }
  return [];
}

/** Valid and invalid files, for both the reader and the published schema. */
const GOOD: [string, object][] = [
  ["a complete recipe", paper],
  ["a complete recipe without a name", { ...improved, name: undefined }],
  ["no changes", { $schema: "recipe.schema.json", extends: "best" }],
  ["other numbers", { extends: "improved", epochs: 5, schedule: { maximumLearningRate: 0.01 }, patience: 3 }],
  ["another optimizer", { extends: "improved", optimizer: { type: "sgd", momentum: 0.9, nesterov: true } }],
  ["the name of an augmentation", { extends: "paper", augmentation: "light" }],
  ["part of an augmentation", { extends: "paper", augmentation: { erase: 0.3 } }],
  ["a measured normalization", { extends: "paper", normalization: "dataset" }],
  ["only a mean", { extends: "paper", normalization: { mean: 0.3 } }],
  ["averaging off", { extends: "best", averaging: null }],
];
const BAD: [string, object, string[]][] = [
  [
    "no fields",
    {},
    [
      expect.stringMatching(
        /^activation, pooling, .* and normalization are missing: name the recipe that has them, such as "extends": "improved"$/,
      ),
    ],
  ],
  [
    "an unknown recipe",
    { extends: "fast" },
    ['extends: must be "paper" or "improved" or "best" or "teacher" or "distilled" or "lenet-1998", not "fast"'],
  ],
  [
    "an unknown field",
    { extends: "paper", schedule: { type: "constant", lr: 1, learningRate: 1 } },
    ['schedule: there is no field "lr"; there are type, learningRate'],
  ],
  [
    "several mistakes",
    { extends: "paper", epochs: 0.5, dropout: 1.5, pooling: "max", batchSize: "32" },
    [
      'pooling: must be "averagePool2d" or "maxPool2d" or "subsample2d", not "max"',
      "dropout: must be at most 1, not 1.5",
      "epochs: must be a whole number, not 0.5",
      'batchSize: must be a number, not "32"',
    ],
  ],
  ["no epochs", { extends: "paper", epochs: 0 }, ["epochs: must be at least 1, not 0"]],
  [
    "an unknown type of optimizer",
    { extends: "paper", optimizer: { type: "lion" } },
    ['optimizer.type: must be "adamw" or "adam" or "muon" or "sgd" or "sdlm", not "lion"'],
  ],
  [
    "a field of another schedule",
    { extends: "improved", schedule: { type: "cosine", learningRate: 0.1, maximumLearningRate: 0.1 } },
    ['schedule: there is no field "maximumLearningRate"; there are type, learningRate, finalLearningRate, warmupSteps'],
  ],
  ["a decay of 1", { extends: "paper", averaging: { decay: 1 } }, ["averaging.decay: must be below 1, not 1"]],
  [
    "moments that never decay",
    { extends: "paper", optimizer: { beta1: 1, beta2: 1 } },
    ["optimizer.beta1: must be below 1, not 1", "optimizer.beta2: must be below 1, not 1"],
  ],
  [
    "an epsilon that is 0 as a float32",
    { extends: "paper", optimizer: { epsilon: 1e-60 } },
    ["optimizer.epsilon: must be at least 1.1754943508222875e-38, not 1e-60"],
  ],
  [
    "momenta that never decay",
    { extends: "improved", schedule: { baseMomentum: 1, maximumMomentum: 1 } },
    ["schedule.baseMomentum: must be below 1, not 1", "schedule.maximumMomentum: must be below 1, not 1"],
  ],
  ["averaging as a number", { extends: "paper", averaging: 0.9 }, ["averaging: must be an object, not 0.9"]],
  [
    "a normalization that is another string",
    { extends: "paper", normalization: "measured" },
    ['normalization: must be "dataset" or an object, not "measured"'],
  ],
  [
    "a mean that is not a number",
    { extends: "paper", normalization: { mean: "0.5" } },
    ['normalization.mean: must be a number or a list of numbers, not "0.5"'],
  ],
  ["a flip above 1", { extends: "paper", augmentation: { flip: 2 } }, ["augmentation.flip: must be at most 1, not 2"]],
  [
    "a grey background",
    { extends: "paper", augmentation: { background: 7 } },
    ["augmentation.background: must be 0 or 255, not 7"],
  ],
];

describe("a recipe file", () => {
  it.each(Object.entries(RECIPES))("may hold a complete recipe: %s", (_, recipe) => {
    expect(recipeOf(recipe)).toEqual(recipe);
  });

  it.each(Object.entries(RECIPES))("may change only a recipe's name: %s", (name, recipe) => {
    expect(recipeOf({ extends: name })).toEqual({ ...recipe, name: "mine" });
    expect(recipeOf({ extends: name, name: "other" })).toEqual({ ...recipe, name: "other" });
  });

  it("changes single fields, also within objects whose type stays the same", () => {
    const changes = { extends: "improved", epochs: 5, averaging: { decay: 0.99 } };
    expect(recipeOf({ ...changes, schedule: { maximumLearningRate: 0.01 }, optimizer: { weightDecay: 0 } })).toEqual({
      ...improved,
      name: "mine",
      epochs: 5,
      averaging: { decay: 0.99 },
      schedule: { ...improved.schedule, maximumLearningRate: 0.01 },
      optimizer: { ...improved.optimizer, weightDecay: 0 },
    });
    expect(recipeOf({ extends: "best", averaging: null }).averaging).toBeNull();
  });

  it("replaces objects of another type, with PyTorch's defaults for omitted fields", () => {
    const { optimizer, schedule } = recipeOf({
      extends: "improved",
      optimizer: { type: "sgd", momentum: 0.9 },
      schedule: { type: "cosine", learningRate: 0.1, warmupSteps: 10 },
    });
    expect(optimizer).toEqual({ type: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 });
    expect(schedule).toEqual({ type: "cosine", learningRate: 0.1, finalLearningRate: 0, warmupSteps: 10 });
    expect(scheduleAt(schedule, 9, 100).learningRate).toBeCloseTo(0.1 * (10 / 11), 12);
    expect(scheduleAt(schedule, 55, 100).learningRate).toBeCloseTo(0.05, 12);
    // The published schema cannot detect this: it would have to know the type in the extended recipe.
    expect(mistakes({ extends: "paper", schedule: { type: "cosine" } })).toEqual([
      "schedule.learningRate: is missing: it must be a number",
    ]);
  });

  it("takes an augmentation by name, as text or in part, and says whether it sets flip", () => {
    const augmented = (augmentation: unknown) => read({ extends: "paper", augmentation });
    const { tutorial, light, none } = AUGMENTATIONS;
    expect(augmented("light").recipe.augmentation).toEqual(light);
    expect(augmented("crop=3").augmentation).toEqual({ augmentation: { ...none, cropPadding: 3 }, flipGiven: false });
    expect(augmented("light,flip=0.1").augmentation.flipGiven).toBe(true);
    expect(augmented({ erase: 0.3 }).augmentation).toEqual({
      augmentation: { ...tutorial, erase: 0.3 },
      flipGiven: false,
    });
    expect(augmented({ flip: 0.3 }).augmentation.flipGiven).toBe(true);
    expect(mistakes({ extends: "paper", augmentation: "lights" })[0]).toMatch(
      /^augmentation: unknown augmentation "lights"; use none, tutorial, light, strong, or key=value/,
    );
  });

  it("can ask for the normalization to be measured", () => {
    expect(read({ extends: "paper", normalization: "dataset" }).measureNormalization).toBe(true);
    const { recipe, measureNormalization } = read({ extends: "paper", normalization: { mean: 0.3, std: [0.2] } });
    expect(recipe.normalization).toEqual({ mean: [0.3], std: [0.2] });
    expect(measureNormalization).toBe(false);
  });

  it.each(GOOD)("is read: %s", (_, file) => {
    expect(mistakes(file)).toEqual([]);
  });

  it.each(BAD)("is refused with one line per mistake: %s", (_, file, lines) => {
    expect(mistakes(file)).toEqual(lines);
  });

  it("is refused however deep it nests", () => {
    const nested = "[".repeat(400_000) + "]".repeat(400_000);
    expect(() => readRecipeFile(`{"extends": "paper", "epochs": ${nested}}`, "mine")).toThrow(
      'epochs: must be a number, not [[[["…"]]]]',
    );
  });

  it("is refused if it is not a JSON object or its name is invalid", () => {
    expect(() => readRecipeFile("{", "mine")).toThrow(/^it is not JSON: /);
    expect(() => readRecipeFile("[1]", "mine")).toThrow("it is not a JSON object");
    expect(() => readRecipeFile('{"extends": "paper"}', "../mine")).toThrow(
      /^name: must begin with a letter or digit and /,
    );
    expect(mistakes({ extends: "paper", name: "a/b" })).toHaveLength(1);
    expect(() => readRecipeFile('{"extends": "paper", "__proto__": {}}', "mine")).toThrow(
      'there is no field "__proto__"',
    );
  });
});

describe("the published JSON Schema", () => {
  const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(recipeFileJsonSchema())));

  it("equals docs/recipe.schema.json (write it again with npm run schema)", async () => {
    await expect(`${JSON.stringify(recipeFileJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
      "../../docs/recipe.schema.json",
    );
  });

  it.each(GOOD)("accepts what the reader accepts: %s", (_, file) => {
    expect(schema.safeParse(JSON.parse(JSON.stringify(file))).error?.issues).toBeUndefined();
  });

  it.each(BAD)("refuses what the reader refuses: %s", (_, file) => {
    expect(schema.safeParse(file).success).toBe(false);
  });

  it("accepts the documentation's examples, and so does the reader", () => {
    const page = readFileSync(new URL("../../docs/recipes.md", import.meta.url), "utf8");
    const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => text);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(schema.safeParse(JSON.parse(example)).success).toBe(true);
      expect(mistakes(JSON.parse(example))).toEqual([]);
    }
  });
});
