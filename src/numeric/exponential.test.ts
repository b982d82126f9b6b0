import { describe, expect, it } from "vitest";
import { exponential, hyperbolicTangent } from "./exponential.js";

const POINTS = Array.from({ length: 2001 }, (_, index) => (index - 1000) / 1.37);

describe("exponential", () => {
  it("equals Math.exp but for the last bits", () => {
    for (const x of POINTS.filter((point) => Math.abs(point) < 708)) {
      expect(Math.abs(exponential(x) / Math.exp(x) - 1), `e^${x}`).toBeLessThan(1e-15);
    }
    expect(exponential(0)).toBe(1);
  });

  it("ends at the smallest and the largest powers", () => {
    expect(exponential(-Infinity)).toBe(exponential(-708));
    expect(exponential(1e9)).toBe(exponential(708));
  });
});

describe("hyperbolicTangent", () => {
  it("equals Math.tanh but for the last bits", () => {
    for (const point of POINTS) {
      const x = point / 50;
      expect(Math.abs(hyperbolicTangent(x) - Math.tanh(x)), `tanh ${x}`).toBeLessThan(3e-16);
    }
  });
});
