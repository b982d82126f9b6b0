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

/** Data sets of digits that fill 20 of 28 pixels, around their centre of mass. */
const FRAMED_DIGITS: readonly string[] = ["mnist", DIGITS_DATASET.name];

/** What is lighter is ink. */
const INK = 64;
/**
 * How a digit is framed, in pixels of 28×28: the longer side of its ink, and how far its centre of mass is from the middle.
 * None of MNIST's test images are beyond, and none of the generated digits.
 */
const FRAME = { side: 28, shortest: 14, longest: 26, offCentre: 6.5 } as const;

/** Whether the images of a data set are digits, framed as MNIST's are. */
export function areFramedDigits(data: string | undefined): boolean {
  return data !== undefined && FRAMED_DIGITS.includes(data);
}

/** Whether the ink in an image is smaller or larger than a digit of MNIST, off the centre or cut off; or there is none. */
export function isFramedUnlikeMnist(pixels: Uint8Array, { height, width }: ImageShape): boolean {
  const scale = FRAME.side / Math.min(height, width);
  let [top, bottom, left, right] = [height, -1, width, -1];
  let [mass, rows, columns] = [0, 0, 0];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = pixels[row * width + column];
      if (value <= INK) continue;
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
      [left, right] = [Math.min(left, column), Math.max(right, column)];
      mass += value;
      rows += value * row;
      columns += value * column;
    }
  }
  const isCut = top === 0 || left === 0 || bottom === height - 1 || right === width - 1;
  const longer = scale * (Math.max(bottom - top, right - left) + 1);
  const off = scale * Math.max(Math.abs(rows / mass - height / 2), Math.abs(columns / mass - width / 2));
  return isCut || !(longer >= FRAME.shortest && longer <= FRAME.longest && off <= FRAME.offCentre);
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
