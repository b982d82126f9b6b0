import type { LayerKind, OnnxAttribute } from "./kind.js";
import { formatShape, passive, requireImage, ShapeError } from "./shape.js";
import { WINDOW_ATTRIBUTES, WINDOW_SIDE, windowCount } from "./window.js";

/** Average or maximum over square windows without padding, as torch.nn.AvgPool2d and MaxPool2d. */
export interface Pool2dLayer {
  readonly type: "averagePool2d" | "maxPool2d";
  readonly kernel: number;
  readonly stride: number;
}

/** The poolings that recipes choose from. */
export const POOLINGS: Readonly<Record<Pool2dLayer["type"], LayerKind<Pool2dLayer>>> = {
  averagePool2d: pooling("AvgPool2d", "AveragePool", { count_include_pad: "i" }),
  maxPool2d: pooling("MaxPool2d", "MaxPool", { storage_order: "i" }),
};

function pooling(
  moduleName: string,
  operator: string,
  ownAttributes: Readonly<Record<string, OnnxAttribute>>,
): LayerKind<Pool2dLayer> {
  return {
    moduleName,
    fields: { kernel: WINDOW_SIDE, stride: WINDOW_SIDE },
    shape({ kernel, stride }, input, where) {
      const [channels, height, width] = requireImage(input, where);
      if (kernel > height || kernel > width) {
        throw new ShapeError(
          `${where}: its window [${kernel}, ${kernel}] is larger than its input ${formatShape(input)}`,
        );
      }
      return passive([channels, windowCount(height, kernel, stride), windowCount(width, kernel, stride)]);
    },
    reach: ({ kernel, stride }) => ({ channels: "own", window: { kernel, stride } }),
    range: "input",
    paperKind: "subsampling",
    operator: {
      name: operator,
      mostInputs: 1,
      attributes: { ...WINDOW_ATTRIBUTES, ceil_mode: "i", ...ownAttributes },
      valuesOf: ({ kernel, stride }) => ({ kernel_shape: [kernel, kernel], strides: [stride, stride] }),
    },
  };
}
