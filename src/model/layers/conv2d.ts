import { type LayerKind, UNBOUNDED } from "./kind.js";
import { type ConnectionTable, formatShape, requireImage, ShapeError, weightAndBias } from "./shape.js";
import { WINDOW_ATTRIBUTES, WINDOW_SIDE, windowCount } from "./window.js";

/** 2D convolution with bias, square kernel and zero padding, as torch.nn.Conv2d with some weights fixed at zero. */
export interface Conv2dLayer {
  readonly type: "conv2d";
  /** Prefix of the parameter names: `name.weight`, `name.bias`. */
  readonly name: string;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** The input channels of each output channel. Default: all of them. */
  readonly connections?: ConnectionTable;
}

export const conv2d: LayerKind<Conv2dLayer> = {
  moduleName: "Conv2d",
  fields: {
    name: { type: "text" },
    outChannels: { type: "whole", least: 1, most: 16_384 },
    kernel: WINDOW_SIDE,
    stride: WINDOW_SIDE,
    padding: { type: "whole", least: 0, most: 256 },
    connections: { type: "connections" },
  },
  shape({ name, outChannels, kernel, stride, padding, connections }, input, where) {
    const [channels, height, width] = requireImage(input, where);
    const outHeight = windowCount(height + 2 * padding, kernel, stride);
    const outWidth = windowCount(width + 2 * padding, kernel, stride);
    if (outHeight < 1 || outWidth < 1) {
      throw new ShapeError(
        `${where}: its kernel [${outChannels}, ${channels}, ${kernel}, ${kernel}] is larger than its input ${formatShape(input)} padded by ${padding}`,
      );
    }
    const shape = [outChannels, channels, kernel, kernel];
    const output = [outChannels, outHeight, outWidth] as const;
    if (!connections) {
      const fanIn = channels * kernel * kernel;
      const parameters = weightAndBias(name, shape, fanIn);
      return { output, parameters, multiplyAdds: outChannels * outHeight * outWidth * fanIn };
    }
    requireTable(connections, outChannels, channels, where);
    const fanIns = connections.map(({ length }) => length * kernel * kernel);
    const parameters = weightAndBias(name, shape, fanIns, connections);
    return { output, parameters, multiplyAdds: outHeight * outWidth * fanIns.reduce((sum, fanIn) => sum + fanIn, 0) };
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

/** @throws ShapeError unless every output channel is connected to some of the input channels, listed in order */
function requireTable(table: ConnectionTable, outChannels: number, channels: number, where: string): void {
  if (table.length !== outChannels) {
    throw new ShapeError(`${where}: its connections are for ${table.length} output channels, not ${outChannels}`);
  }
  for (const [out, inputs] of table.entries()) {
    const isAscending = inputs.every(
      (channel, place) => Number.isInteger(channel) && channel > (inputs[place - 1] ?? -1),
    );
    if (inputs.length === 0 || !isAscending || inputs[inputs.length - 1] >= channels) {
      throw new ShapeError(
        `${where}: output channel ${out} is connected to [${inputs.join(", ")}], expected some of 0 to ${channels - 1}, ascending`,
      );
    }
  }
}
