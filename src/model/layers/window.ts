import type { NumberField, OnnxAttribute } from "./kind.js";

/** The side of a window, or its stride. */
export const WINDOW_SIDE: NumberField = { type: "whole", least: 1, most: 256 };

/** The ONNX attributes of all operators that slide a window over images. */
export const WINDOW_ATTRIBUTES = {
  auto_pad: "s",
  dilations: "ints",
  kernel_shape: "ints",
  pads: "ints",
  strides: "ints",
} as const satisfies Record<string, OnnxAttribute>;

/** The number of window positions that fit along an axis. */
export function windowCount(extent: number, kernel: number, stride: number): number {
  return Math.floor((extent - kernel) / stride) + 1;
}
