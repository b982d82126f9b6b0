import { describe, expect, it } from "vitest";
import { formatComparison } from "./comparisonTable.js";

const run = (name: string, settings: Record<string, string>) => ({
  ...{ run: name, settings, finished: true, epochs: 10, epochsPlanned: 10, seconds: 61 },
  bestValidationAccuracy: 0.9,
});
const RUNS = [
  run("runs/fashion-mnist-improved-seed0", { recipe: "improved", augmentation: "crop=2,flip=0.5,degrees=10" }),
  run("runs/fashion-mnist-best-seed0", { recipe: "best", augmentation: "crop=1,flip=0.5" }),
];

describe("formatComparison", () => {
  it.each([200, 120, 100, 80, 60])("is at most %i columns wide", (columns) => {
    const lines = formatComparison(RUNS, columns).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines[0]).toMatch(/^run .* best validation +test +epochs +time$/);
    expect(lines[1]).toContain("90.00 %");
  });

  it("shortens nothing that fits, and says what it leaves out", () => {
    expect(formatComparison(RUNS)).toContain("runs/fashion-mnist-improved-seed0");
    expect(formatComparison(RUNS, 100)).toContain("…t-improved-seed0".slice(-10));
    expect(formatComparison(RUNS, 60)).toMatch(/\n\d settings? left out: see --json$/);
  });
});
