import { expect, it } from "vitest";
import { strokesOf, strokesText } from "./strokeText.js";

const STROKES = [
  [
    { x: 0, y: 1 },
    { x: 0.123, y: 0.987 },
  ],
  [{ x: 0.5, y: 0.25 }],
];

it("survives a round trip, to a 4096th of the pad", () => {
  const text = strokesText(STROKES);
  expect(text).toMatch(/^[\w-]{16}$/);
  const read = strokesOf(text)!;
  expect(read.map((stroke) => stroke.length)).toEqual([2, 1]);
  read.flat().forEach(({ x, y }, place) => {
    const point = STROKES.flat()[place];
    expect(Math.abs(x - point.x)).toBeLessThan(1 / 4095);
    expect(Math.abs(y - point.y)).toBeLessThan(1 / 4095);
  });
  expect(strokesOf("")).toEqual([]);
});

it.each(["A", "AB", "AC12", "AB12!?", "AA"])("refuses %j", (text) => expect(strokesOf(text)).toBeUndefined());
