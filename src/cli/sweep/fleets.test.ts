import { expect, it } from "vitest";
import { generateDigits } from "../../data/digits.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { fleetGroups } from "./fleets.js";
import { parseAxis, parseSeeds, planRuns, withCombination } from "./grid.js";

const train = generateDigits({ seed: 0, count: 20, part: "train" });
const data = {
  parts: { train },
  settings: { data: "digits", resize: "contain", background: 0 },
} as const;

function groupsOf(axes: readonly string[], seeds = "2") {
  const runs = planRuns(axes.map(parseAxis), parseSeeds(seeds)).map(({ combination, seed, name }) => ({
    training: withCombination({ recipe: RECIPES.improved, changes: {}, seed }, combination),
    path: name,
  }));
  return fleetGroups(runs, data).map((group) => group.map(({ path }) => path));
}

it("trains runs side by side that differ in what a fleet may differ in", () => {
  const axes = ["lr=1e-3,1e-2", "dropout=0.1,0.2", "label-smoothing=0,0.1", "weight-decay=0,0.1", "epochs=2,3"];
  expect(groupsOf([...axes, "augment=none;light", "val-split=0.1,0.5"]).map(({ length }) => length)).toEqual([256]);
});

it("puts runs with other layers or batch sizes into other fleets", () => {
  expect(groupsOf(["batch=8,16"])).toEqual([
    ["batch=8_seed=0", "batch=8_seed=1"],
    ["batch=16_seed=0", "batch=16_seed=1"],
  ]);
  expect(groupsOf(["recipe=paper,improved"], "1")).toEqual([["recipe=paper_seed=0"], ["recipe=improved_seed=0"]]);
  expect(groupsOf(["dropout=0,0.1"], "1")).toEqual([["dropout=0_seed=0"], ["dropout=0.1_seed=0"]]);
});
