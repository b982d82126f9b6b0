import { expect, it } from "vitest";
import { generateDigits } from "../data/digits.js";
import { writeWeights } from "../formats/weightFiles.js";
import type { TrainingState } from "../training/epochs.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { type FitOptions, fit as train } from "./fit.js";
import { evaluate } from "./inference.js";
import { LeNet5 } from "./lenet5.js";

const digits = generateDigits({ seed: 0, count: 100, part: "train" });
const network = LeNet5.create({ classes: digits.classes });
const { improved } = RECIPES;

/** Calls as JavaScript may, where no type is checked. */
const fitWith = (options: object) => train(network, digits, options as FitOptions).next();
const withRecipe = (changes: object) => ({ recipe: { ...improved, ...changes } });

it.each([
  [
    withRecipe({ optimizer: { type: "rmsprop" } }),
    'the optimizer must be adamw, adam, muon, sgd or sdlm, not "rmsprop"',
  ],
  [
    withRecipe({ optimizer: { ...improved.optimizer, beta1: "x" } }),
    'optimizer.beta1 must be a number of at least 0, not "x"',
  ],
  [withRecipe({ optimizer: { type: "adamw" } }), "optimizer.beta1 must be a number of at least 0, not undefined"],
  [
    withRecipe({ schedule: { type: "linear" } }),
    'the schedule must be constant, oneCycle, cosine or stepwise, not "linear"',
  ],
  [{ learningRate: Number.NaN }, "schedule.maximumLearningRate must be a number of at least 0, not NaN"],
  [{ labelSmoothing: 2 }, "labelSmoothing must be a number from 0 to 1, not 2"],
  [{ validationFraction: "x" }, 'validationFraction must be a number from 0 to 1, not "x"'],
  [{ weightDecay: -1 }, "optimizer.weightDecay must be a number of at least 0, not -1"],
  [withRecipe({ averaging: { decay: 2 } }), "averaging.decay must be a number from 0 to 1, not 2"],
  [withRecipe({ patience: 0.5 }), "patience must be an integer of at least 0, not 0.5"],
  [withRecipe({ epochs: "3" }), 'epochs must be an integer of at least 1, not "3"'],
  [{ batchSize: 1.5 }, "batchSize must be an integer of at least 1, not 1.5"],
  [{ seed: -1 }, "the seed must be an integer from 0 to 9007199254740991, not -1"],
  [{ seed: "x" }, 'the seed must be an integer from 0 to 9007199254740991, not "x"'],
  [{ threads: 2 }, "threads must be what threads() of lenet/node or lenet/browser returns, not 2"],
  [{ arithmetic: "fast" }, 'the arithmetic must be portable or fused, not "fast"'],
])("fit refuses %j", async (options, message) => {
  await expect((async () => fitWith(options))()).rejects.toThrow(
    expect.objectContaining({ name: "RangeError", message }),
  );
});

it.each([-1, 0.5, "x", 2 ** 53])("takes no seed %j", (value) => {
  const seed = value as number;
  const message = /seed must be an integer from 0 to 9007199254740991, not /;
  expect(() => LeNet5.create({ classes: ["a", "b"], seed })).toThrow(message);
  expect(() => generateDigits({ seed, count: 1, part: "train" })).toThrow(message);
});

it("evaluates on threads, not on a number", async () => {
  await expect(evaluate(network, digits, { threads: 2 as never })).rejects.toThrow(
    "threads must be what threads() of lenet/node or lenet/browser returns, not 2",
  );
});

it("writes no weights in a format that it does not know", () => {
  expect(() => writeWeights(network.weights(), "h5" as never)).toThrow(
    new RangeError('weights are written as pth, safetensors or onnx, not "h5"'),
  );
});

it("does not know a recipe by a wrong name", () => {
  // @ts-expect-error: there is no such recipe.
  expect(RECIPES.improvd).toBeUndefined();
});

it("resumes only what was trained with the same seed, batch size and optimizer", async () => {
  const settings = { epochs: 2, seed: 5, batchSize: 20 };
  const { value } = await train(LeNet5.create({ classes: digits.classes }), digits, settings).next();
  const { state } = value as { state: TrainingState };
  const resume = (changes: object) => fitWith({ ...settings, resumeFrom: state, ...changes });
  expect((await resume({})).value).toMatchObject({ epoch: 2 });
  await expect(async () => resume({ seed: 6 })).rejects.toThrow(
    new RangeError("the state to resume from was trained with seed 5, not 6"),
  );
  await expect(async () => resume({ batchSize: 25 })).rejects.toThrow(
    new RangeError("the state to resume from was trained with batchSize 20, not 25"),
  );
  const sgd = { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 };
  await expect(async () => resume(withRecipe({ optimizer: sgd }))).rejects.toThrow(
    /^the state to resume from was trained with optimizer \{"type":"adamw",.*\}, not \{"type":"sgd",/,
  );
});
