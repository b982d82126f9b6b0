import { CATALOG } from "../data/catalog.js";
import { DIGITS_DATASET } from "../data/digits.js";
import type { ImageShape } from "../model/index.js";

/** The data sets whose images are light on black, as MNIST's. */
const LIGHT_ON_BLACK: readonly string[] = [
  ...CATALOG.filter(({ format }) => format === "idx").map(({ name }) => name),
  DIGITS_DATASET.name,
];

/** No edges of MNIST's test images are so light, 0.3 % of Fashion-MNIST's, and all of the same images inverted. */
const LIGHT = 64;

/** Whether a data set's images are light on a black background. */
export function isLightOnBlack(data: string | undefined): boolean {
  return data !== undefined && LIGHT_ON_BLACK.includes(data);
}

/**
 * Whether an image's background is light: two opposite edges are. The other two may have been added.
 *
 * @param pixels [channels][height][width], of which the first channel is looked at
 */
export function hasLightBackground(pixels: Uint8Array, { height, width }: ImageShape): boolean {
  const mean = (count: number, place: (index: number) => number) => {
    let sum = 0;
    for (let index = 0; index < count; index++) sum += pixels[place(index)];
    return sum / count;
  };
  const top = mean(width, (column) => column);
  const bottom = mean(width, (column) => (height - 1) * width + column);
  const left = mean(height, (row) => row * width);
  const right = mean(height, (row) => row * width + width - 1);
  return Math.max(Math.min(top, bottom), Math.min(left, right)) > LIGHT;
}
