import { describe, expect, it } from "vitest";
import { frameOf, nearestPoint, nextPoint, placeIn } from "./scatter.js";

const POINTS = Float32Array.of(0, 0, 10, 0, 10, 4, 4, 4);

describe("a scatter plot", () => {
  const frame = frameOf(POINTS, 224);

  it("fits its points to the square, in the middle, with y upwards", () => {
    expect(placeIn(frame, 0, 0)).toEqual([12, 152]);
    expect(placeIn(frame, 10, 4)).toEqual([212, 72]);
  });

  it("finds the nearest point within reach", () => {
    expect(nearestPoint(POINTS, frame, 205, 75, 14)).toBe(2);
    expect(nearestPoint(POINTS, frame, 150, 130, 14)).toBeUndefined();
  });

  it("goes to the next point in a direction", () => {
    expect(nextPoint(POINTS, 0, [1, 0])).toBe(3);
    expect(nextPoint(POINTS, 0, [0, -1])).toBe(3);
    expect(nextPoint(POINTS, 2, [0, 1])).toBe(1);
    expect(nextPoint(POINTS, 0, [-1, 0])).toBeUndefined();
  });
});
