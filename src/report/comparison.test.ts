import { expect, test } from "vitest";
import { differingSettings } from "./facts.js";

const settings = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value }));

test("finds the settings that differ between runs", () => {
  const runs = [
    settings({ recipe: "paper", batch: "32", seed: "1" }),
    settings({ recipe: "paper", batch: "32", seed: "2", path: "a" }),
    settings({ recipe: "improved", batch: "32", seed: "2" }),
  ];
  expect(differingSettings(runs)).toEqual(["recipe", "seed", "path"]);
  expect(differingSettings(runs.slice(0, 1))).toEqual([]);
});
