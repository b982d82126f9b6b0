import { expect, test } from "vitest";
import type { Dataset } from "./dataset.js";
import { measureChannels } from "./normalization.js";

const dataset: Dataset = {
  name: "two by one",
  classes: ["a"],
  channels: 2,
  height: 1,
  width: 2,
  // Three images with two channels of two pixels.
  images: Uint8Array.of(0, 51, 7, 7, 102, 255, 7, 7, 200, 200, 200, 200),
  labels: Uint8Array.of(0, 0, 0),
  checksum: "none",
  generated: true,
};

test("each channel is measured separately, over the given images", () => {
  const { mean, std } = measureChannels(dataset, Uint32Array.of(0, 1));
  // 0, 51, 102 and 255: mean 102, squared distances 10404 + 2601 + 0 + 23409.
  expect(mean).toEqual([0.4, 7 / 255]);
  expect(std[0]).toBeCloseTo(Math.sqrt(36414 / 4) / 255, 15);
});

test("a constant channel gets the standard deviation of one byte step", () => {
  expect(measureChannels(dataset, Uint32Array.of(1, 0)).std[1]).toBe(1 / 255);
});
