import { describe, expect, it } from "vitest";
import { centredImage } from "./centre.js";

const SHAPE = { channels: 1, height: 28, width: 28 };

/** A white image with a dark rectangle. */
function page(width: number, height: number, [left, top, right, bottom]: readonly number[], paper = 255, ink = 0) {
  const rgba = Uint8Array.from({ length: 4 * width * height }, (_, place) => {
    const [x, y] = [Math.floor(place / 4) % width, Math.floor(place / 4 / width)];
    return place % 4 === 3 ? 255 : x >= left && x < right && y >= top && y < bottom ? ink : paper;
  });
  return { width, height, rgba };
}

/** The rows and columns that have ink, and the centre of its mass. */
function measure(pixels: Uint8Array) {
  const inked = [...pixels.entries()].filter(([, byte]) => byte > 0);
  const [xs, ys] = [inked.map(([pixel]) => pixel % 28), inked.map(([pixel]) => Math.floor(pixel / 28))];
  const mass = inked.reduce((sum, [, byte]) => sum + byte, 0);
  const mean = (of: (pixel: number) => number) =>
    inked.reduce((sum, [pixel, byte]) => sum + byte * (of(pixel) + 0.5), 0) / mass;
  return {
    width: Math.max(...xs) - Math.min(...xs) + 1,
    height: Math.max(...ys) - Math.min(...ys) + 1,
    x: mean((pixel) => pixel % 28),
    y: mean((pixel) => Math.floor(pixel / 28)),
  };
}

describe("centredImage", () => {
  it.each([
    ["light ink", page(400, 300, [10, 20, 40, 80], 0, 255), 0],
    ["dark ink", page(400, 300, [350, 20, 380, 80], 255, 0), 255],
    ["pale ink on grey paper", page(120, 200, [10, 20, 40, 80], 90, 190), 0],
  ] as const)("scales and centres %s as MNIST does", (_, image, background) => {
    const pixels = centredImage(image, SHAPE, background).map((byte) => (background === 0 ? byte : 255 - byte));
    const { width, height, x, y } = measure(pixels);
    expect(height).toBe(20);
    expect(width).toBeGreaterThanOrEqual(10);
    expect(width).toBeLessThanOrEqual(11);
    expect(Math.abs(x - 14)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(y - 14)).toBeLessThanOrEqual(0.5);
    expect(Math.max(...pixels)).toBe(255);
  });

  it("finds no ink in a page with too little contrast", () => {
    expect(centredImage(page(50, 50, [10, 10, 20, 20], 250, 240), SHAPE, 255).every((byte) => byte === 255)).toBe(true);
  });

  it("repeats the ink in every channel", () => {
    const pixels = centredImage(page(50, 50, [10, 10, 20, 20], 0, 255), { ...SHAPE, channels: 3 }, 0);
    expect(pixels.length).toBe(3 * 784);
    expect(pixels.subarray(0, 784)).toEqual(pixels.subarray(1568));
  });
});
