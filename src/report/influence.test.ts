import { expect, it } from "vitest";
import { influencesOf } from "./influence.js";

const run = (accuracy: number, settings: Record<string, string>) => ({ accuracy, settings });

it("measures how much of the variance goes with each setting, the largest first", () => {
  const runs = [
    ...[run(0.8, { lr: "1e-3", seed: "0", batch: "32" }), run(0.82, { lr: "1e-3", seed: "1", batch: "32" })],
    ...[run(0.9, { lr: "1e-2", seed: "0", batch: "32" }), run(0.92, { lr: "1e-2", seed: "1", batch: "32" })],
  ];
  const [lr, seed, ...others] = influencesOf(runs);
  // One-way analysis by hand: total 0.0104, within 0.0004; 1 − (0.0004 / 2) · 3 / 0.0104.
  expect(lr).toEqual({
    setting: "lr",
    share: expect.closeTo(1 - 0.0006 / 0.0104, 12),
    groups: [
      { name: "1e-3", runs: 2, mean: expect.closeTo(0.81, 12) },
      { name: "1e-2", runs: 2, mean: expect.closeTo(0.91, 12) },
    ],
  });
  expect(seed).toMatchObject({ setting: "seed", share: 0 });
  expect(others).toEqual([]);
});

it("groups many values into ranges, and does not judge by single runs", () => {
  const runs = Array.from({ length: 16 }, (_, index) => run(index / 16, { lr: String((16 - index) / 100) }));
  const [lr] = influencesOf(runs);
  expect(lr.groups.map(({ name, runs }) => [name, runs])).toEqual([
    ["0.01 … 0.04", 4],
    ["0.05 … 0.08", 4],
    ["0.09 … 0.12", 4],
    ["0.13 … 0.16", 4],
  ]);
  expect(lr.share).toBeGreaterThan(0.9);
  expect(influencesOf(runs.slice(0, 3))).toMatchObject([{ setting: "lr", share: undefined }]);
  expect(influencesOf([run(1, { lr: "a" }), run(1, { lr: "a" }), run(1, { lr: "b" })])).toMatchObject([{ share: 0 }]);
});
