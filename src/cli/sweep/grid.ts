import { InvalidArgumentError } from "commander";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import {
  augmentation,
  batchSize,
  dropout,
  epochCount,
  labelSmoothing,
  learningRate,
  oneOf,
  seed,
  validationFraction,
  weightDecay,
  wholeNumber,
} from "../options.js";

/** A key of the grid and the values that it takes in turn, as they were written. */
export interface Axis {
  readonly key: string;
  readonly values: readonly string[];
}

/** One value of every key. */
export type Combination = readonly { readonly key: string; readonly value: string }[];

/** A run of a sweep. */
export interface PlannedRun {
  readonly combination: Combination;
  readonly seed: number;
  /** Its settings and its seed, as a folder's name. */
  readonly name: string;
}

/** What a value changes about a run. */
type Change = Partial<Pick<TrainingRequest, "recipe" | "normalize" | "augment" | "changes">>;

const MOST_SEEDS = 1000;

/** What can be varied, and what a value of it changes. @throws InvalidArgumentError saying what is allowed */
const KEYS: Readonly<Record<string, (text: string) => Change>> = {
  recipe: (text) => ({ recipe: RECIPES[oneOf(Object.keys(RECIPES))(text)] }),
  lr: (text) => ({ changes: { learningRate: learningRate(text) } }),
  batch: (text) => ({ changes: { batchSize: batchSize(text) } }),
  epochs: (text) => ({ changes: { epochs: epochCount(text) } }),
  dropout: (text) => ({ changes: { dropout: dropout(text) } }),
  "label-smoothing": (text) => ({ changes: { labelSmoothing: labelSmoothing(text) } }),
  "weight-decay": (text) => ({ changes: { weightDecay: weightDecay(text) } }),
  augment: (text) => ({ augment: augmentation(text) }),
  normalize: (text) => ({ normalize: oneOf(["tutorial", "dataset"])(text) }),
  "val-split": (text) => ({ changes: { validationFraction: validationFraction(text) } }),
};

/** The keys of a grid. */
export const GRID_KEYS: readonly string[] = Object.keys(KEYS);

/**
 * Parses `key=value,value`; the values of augment are separated by semicolons, for they hold commas themselves.
 *
 * @throws InvalidArgumentError saying what is wrong and what is allowed
 */
export function parseAxis(text: string): Axis {
  const [, key, list] = /^([^=]+)=(.*)$/s.exec(text.replaceAll(/\s/g, "")) ?? [];
  if (key === undefined) throw new InvalidArgumentError("It must be key=value,value as lr=1e-3,3e-3.");
  if (!Object.hasOwn(KEYS, key)) {
    throw new InvalidArgumentError(`There is no key "${key}"; there are ${GRID_KEYS.join(", ")}.`);
  }
  const values = list.split(key === "augment" ? ";" : ",");
  const changes = values.map((value) => JSON.stringify(parseValue(key, value)));
  changes.forEach((change, index) => {
    const first = changes.indexOf(change);
    if (first < index) {
      throw new InvalidArgumentError(`The values "${values[first]}" and "${values[index]}" of ${key} are the same.`);
    }
  });
  return { key, values };
}

function parseValue(key: string, value: string): Change {
  try {
    return KEYS[key](value);
  } catch (error) {
    throw new InvalidArgumentError(`The value "${value}" of ${key} is not allowed: ${(error as Error).message}`);
  }
}

/**
 * Parses seeds: one number is how many, from 0 on; several, separated by commas, are the seeds themselves.
 *
 * @throws InvalidArgumentError saying what is wrong and what is allowed
 */
export function parseSeeds(text: string): readonly number[] {
  if (!text.includes(",")) return Array.from({ length: wholeNumber(1, MOST_SEEDS)(text) }, (_, index) => index);
  const seeds = text.split(",").map((one) => seed(one.trim()));
  const again = seeds.find((one, index) => seeds.indexOf(one) < index);
  if (again !== undefined) throw new InvalidArgumentError(`The seed ${again} stands there twice.`);
  return seeds;
}

/** All combinations of the axes' values, the last axis changing fastest; one without settings where there is no axis. */
export function combinationsOf(axes: readonly Axis[]): Combination[] {
  return axes.reduce<Combination[]>(
    (combinations, { key, values }) =>
      combinations.flatMap((combination) => values.map((value) => [...combination, { key, value }])),
    [[]],
  );
}

/** All combinations with all seeds; the first seed of all comes first, for a sweep that is stopped early has compared them. */
export function planRuns(axes: readonly Axis[], seeds: readonly number[]): PlannedRun[] {
  return seeds.flatMap((seed) =>
    combinationsOf(axes).map((combination) => {
      const parts = [...combination, { key: "seed", value: String(seed) }];
      return { combination, seed, name: parts.map(({ key, value }) => `${key}=${value}`).join("_") };
    }),
  );
}

/** A combination for people: "lr=1e-3 batch=32"; the recipe's name where nothing is varied. */
export function labelOf(combination: Combination, recipe: string): string {
  return combination.map(({ key, value }) => `${key}=${value}`).join(" ") || recipe;
}

/** The request of a run with a combination's values. @throws InvalidArgumentError where a value is none */
export function withCombination(request: TrainingRequest, combination: Combination): TrainingRequest {
  const values = combination.map(({ key, value }) => parseValue(key, value));
  const changes = Object.assign({}, request.changes, ...values.map((value) => value.changes));
  return Object.assign({}, request, ...values, { changes });
}
