import { expect, test } from "vitest";
import { areCharacters } from "./characters.js";

test.each([
  [["0", "1", "9"], true],
  [["A", "b", "é", "字"], true],
  [["0", "1", "ten"], false],
  [["T-shirt/top", "Trouser"], false],
  [["+", "-"], false],
])("%j are characters: %s", (classes, expected) => {
  expect(areCharacters(classes)).toBe(expected);
});
