import type { NumberField, OnnxAttribute } from "./kind.js";

/** The side of a window, or the distance between two. */
export const WINDOW_SIDE: NumberField = { type: "whole", least: 1, most: 256 };

/** ONNX's attributes of every operator that moves a window over images. */
export const WINDOW_ATTRIBUTES = {
  auto_pad: "s",
  dilations: "ints",
  kernel_shape: "ints",
  pads: "ints",
  strides: "ints",
} as const satisfies Record<string, OnnxAttribute>;

/** The number of windows that fit, one after the other. */
export function windowCount(extent: number, kernel: number, stride: number): number {
  return Math.floor((extent - kernel) / stride) + 1;
}
