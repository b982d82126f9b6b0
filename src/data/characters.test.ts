import { expect, test } from "vitest";
import { AUGMENTATIONS } from "./augmentation.js";
import { parseAugmentation } from "./augmentationText.js";
import { areCharacters, augmentationFor } from "./characters.js";

test.each([
  [["0", "1", "9"], true],
  [["A", "b", "é", "字"], true],
  [["0", "1", "ten"], false],
  [["T-shirt/top", "Trouser"], false],
  [["+", "-"], false],
])("%j are characters: %s", (classes, expected) => {
  expect(areCharacters(classes)).toBe(expected);
});

const DIGITS = ["0", "1"];
const PETS = ["cat", "dog"];

test.each([
  ["tutorial", PETS, 0.5],
  ["tutorial", DIGITS, 0],
  ["strong", DIGITS, 0],
  ["strong,flip=0.25", DIGITS, 0.25],
  ["flip=1", DIGITS, 1],
])("%s flips %j with probability %d", (text, classes, flip) => {
  expect(augmentationFor(parseAugmentation(text), classes, 0).flip).toBe(flip);
});

test("the augmentation takes the images' background", () => {
  const expected = { ...AUGMENTATIONS.light, background: 255 };
  expect(augmentationFor(parseAugmentation("light"), PETS, 255)).toEqual(expected);
});
