import { expect, it } from "vitest";
import { fastestTile } from "./winograd.js";

/** A convolution of stride 1 without padding, from its output's width. */
function shapeOf(width: number, kernel: number, from: number, to: number, stride = 1) {
  const side = (width - 1) * stride + kernel;
  return {
    input: { channels: from, height: side, width: side, border: 0 },
    output: { channels: to, height: width, width, border: 0 },
    kernel,
    stride,
    padding: 0,
  };
}

it.each([
  ["LeNet-5's first convolution of 28×28 images", shapeOf(28, 5, 1, 6), 4],
  ["of 32×32 images in colour", shapeOf(32, 5, 3, 6), 4],
  ["LeNet-5's second convolution of 28×28 images", shapeOf(10, 5, 6, 16), 5],
  ["of 32×32 images", shapeOf(12, 5, 6, 16), 4],
  ["three taps", shapeOf(12, 3, 6, 16), 6],
  ["a single column", shapeOf(1, 5, 6, 16), undefined],
  ["one tap", shapeOf(12, 1, 6, 16), undefined],
  ["more taps than points", shapeOf(12, 9, 6, 16), undefined],
  ["a stride", shapeOf(12, 5, 6, 16, 2), undefined],
])("picks the tile that takes the least time: %s", (_, shape, tile) => {
  expect(fastestTile(shape)).toBe(tile);
});
