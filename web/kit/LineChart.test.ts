import { expect, it } from "vitest";
import { nearestLine, type Series } from "./LineChart.js";

const line = (key: string, points: Series["points"], onPick?: () => void): Series => ({
  key,
  label: key,
  style: { color: "black" },
  points,
  onPick,
});
const pick = () => {};
const series = [
  line("fixed", [
    [1, 5],
    [3, 5],
  ]),
  line(
    "low",
    [
      [1, 0],
      [3, 4],
    ],
    pick,
  ),
  line(
    "high",
    [
      [1, 8],
      [3, 8],
    ],
    pick,
  ),
  line("empty", [], pick),
];
/** Ten pixels per unit. */
const nearest = (x: number, y: number) => nearestLine(series, { x, y }, 24, (value) => -10 * value)?.key;

it("finds the nearest line that can be picked, between its points and beyond its ends", () => {
  expect(nearest(2, 2.5)).toBe("low");
  expect(nearest(2, 6)).toBe("high");
  expect(nearest(0.5, 1)).toBe("low");
  expect(nearest(9, 5)).toBe("low");
});

it("finds none that is too far away", () => {
  expect(nearest(2, 4.9)).toBeUndefined();
  expect(nearest(2, 5.7)).toBe("high");
});
