import { describe, expect, it } from "vitest";
import { elementCount, type Layer, type ParameterSpec, ShapeError } from "./layers/index.js";
import { lenet5 } from "./lenet5.js";
import type { Model } from "./model.js";
import { classCount, inferShapes, parameterSpecs } from "./shapes.js";

const input = { channels: 3, height: 8, width: 9 };
const conv = (options: Partial<Extract<Layer, { type: "conv2d" }>> = {}): Layer => ({
  type: "conv2d",
  name: "conv",
  outChannels: 4,
  kernel: 3,
  stride: 1,
  padding: 0,
  ...options,
});
const linear = (name: string, outFeatures: number): Layer => ({ type: "linear", name, outFeatures });
const flatten: Layer = { type: "flatten" };
const model = (...layers: Layer[]): Model => ({ input, layers });

function fanInOf(initial: ParameterSpec["initial"]) {
  return "fanIn" in initial ? initial.fanIn : undefined;
}

describe("inferShapes", () => {
  it.each([
    [1, 28, 61_706, 416_520],
    [3, 32, 83_126, 886_440],
  ])("counts LeNet-5's parameters and multiply-adds: %i×%i", (channels, size, parameters, multiplyAdds) => {
    const layers = inferShapes(
      lenet5({
        input: { channels, height: size, width: size },
        classes: 10,
        activation: "sigmoid",
        pooling: "averagePool2d",
        dropout: 0,
      }),
    );
    expect(parameterSpecs(layers).reduce((sum, { shape }) => sum + elementCount(shape), 0)).toBe(parameters);
    expect(layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0)).toBe(multiplyAdds);
    expect(classCount(layers)).toBe(10);
  });

  it("names LeNet-5's parameters as PyTorch does, with their shapes and fan-in", () => {
    const layers = inferShapes(
      lenet5({
        input: { channels: 1, height: 28, width: 28 },
        classes: 10,
        activation: "relu",
        pooling: "maxPool2d",
        dropout: 0.5,
      }),
    );
    expect(parameterSpecs(layers).map(({ name, shape, initial }) => [name, shape, fanInOf(initial)])).toEqual([
      ["conv1.weight", [6, 1, 5, 5], 25],
      ["conv1.bias", [6], 25],
      ["conv2.weight", [16, 6, 5, 5], 150],
      ["conv2.bias", [16], 150],
      ["fc1.weight", [120, 400], 400],
      ["fc1.bias", [120], 400],
      ["fc2.weight", [84, 120], 120],
      ["fc2.bias", [84], 120],
      ["fc3.weight", [10, 84], 84],
      ["fc3.bias", [10], 84],
    ]);
  });

  it("handles strides, padding and windows as PyTorch does", () => {
    const layers = inferShapes(
      model(
        conv({ kernel: 3, stride: 2, padding: 1 }),
        { type: "tanh" },
        { type: "maxPool2d", kernel: 3, stride: 1 },
        { type: "dropout", probability: 0 },
        { type: "averagePool2d", kernel: 1, stride: 2 },
        flatten,
        linear("last", 2),
      ),
    );
    expect(layers.map(({ label, input, output }) => [label, input, output])).toEqual([
      ["Conv2d-1", [3, 8, 9], [4, 4, 5]],
      ["Tanh-2", [4, 4, 5], [4, 4, 5]],
      ["MaxPool2d-3", [4, 4, 5], [4, 2, 3]],
      ["Dropout-4", [4, 2, 3], [4, 2, 3]],
      ["AvgPool2d-5", [4, 2, 3], [4, 1, 2]],
      ["Flatten-6", [4, 1, 2], [8]],
      ["Linear-7", [8], [2]],
    ]);
    expect(layers.map(({ multiplyAdds }) => multiplyAdds)).toEqual([4 * 4 * 5 * 27, 0, 0, 0, 0, 0, 16]);
  });

  it("reduces each map to one value without parameters in global average pooling", () => {
    const layers = inferShapes(
      model({ type: "leakyRelu" }, { type: "globalAveragePool2d" }, flatten, linear("last", 2)),
    );
    expect(layers.map(({ label, output }) => [label, output])).toEqual([
      ["LeakyReLU-1", [3, 8, 9]],
      ["AdaptiveAvgPool2d-2", [3, 1, 1]],
      ["Flatten-3", [3]],
      ["Linear-4", [2]],
    ]);
    expect(parameterSpecs(layers.slice(0, 2))).toEqual([]);
  });

  const refusals: [string, Model][] = [
    [
      "the input: channels must be an integer of at least 1, not 0",
      { input: { ...input, channels: 0 }, layers: [flatten] },
    ],
    [
      "the input: height must be an integer of at least 1, not 2.5",
      { input: { ...input, height: 2.5 }, layers: [flatten] },
    ],
    [
      "the input: width must be an integer of at least 1, not NaN",
      { input: { ...input, width: NaN }, layers: [flatten] },
    ],
    ["the model has no layers", model()],
    ["conv (Conv2d-1): outChannels must be an integer of at least 1, not -1", model(conv({ outChannels: -1 }))],
    ["conv (Conv2d-1): kernel must be an integer of at least 1, not 0", model(conv({ kernel: 0 }))],
    ["conv (Conv2d-1): stride must be an integer of at least 1, not 0.5", model(conv({ stride: 0.5 }))],
    ["conv (Conv2d-1): padding must be an integer of at least 0, not -1", model(conv({ padding: -1 }))],
    [
      "conv (Conv2d-1): its kernel [4, 3, 11, 11] is larger than its input [3, 8, 9] padded by 1",
      model(conv({ kernel: 11, padding: 1 })),
    ],
    ["conv (Conv2d-2): expected input [channels, height, width], got [216]", model(flatten, conv())],
    ["conv (Conv2d-2): an earlier layer has the same name", model(conv(), conv())],
    ["conv (Linear-3): an earlier layer has the same name", model(conv(), flatten, linear("conv", 2))],
    [
      "AvgPool2d-1: kernel must be an integer of at least 1, not 0",
      model({ type: "averagePool2d", kernel: 0, stride: 1 }),
    ],
    ["MaxPool2d-1: stride must be an integer of at least 1, not 0", model({ type: "maxPool2d", kernel: 1, stride: 0 })],
    [
      "MaxPool2d-1: its window [9, 9] is larger than its input [3, 8, 9]",
      model({ type: "maxPool2d", kernel: 9, stride: 1 }),
    ],
    [
      "AvgPool2d-2: expected input [channels, height, width], got [216]",
      model(flatten, { type: "averagePool2d", kernel: 2, stride: 2 }),
    ],
    [
      "AdaptiveAvgPool2d-2: expected input [channels, height, width], got [216]",
      model(flatten, { type: "globalAveragePool2d" }),
    ],
    ["fc (Linear-2): outFeatures must be an integer of at least 1, not 0", model(flatten, linear("fc", 0))],
    ["fc (Linear-1): expected input [features], got [3, 8, 9]; add a flatten layer before it", model(linear("fc", 2))],
    [
      "Dropout-1: probability must be at least 0 and below 1, not 1",
      model({ type: "dropout", probability: 1 }, flatten),
    ],
    [
      "Dropout-1: probability must be at least 0 and below 1, not -0.1",
      model({ type: "dropout", probability: -0.1 }, flatten),
    ],
    [
      "Dropout-1: probability must be at least 0 and below 1, not NaN",
      model({ type: "dropout", probability: NaN }, flatten),
    ],
    ["ReLU-2: the last layer must output [classes], not [4, 6, 7]", model(conv(), { type: "relu" })],
  ];
  it.each(refusals)("refuses: %s", (message, refused) => {
    expect(() => inferShapes(refused)).toThrow(new ShapeError(message));
  });
});
