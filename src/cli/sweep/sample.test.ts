import { expect, it } from "vitest";
import { Purpose, RandomStream } from "../../numeric/philox.js";
import { parseAxis, planRuns } from "./grid.js";
import { sampleCombinations } from "./sample.js";

const range = (low: string, high: string, isLogarithmic = false, isInteger = false) => ({
  range: { low, high, isLogarithmic },
  isInteger,
});

it("draws values from lists and ranges, uniformly or by their logarithm", () => {
  const choices = [
    range("1e-4", "1e-2", true),
    range("0", "0.5"),
    range("1", "4", false, true),
    { values: ["a", "b"] },
  ];
  const drawn = sampleCombinations(choices, 2000, 0);
  const numbers = drawn.map(([lr, dropout, epochs]) => [lr, dropout, epochs].map(Number));
  const share = (is: (row: number[]) => boolean) => numbers.filter(is).length / numbers.length;
  expect(share(([lr]) => lr >= 1e-4 && lr <= 1e-2)).toBe(1);
  // Half of a logarithmic range is below its geometric mean. Three standard errors of 2,000 draws are 0.034.
  expect(Math.abs(share(([lr]) => lr < 1e-3) - 0.5)).toBeLessThan(0.034);
  expect(Math.abs(share(([, dropout]) => dropout < 0.25) - 0.5)).toBeLessThan(0.034);
  for (const count of [1, 2, 3, 4])
    expect(Math.abs(share(([, , epochs]) => epochs === count) - 0.25)).toBeLessThan(0.03);
  expect(Math.abs(drawn.filter(([, , , name]) => name === "a").length / 2000 - 0.5)).toBeLessThan(0.034);
  expect(new Set(drawn.map(String)).size).toBe(2000);
});

it("draws the same for the same seed, and more of them begin with fewer", () => {
  const choices = [range("1e-4", "1e-2", true), { values: ["16", "32"] }];
  const few = sampleCombinations(choices, 3, 7);
  const drawn = few.map((_, index) => {
    const stream = new RandomStream(7, Purpose.search, 0, index);
    return [Number((1e-4 * 100 ** stream.uniform()).toPrecision(4)), [16, 32][stream.below(2)]];
  });
  expect(few.map((values) => values.map(Number))).toEqual(drawn);
  expect(sampleCombinations(choices, 10, 7).slice(0, 3)).toEqual(few);
  expect(sampleCombinations(choices, 3, 8)).not.toEqual(few);
});

it("draws every combination only once, and says if there are too few", () => {
  const two = [{ values: ["a", "b"] }, { values: ["c", "d"] }];
  expect(new Set(sampleCombinations(two, 4, 0).map(String)).size).toBe(4);
  expect(() => sampleCombinations(two, 5, 0)).toThrow("there are hardly more than 4 different combinations");
});

it("names runs by what was drawn", () => {
  const grid = [parseAxis("lr=1e-4..1e-2:log"), parseAxis("batch=16..64")];
  const runs = planRuns({ grid, seeds: [3], sample: { count: 2, seed: 7 } });
  expect(runs.map(({ name }) => name)).toEqual([
    expect.stringMatching(/^lr=0\.00\d+_batch=\d\d_seed=3$/),
    expect.stringMatching(/^lr=0\.00\d+_batch=\d\d_seed=3$/),
  ]);
});

it.each([
  ["lr=1e-2..1e-4", "The range 1e-2..1e-4 must end above its beginning."],
  ["lr=0..1", '"0" is not valid for lr: it must be a number above 0 and below 100.'],
  ["dropout=0..0.5:log", "A logarithmic range cannot begin at 0."],
  ["batch=1.5..8", '"1.5" is not valid for batch: it must be an integer from 1 to 16,384.'],
  [
    "recipe=a..b",
    "recipe has no range; those with one are lr, batch, epochs, dropout, label-smoothing, weight-decay, val-split.",
  ],
])("refuses the range %s", (text, message) => {
  expect(() => parseAxis(text)).toThrow(expect.objectContaining({ message }));
});
