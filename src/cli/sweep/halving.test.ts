import { expect, it } from "vitest";
import { parseAxis, planRuns } from "./grid.js";
import { bestCombinations, epochOf, rungsOf } from "./halving.js";

it("lets one combination in so many go on, for as many times the epochs", () => {
  const rungs = rungsOf(64, 3);
  expect(rungs.map(({ keep }) => keep)).toEqual([21, 7, 2]);
  expect(rungs.map((rung) => epochOf(rung, 100))).toEqual([4, 12, 34]);
  expect(rungs.map((rung) => epochOf(rung, 27))).toEqual([1, 3, 9]);
  expect(rungsOf(2, 3)).toEqual([]);
  expect(rungsOf(3, 3)).toEqual([{ keep: 1, share: 1 / 3 }]);
  expect(epochOf({ share: 1 / 81, keep: 1 }, 3)).toBe(1);
});

it("judges by the mean over seeds, takes the first of equal ones, and puts failures last", () => {
  const runs = planRuns({ grid: [parseAxis("lr=1,2,3,4")], seeds: [0, 1] });
  const combinations = runs.slice(0, 4).map(({ combination }) => combination);
  const accuracies = [
    [0.5, 0.9],
    [0.7, 0.7],
    [0.9, undefined],
    [0.8, 0.8],
  ];
  const best = (keep: number) =>
    bestCombinations(
      combinations,
      runs,
      ({ combination, seed }) => accuracies[combinations.indexOf(combination)][seed],
      keep,
    ).map(([{ value }]) => value);
  expect(best(1)).toEqual(["4"]);
  expect(best(2)).toEqual(["1", "4"]);
  expect(best(3)).toEqual(["1", "2", "4"]);
});
