import type { Combination, PlannedRun } from "./grid.js";

/** A pause of successive halving, after which the best combinations go on. */
export interface Rung {
  /** The fraction of a run's epochs before it. */
  readonly share: number;
  /** How many combinations go on. */
  readonly keep: number;
}

/**
 * The rungs of successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
 * optimization", AISTATS 2016): one in `factor` combinations goes on for `factor` times the epochs.
 */
export function rungsOf(combinations: number, factor: number): Rung[] {
  const counts: number[] = [];
  for (let keep = Math.floor(combinations / factor); keep >= 1; keep = Math.floor(keep / factor)) counts.push(keep);
  return counts.map((keep, index) => ({ keep, share: factor ** (index - counts.length) }));
}

/** The epoch after which a run pauses at a rung. */
export function epochOf({ share }: Rung, epochs: number): number {
  // Rounding may make an exact number of epochs a little more.
  return Math.max(1, Math.ceil(epochs * share - 1e-9));
}

/**
 * The combinations that go on, by the mean validation accuracy over their seeds; of equal ones, the first.
 *
 * @param accuracyOf a run's best validation accuracy so far; undefined if it has failed, which comes last
 */
export function bestCombinations(
  combinations: readonly Combination[],
  runs: readonly PlannedRun[],
  accuracyOf: (run: PlannedRun) => number | undefined,
  keep: number,
): Combination[] {
  const scores = new Map(
    combinations.map((combination) => {
      const own = runs.filter((run) => run.combination === combination).map((run) => accuracyOf(run) ?? -1);
      return [combination, own.includes(-1) ? -1 : own.reduce((sum, value) => sum + value, 0) / own.length];
    }),
  );
  const best = new Set(combinations.toSorted((one, other) => scores.get(other)! - scores.get(one)!).slice(0, keep));
  return combinations.filter((combination) => best.has(combination));
}
