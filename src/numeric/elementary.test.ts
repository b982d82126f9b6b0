import { expect, it } from "vitest";
import { cosine, logarithm, sine } from "./elementary.js";

it("agrees with Math.sin and Math.cos to the last digits", () => {
  for (let step = -4000; step <= 4000; step++) {
    const radians = step * 0.00731;
    expect(Math.abs(sine(radians) - Math.sin(radians))).toBeLessThan(3e-16);
    expect(Math.abs(cosine(radians) - Math.cos(radians))).toBeLessThan(3e-16);
  }
});

it("is exact where it should be", () => {
  expect([sine(0), cosine(0), cosine(Math.PI), sine(Math.PI / 2), sine(-Math.PI / 2)]).toEqual([0, 1, -1, 1, -1]);
  expect(sine(Math.PI)).toBeCloseTo(1.2246467991473532e-16, 25);
});

it("agrees with Math.log to the last digits", () => {
  expect([logarithm(1), logarithm(2), logarithm(0.5)]).toEqual([0, Math.LN2, -Math.LN2]);
  for (let step = -3000; step <= 3000; step++) {
    const x = Math.exp(step * 0.0231);
    const expected = Math.log(x);
    expect(Math.abs(logarithm(x) - expected)).toBeLessThanOrEqual(4e-16 * Math.max(1, Math.abs(expected)));
  }
});
