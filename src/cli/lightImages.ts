import { CATALOG } from "../data/catalog.js";
import { DIGITS_DATASET } from "../data/digits.js";
import type { ImageShape } from "../model/index.js";

/** Data sets whose images are light on black, like MNIST. */
const LIGHT_ON_BLACK: readonly string[] = [
  ...CATALOG.filter(({ format }) => format === "idx").map(({ name }) => name),
  DIGITS_DATASET.name,
];

/**
 * The mean brightness of an edge above which it counts as light. None of MNIST's test images reach it, 0.3 % of
 * Fashion-MNIST's do, and all of both do if inverted.
 */
const LIGHT = 64;

/** Whether the images of a data set are light on black. */
export function isLightOnBlack(data: string | undefined): boolean {
  return data !== undefined && LIGHT_ON_BLACK.includes(data);
}

/**
 * Whether an image has a light background: two opposite edges are light. The other two may be padding.
 *
 * @param pixels [channels][height][width]; only the first channel counts
 */
export function hasLightBackground(pixels: Uint8Array, { height, width }: ImageShape): boolean {
  const mean = (count: number, offsetOf: (index: number) => number) => {
    let sum = 0;
    for (let index = 0; index < count; index++) sum += pixels[offsetOf(index)];
    return sum / count;
  };
  const top = mean(width, (column) => column);
  const bottom = mean(width, (column) => (height - 1) * width + column);
  const left = mean(height, (row) => row * width);
  const right = mean(height, (row) => row * width + width - 1);
  return Math.max(Math.min(top, bottom), Math.min(left, right)) > LIGHT;
}
