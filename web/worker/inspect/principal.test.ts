import { describe, expect, it } from "vitest";
import { Purpose, RandomStream } from "../../../src/numeric/philox.js";
import { principalComponents, project, residual } from "./principal.js";

const SIZE = 6;
/** The variance along each axis, before turning. */
const SPREADS = [9, 4, 0.25, 0.04, 0.01, 0];

/** Rows that vary along three turned axes, around a mean. */
function rows(count: number): Float32Array {
  const stream = new RandomStream(1, Purpose.noise, 0, 0);
  const turned = (row: number[]) => {
    const [a, b] = [(row[0] - row[3]) / Math.SQRT2, (row[0] + row[3]) / Math.SQRT2];
    return [a, row[1], row[2], b, row[4], row[5]].map((value, place) => value + 10 * place);
  };
  const all = Array.from({ length: count }, () =>
    turned(SPREADS.map((spread) => Math.sqrt(12 * spread) * (stream.uniform() - 0.5))),
  );
  return Float32Array.from(all.flat());
}

describe("principalComponents", () => {
  const data = rows(4000);
  const principal = principalComponents(data, SIZE, 3);

  it("finds the directions of most variance, strongest first, orthonormal", () => {
    const [first, second, third] = [0, 1, 2].map((index) =>
      principal.components.subarray(index * SIZE, (index + 1) * SIZE),
    );
    expect(Math.abs(first[0])).toBeCloseTo(Math.SQRT1_2, 1);
    expect(first[0]).toBeCloseTo(first[3], 1);
    expect(Math.abs(second[1])).toBeCloseTo(1, 1);
    expect(Math.abs(third[2])).toBeCloseTo(1, 1);
    const dot = (one: Float32Array, other: Float32Array) =>
      one.reduce((sum, value, place) => sum + value * other[place], 0);
    expect(dot(first, first)).toBeCloseTo(1, 5);
    expect(dot(first, second)).toBeCloseTo(0, 5);
    expect(dot(second, third)).toBeCloseTo(0, 5);
  });

  it("gives rows coordinates with those variances, and measures what is left", () => {
    const count = data.length / SIZE;
    const variances = [0, 0, 0];
    let left = 0;
    for (let row = 0; row < count; row++) {
      const values = data.subarray(row * SIZE, (row + 1) * SIZE);
      project(principal, values).forEach((coordinate, index) => {
        variances[index] += coordinate ** 2 / count;
      });
      left += residual(principal, values) / count;
    }
    for (const [index, spread] of [9, 4, 0.25].entries())
      expect(Math.abs(variances[index] / spread - 1)).toBeLessThan(0.1);
    expect(Math.abs(left - 0.05)).toBeLessThan(0.01);
  });
});
