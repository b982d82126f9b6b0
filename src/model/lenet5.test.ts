import { describe, expect, it } from "vitest";
import { ShapeError } from "./layers/index.js";
import { type LeNet5Options, lenet5, lenet5FromTensors } from "./lenet5.js";
import type { NamedTensors, Tensor } from "./parameters.js";
import { initializeParameters } from "./parameters.js";
import { inferShapes } from "./shapes.js";

const PARAMETER_FREE = { activation: "relu", pooling: "maxPool2d", dropout: 0.5 } as const;
const options = (channels: number, size: number, classes = 10): LeNet5Options => ({
  input: { channels, height: size, width: size },
  classes,
  ...PARAMETER_FREE,
});

describe("lenet5", () => {
  it("has dropout after both hidden linear layers, or none", () => {
    const types = (dropout: number) => lenet5({ ...options(1, 28), dropout }).layers.map(({ type }) => type);
    expect(types(0.5).slice(6)).toEqual([
      "flatten",
      "linear",
      "relu",
      "dropout",
      "linear",
      "relu",
      "dropout",
      "linear",
    ]);
    expect(types(0)).not.toContain("dropout");
  });

  it("has stages of 3×3 convolutions in place of its own", () => {
    const model = lenet5({ ...options(1, 28), dropout: 0, batchNorm: true, stages: [[4], [6, 8]] });
    const names = model.layers.map((layer) => ("name" in layer ? layer.name : layer.type));
    expect(names).toEqual([
      ...["conv1", "bn1", "relu", "maxPool2d"],
      ...["conv2", "bn2", "relu", "conv3", "bn3", "relu", "maxPool2d"],
      ...["flatten", "fc1", "bn4", "relu", "fc2", "bn5", "relu", "fc3"],
    ]);
    expect(inferShapes(model).map(({ output }) => output.join("×"))).toEqual([
      ...["4×28×28", "4×28×28", "4×28×28", "4×14×14"],
      ...["6×14×14", "6×14×14", "6×14×14", "8×14×14", "8×14×14", "8×14×14", "8×7×7"],
      ...["392", "120", "120", "120", "84", "84", "84", "10"],
    ]);
    expect(() => lenet5({ ...options(1, 28), stages: [[4]], connections: "partial" })).toThrow(ShapeError);
  });

  it("keeps the shape alone of a data set that is passed as the input", () => {
    const dataset = { channels: 1, height: 28, width: 28, images: new Uint8Array(784) };
    expect(lenet5({ ...options(1, 28), input: dataset })).toEqual(lenet5(options(1, 28)));
  });
});

describe("lenet5FromTensors", () => {
  it.each([
    [1, 28, 10],
    [3, 32, 10],
    [2, 12, 1],
    [4, 64, 257],
  ])("reads channels %i, size %i and classes %i from the shapes", (channels, size, classes) => {
    const model = lenet5(options(channels, size, classes));
    expect(lenet5FromTensors(initializeParameters(model, 0), PARAMETER_FREE)).toEqual(model);
  });

  it("reads the widths too", () => {
    const tensors = shapes({
      "conv1.weight": [8, 1, 5, 5],
      "conv2.weight": [20, 8, 5, 5],
      "fc1.weight": [100, 500],
      "fc2.weight": [50, 100],
      "fc3.weight": [3, 50],
    });
    const { input, layers } = lenet5FromTensors(tensors, { ...PARAMETER_FREE, dropout: 0 });
    expect(input).toEqual({ channels: 1, height: 28, width: 28 });
    expect(layers.flatMap((layer) => ("outChannels" in layer ? layer.outChannels : []))).toEqual([8, 20]);
    expect(layers.flatMap((layer) => ("outFeatures" in layer ? layer.outFeatures : []))).toEqual([100, 50, 3]);
  });

  const fitting = {
    "conv1.weight": [6, 1, 5, 5],
    "conv2.weight": [16, 6, 5, 5],
    "fc1.weight": [120, 400],
    "fc2.weight": [84, 120],
    "fc3.weight": [10, 84],
  };
  it.each([
    [
      "not a LeNet-5: it has no tensor conv1.weight (it has features.0.weight, features.0.bias)",
      { "features.0.weight": [6, 1, 5, 5], "features.0.bias": [6] },
    ],
    ["not a LeNet-5: fc2.weight is [84], expected 2 dimensions", { ...fitting, "fc2.weight": [84] }],
    ["not a LeNet-5: its kernels are 3×3 and 5×5, not 5×5", { ...fitting, "conv1.weight": [6, 1, 3, 3] }],
    ["not a LeNet-5: its kernels are 5×5 and 7×7, not 5×5", { ...fitting, "conv2.weight": [16, 6, 7, 7] }],
    ["not a LeNet-5 for square images: fc1 takes 320 inputs from 16 maps", { ...fitting, "fc1.weight": [120, 320] }],
  ])("refuses: %s", (message, shapesByName) => {
    expect(() => lenet5FromTensors(shapes(shapesByName), PARAMETER_FREE)).toThrow(new ShapeError(message));
  });
});

/** Tensors with shapes but no data. */
function shapes(shapesByName: Record<string, number[]>): NamedTensors {
  return new Map(
    Object.entries(shapesByName).map(([name, shape]): [string, Tensor] => [name, { shape, data: new Float32Array() }]),
  );
}
