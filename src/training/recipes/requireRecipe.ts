import type { OptimizerSettings } from "../../engine/backend.js";
import type { Recipe } from "./recipes.js";
import type { Schedule } from "./schedules.js";

// Recipe files have a schema; this checks what a program passes, without the size of a schema's library.

/** The numbers of each kind; TypeScript demands those of every kind. */
type NumbersOf<Settings extends { readonly type: string }> = {
  readonly [Type in Settings["type"]]: readonly string[];
};

const ADAM = ["beta1", "beta2", "epsilon", "weightDecay"];
const OPTIMIZER_NUMBERS: NumbersOf<OptimizerSettings> = {
  adamw: ADAM,
  adam: ADAM,
  muon: ["learningRateFactor", "momentum", ...ADAM],
  sgd: ["momentum", "weightDecay"],
  sdlm: ["damping", "samples"],
};
const SCHEDULE_NUMBERS: NumbersOf<Schedule> = {
  constant: ["learningRate"],
  oneCycle: [
    ...["maximumLearningRate", "warmupFraction", "divisor", "finalDivisor"],
    ...["baseMomentum", "maximumMomentum"],
  ],
  cosine: ["learningRate", "finalLearningRate", "warmupSteps"],
  stepwise: [],
};

/** @throws RangeError naming the first value that no training can have, as a program without types may pass it */
export function requireRecipe(recipe: Recipe): void {
  const { optimizer, schedule, averaging } = recipe;
  requireInteger("epochs", recipe.epochs, 1);
  requireInteger("batchSize", recipe.batchSize, 1);
  requireInteger("patience", recipe.patience, 0);
  requireNumbers("optimizer", optimizer, OPTIMIZER_NUMBERS);
  requireNumbers("schedule", schedule, SCHEDULE_NUMBERS);
  requireShare("labelSmoothing", recipe.labelSmoothing);
  requireShare("validationFraction", recipe.validationFraction);
  if (averaging) requireShare("averaging.decay", averaging.decay);
}

/** @throws RangeError unless the value is an integer of at least `least` */
export function requireInteger(name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && Number(value) >= least) return;
  throw new RangeError(`${name} must be an integer of at least ${least}, not ${shownValue(value)}`);
}

/** A value in a message. */
export function shownValue(value: unknown): string {
  return typeof value === "string" || typeof value === "object" ? JSON.stringify(value) : String(value);
}

function requireNumbers<Settings extends { readonly type: string }>(
  name: string,
  settings: Settings,
  numbers: NumbersOf<Settings>,
): void {
  const type = settings?.type as Settings["type"];
  if (!Object.hasOwn(numbers, type)) {
    const types = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(Object.keys(numbers));
    throw new RangeError(`the ${name} must be ${types}, not ${shownValue(type)}`);
  }
  for (const field of numbers[type]) {
    const value = (settings as Record<string, unknown>)[field];
    if (!(Number.isFinite(value) && Number(value) >= 0)) {
      throw new RangeError(`${name}.${field} must be a number of at least 0, not ${shownValue(value)}`);
    }
  }
}

function requireShare(name: string, value: unknown): void {
  if (Number.isFinite(value) && Number(value) >= 0 && Number(value) <= 1) return;
  throw new RangeError(`${name} must be a number from 0 to 1, not ${shownValue(value)}`);
}
