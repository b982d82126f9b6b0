import { InvalidArgumentError } from "commander";
import type { Fold } from "../../data/split.js";
import { count } from "../../report/numbers.js";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPE_NAMES, RECIPES } from "../../training/recipes/recipes.js";
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
import { parseRange, type Range, sampleCombinations } from "./sample.js";

/** A key of the grid and its values, as written; in a sample, one of them may be a range. */
export interface Axis {
  readonly key: string;
  readonly values: readonly string[];
}

/** A number of combinations, drawn at random. */
export interface Sample {
  readonly count: number;
  readonly seed: number;
}

/** What is compared. */
export interface Search {
  readonly grid: readonly Axis[];
  readonly seeds: readonly number[];
  /** Default: all combinations of the grid. */
  readonly sample?: Sample;
  /** The number of folds of a cross-validation. Default: none, one run per seed. */
  readonly folds?: number;
}

/** One value of every key. */
export type Combination = readonly { readonly key: string; readonly value: string }[];

/** A run of a sweep. */
export interface PlannedRun {
  readonly combination: Combination;
  readonly seed: number;
  /** The part that is held out, in a cross-validation. */
  readonly fold?: Fold;
  /** The folder name: settings, fold and seed. */
  readonly name: string;
}

/** What one value changes in a run's request. */
type Change = Partial<Pick<TrainingRequest, "recipe" | "normalize" | "augment" | "changes">>;

const MOST_SEEDS = 1000;

/** The keys that can be varied, and how to parse their values. Parsers throw InvalidArgumentError. */
const KEYS: Readonly<Record<string, (text: string) => Change>> = {
  recipe: (text) => ({ recipe: RECIPES[oneOf(RECIPE_NAMES)(text)] }),
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

/** The keys whose values are numbers, of which there may be a range, and whether they are whole. */
const RANGED: Readonly<Record<string, { readonly isInteger: boolean }>> = {
  lr: { isInteger: false },
  batch: { isInteger: true },
  epochs: { isInteger: true },
  dropout: { isInteger: false },
  "label-smoothing": { isInteger: false },
  "weight-decay": { isInteger: false },
  "val-split": { isInteger: false },
};

/** The keys of a grid. */
export const GRID_KEYS: readonly string[] = Object.keys(KEYS);

/**
 * Parses `key=value,value`, or `key=low..high` and `key=low..high:log`. Values of augment contain commas, so semicolons
 * separate them.
 *
 * @throws InvalidArgumentError, saying what is wrong and what is allowed
 */
export function parseAxis(text: string): Axis {
  const [, key, list] = /^([^=]+)=(.*)$/s.exec(text.replaceAll(/\s/g, "")) ?? [];
  if (key === undefined) throw new InvalidArgumentError("It must be key=value,value, such as lr=1e-3,3e-3.");
  if (!Object.hasOwn(KEYS, key)) {
    throw new InvalidArgumentError(`Unknown key "${key}"; the keys are ${GRID_KEYS.join(", ")}.`);
  }
  const range = parseRange(list);
  if (range) {
    requireRange(key, list, range);
    return { key, values: [list] };
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

/** Whether an axis is a range. */
export function isRange({ values }: Axis): boolean {
  return values.length === 1 && parseRange(values[0]) !== undefined;
}

function requireRange(key: string, text: string, { low, high, isLogarithmic }: Range): void {
  if (!Object.hasOwn(RANGED, key)) {
    throw new InvalidArgumentError(`${key} has no range; those with one are ${Object.keys(RANGED).join(", ")}.`);
  }
  for (const end of [low, high]) parseValue(key, end);
  if (!(Number(low) < Number(high))) throw new InvalidArgumentError(`The range ${text} must end above its beginning.`);
  if (isLogarithmic && Number(low) === 0) throw new InvalidArgumentError("A logarithmic range cannot begin at 0.");
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
  const seeds = text.split(",").flatMap((item) => parseSeedRange(item.trim()));
  if (seeds.length > MOST_SEEDS) throw new InvalidArgumentError(`There are more than ${count(MOST_SEEDS)} seeds.`);
  const duplicate = seeds.find((value, index) => seeds.indexOf(value) < index);
  if (duplicate !== undefined) throw new InvalidArgumentError(`Seed ${duplicate} is listed twice.`);
  return seeds;
}

/** The seeds of one item of a list: a seed, or a range with both ends. */
function parseSeedRange(item: string): number[] {
  const [, start, end] = /^(\d+)-(\d+)$/.exec(item) ?? [item, item, item];
  const [first, last] = [seed(start), seed(end)];
  if (first > last) throw new InvalidArgumentError(`The range ${item} ends before it begins.`);
  // One more than is allowed is enough to be refused.
  return Array.from({ length: Math.min(last - first, MOST_SEEDS) + 1 }, (_, index) => first + index);
}

/**
 * The combinations that are compared: all of the axes' values, the last axis changing fastest, or a sample. Without axes,
 * one empty combination.
 *
 * @throws RangeError if there are fewer combinations than the sample needs
 */
export function combinationsOf({ grid, sample }: Omit<Search, "seeds">): Combination[] {
  if (!sample) return allCombinations(grid);
  const choices = grid.map((axis) => {
    const range = isRange(axis) ? parseRange(axis.values[0]) : undefined;
    return range ? { range, ...RANGED[axis.key] } : { values: axis.values };
  });
  const drawn = sampleCombinations(choices, sample.count, sample.seed);
  return drawn.map((values) => values.map((value, index) => ({ key: grid[index].key, value })));
}

function allCombinations(grid: readonly Axis[]): Combination[] {
  return grid.reduce<Combination[]>(
    (combinations, { key, values }) =>
      combinations.flatMap((combination) => values.map((value) => [...combination, { key, value }])),
    [[]],
  );
}

/**
 * All combinations with all seeds and, in a cross-validation, folds; seed by seed: a sweep that is stopped early has then
 * compared all combinations.
 */
export function planRuns({ seeds, folds, ...search }: Search): PlannedRun[] {
  const parts = folds === undefined ? [undefined] : Array.from({ length: folds }, (_, index) => index + 1);
  const combinations = combinationsOf(search);
  return seeds.flatMap((seed) =>
    parts.flatMap((part) =>
      combinations.map((combination) => {
        const fold = part === undefined ? undefined : { number: part, of: folds! };
        const named = [...combination, ...(fold ? [{ key: "fold", value: part }] : []), { key: "seed", value: seed }];
        const name = named.map(({ key, value }) => `${key}=${value}`).join("_");
        return { combination, seed, ...(fold && { fold }), name };
      }),
    ),
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
