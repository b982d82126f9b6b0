import { type LayerKind, UNBOUNDED } from "./kind.js";
import { formatShape, requireImage, ShapeError, weightAndBias } from "./shape.js";
import { WINDOW_ATTRIBUTES, WINDOW_SIDE, windowCount } from "./window.js";

/** 2D convolution with bias, square kernel and zero padding, as torch.nn.Conv2d. */
export interface Conv2dLayer {
  readonly type: "conv2d";
  /** Prefix of the parameter names: `name.weight`, `name.bias`. */
  readonly name: string;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

export const conv2d: LayerKind<Conv2dLayer> = {
  moduleName: "Conv2d",
  fields: {
    name: { type: "text" },
    outChannels: { type: "whole", least: 1, most: 16_384 },
    kernel: WINDOW_SIDE,
    stride: WINDOW_SIDE,
    padding: { type: "whole", least: 0, most: 256 },
  },
  shape({ name, outChannels, kernel, stride, padding }, input, where) {
    const [channels, height, width] = requireImage(input, where);
    const outHeight = windowCount(height + 2 * padding, kernel, stride);
    const outWidth = windowCount(width + 2 * padding, kernel, stride);
    if (outHeight < 1 || outWidth < 1) {
      throw new ShapeError(
        `${where}: its kernel [${outChannels}, ${channels}, ${kernel}, ${kernel}] is larger than its input ${formatShape(input)} padded by ${padding}`,
      );
    }
    const fanIn = channels * kernel * kernel;
    return {
      output: [outChannels, outHeight, outWidth],
      parameters: weightAndBias(name, [outChannels, channels, kernel, kernel], fanIn),
      multiplyAdds: outChannels * outHeight * outWidth * fanIn,
    };
  },
  reach: ({ kernel, stride, padding }) => ({ channels: "all", window: { kernel, stride, padding } }),
  range: UNBOUNDED,
  paperKind: "convolution",
  operator: {
    name: "Conv",
    mostInputs: 3,
    attributes: { ...WINDOW_ATTRIBUTES, group: "i" },
    valuesOf: ({ kernel, stride, padding }) => ({
      kernel_shape: [kernel, kernel],
      pads: [padding, padding, padding, padding],
      strides: [stride, stride],
    }),
  },
};
