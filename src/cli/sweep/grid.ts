import { InvalidArgumentError } from "commander";
import { count } from "../../report/numbers.js";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import {
  augmentation,
  batchSize,
  dropout,
  epochCount,
  integer,
  labelSmoothing,
  learningRate,
  oneOf,
  optimizer,
  seed,
  validationFraction,
  weightDecay,
} from "../options.js";

/** A key of the grid and its values, as written. */
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
  /** The folder name: settings and seed. */
  readonly name: string;
}

/** What one value changes in a run's request. */
type Change = Partial<Pick<TrainingRequest, "recipe" | "normalize" | "augment" | "changes">>;

const MOST_SEEDS = 1000;

/** The keys that can be varied, and how to parse their values. Parsers throw InvalidArgumentError. */
const KEYS: Readonly<Record<string, (text: string) => Change>> = {
  recipe: (text) => ({ recipe: RECIPES[oneOf(Object.keys(RECIPES))(text)] }),
  lr: (text) => ({ changes: { learningRate: learningRate(text) } }),
  batch: (text) => ({ changes: { batchSize: batchSize(text) } }),
  epochs: (text) => ({ changes: { epochs: epochCount(text) } }),
  optimizer: (text) => ({ changes: { optimizer: optimizer(text) } }),
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
 * Parses `key=value,value`. Values of augment contain commas, so semicolons separate them.
 *
 * @throws InvalidArgumentError, saying what is wrong and what is allowed
 */
export function parseAxis(text: string): Axis {
  const [, key, list] = /^([^=]+)=(.*)$/s.exec(text.replaceAll(/\s/g, "")) ?? [];
  if (key === undefined) throw new InvalidArgumentError("It must be key=value,value, such as lr=1e-3,3e-3.");
  if (!Object.hasOwn(KEYS, key)) {
    throw new InvalidArgumentError(`Unknown key "${key}"; the keys are ${GRID_KEYS.join(", ")}.`);
  }
  const values = list.split(key === "augment" ? ";" : ",");
  const changes = values.map((value) => JSON.stringify(parseValue(key, value)));
  changes.forEach((change, index) => {
    const first = changes.indexOf(change);
    if (first < index) {
      throw new InvalidArgumentError(`The values "${values[first]}" and "${values[index]}" of ${key} are equal.`);
    }
  });
  return { key, values };
}

function parseValue(key: string, value: string): Change {
  try {
    return KEYS[key](value);
  } catch (error) {
    const { message } = error as Error;
    const reason = message[0].toLowerCase() + message.slice(1);
    throw new InvalidArgumentError(`"${value}" is not valid for ${key}: ${reason}`);
  }
}

/**
 * Parses seeds: one number is a count, starting from seed 0; a list such as 3,7 or 1-5,9 gives the seeds themselves.
 *
 * @throws InvalidArgumentError, saying what is wrong and what is allowed
 */
export function parseSeeds(text: string): readonly number[] {
  if (!/[,-]/.test(text)) return Array.from({ length: integer(1, MOST_SEEDS)(text) }, (_, index) => index);
  const seeds = text.split(",").flatMap((item) => parseRange(item.trim()));
  if (seeds.length > MOST_SEEDS) throw new InvalidArgumentError(`There are more than ${count(MOST_SEEDS)} seeds.`);
  const duplicate = seeds.find((value, index) => seeds.indexOf(value) < index);
  if (duplicate !== undefined) throw new InvalidArgumentError(`Seed ${duplicate} is listed twice.`);
  return seeds;
}

/** The seeds of one item of a list: a seed, or a range with both ends. */
function parseRange(item: string): number[] {
  const [, start, end] = /^(\d+)-(\d+)$/.exec(item) ?? [item, item, item];
  const [first, last] = [seed(start), seed(end)];
  if (first > last) throw new InvalidArgumentError(`The range ${item} ends before it begins.`);
  // One more than is allowed is enough to be refused.
  return Array.from({ length: Math.min(last - first, MOST_SEEDS) + 1 }, (_, index) => first + index);
}

/** All combinations of the axes' values, the last axis changing fastest. Without axes, one empty combination. */
export function combinationsOf(axes: readonly Axis[]): Combination[] {
  return axes.reduce<Combination[]>(
    (combinations, { key, values }) =>
      combinations.flatMap((combination) => values.map((value) => [...combination, { key, value }])),
    [[]],
  );
}

/** All combinations with all seeds, seed by seed: a sweep that is stopped early has then compared all combinations. */
export function planRuns(axes: readonly Axis[], seeds: readonly number[]): PlannedRun[] {
  return seeds.flatMap((seed) =>
    combinationsOf(axes).map((combination) => {
      const parts = [...combination, { key: "seed", value: String(seed) }];
      return { combination, seed, name: parts.map(({ key, value }) => `${key}=${value}`).join("_") };
    }),
  );
}

/** A readable name: "lr=1e-3 batch=32", or the recipe's name if nothing is varied. */
export function labelOf(combination: Combination, recipe: string): string {
  return combination.map(({ key, value }) => `${key}=${value}`).join(" ") || recipe;
}

/** Applies a combination to a run's request. @throws InvalidArgumentError if a value is invalid */
export function withCombination(request: TrainingRequest, combination: Combination): TrainingRequest {
  const values = combination.map(({ key, value }) => parseValue(key, value));
  const changes = Object.assign({}, request.changes, ...values.map((value) => value.changes));
  return Object.assign({}, request, ...values, { changes });
}
