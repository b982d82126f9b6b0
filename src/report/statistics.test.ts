import { describe, expect, it } from "vitest";
import { spreadOf } from "./statistics.js";

describe("spreadOf", () => {
  it("returns the mean and the sample standard deviation, like numpy.std with ddof=1", () => {
    const { mean, std } = spreadOf([0.9011, 0.8987, 0.9034, 0.8978, 0.9002])!;
    expect(mean).toBeCloseTo(0.90024, 14);
    expect(std).toBeCloseTo(0.002182429838505669, 14);
  });

  it("has no standard deviation for one value and returns undefined for none", () => {
    expect(spreadOf([0.5])).toEqual({ mean: 0.5 });
    expect(spreadOf([])).toBeUndefined();
  });

  it("stays exact if the values are large and close together", () => {
    expect(spreadOf([1e9, 1e9 + 1, 1e9 + 2])).toEqual({ mean: 1e9 + 1, std: 1 });
  });
});
