import { describe, expect, it } from "vitest";
import { resizeImage } from "./adapt.js";
import type { DecodedImage } from "./color.js";

const SHAPE = { channels: 1, height: 28, width: 28 };

/** A white image with a dark rectangle. */
function page(width: number, height: number, [left, top, right, bottom]: readonly number[], paper = 255, ink = 0) {
  const rgba = Uint8Array.from({ length: 4 * width * height }, (_, place) => {
    const [x, y] = [Math.floor(place / 4) % width, Math.floor(place / 4 / width)];
    return place % 4 === 3 ? 255 : x >= left && x < right && y >= top && y < bottom ? ink : paper;
  });
  return { width, height, rgba };
}

/** The image framed as a digit: bytes [channels][height][width]. */
function framed(image: DecodedImage, background: 0 | 255, channels = SHAPE.channels): Uint8Array {
  const target = new Uint8Array(channels * SHAPE.height * SHAPE.width);
  resizeImage(image, { shape: { ...SHAPE, channels }, resize: "digit", background }, target);
  return target;
}

/** How many rows and columns have ink, and the row and column of its centre of mass, counted from 0. */
function measure(pixels: Uint8Array) {
  const inked = [...pixels.entries()].filter(([, byte]) => byte > 0);
  const [xs, ys] = [inked.map(([pixel]) => pixel % 28), inked.map(([pixel]) => Math.floor(pixel / 28))];
  const mass = inked.reduce((sum, [, byte]) => sum + byte, 0);
  const mean = (of: (pixel: number) => number) =>
    inked.reduce((sum, [pixel, byte]) => sum + byte * of(pixel), 0) / mass;
  return {
    width: Math.max(...xs) - Math.min(...xs) + 1,
    height: Math.max(...ys) - Math.min(...ys) + 1,
    x: mean((pixel) => pixel % 28),
    y: mean((pixel) => Math.floor(pixel / 28)),
  };
}

describe("a framed digit", () => {
  it.each([
    ["light ink", page(400, 300, [10, 20, 40, 80], 0, 255), 0],
    ["dark ink", page(400, 300, [350, 20, 380, 80], 255, 0), 255],
    ["pale ink on grey paper", page(120, 200, [10, 20, 40, 80], 90, 190), 0],
  ] as const)("is scaled and centred as MNIST's are: %s", (_, image, background) => {
    const pixels = framed(image, background).map((byte) => (background === 0 ? byte : 255 - byte));
    const { width, height, x, y } = measure(pixels);
    expect(height).toBe(20);
    expect(width).toBeGreaterThanOrEqual(10);
    expect(width).toBeLessThanOrEqual(11);
    expect(Math.abs(x - 14)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(y - 14)).toBeLessThanOrEqual(0.5);
    expect(Math.max(...pixels)).toBe(255);
  });

  it("is empty if the page has too little contrast", () => {
    expect(framed(page(50, 50, [10, 10, 20, 20], 250, 240), 255).every((byte) => byte === 255)).toBe(true);
  });

  it("has its ink in every channel", () => {
    const pixels = framed(page(50, 50, [10, 10, 20, 20], 0, 255), 0, 3);
    expect(pixels.length).toBe(3 * 784);
    expect(pixels.subarray(0, 784)).toEqual(pixels.subarray(1568));
  });
});
