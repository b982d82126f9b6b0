import { describe, expect, it } from "vitest";
import type { Layer } from "./layers/index.js";
import { lenet5 } from "./lenet5.js";
import { paperLayers } from "./paperLayers.js";
import { inferShapes } from "./shapes.js";

const LENET5 = { classes: 10, activation: "sigmoid", pooling: "averagePool2d", dropout: 0 } as const;

const termsOf = (channels: number, size: number, layers: readonly Layer[]) =>
  paperLayers(inferShapes({ input: { channels, height: size, width: size }, layers })).map(({ term }) => term);

describe("paperLayers", () => {
  it("counts LeNet-5 as the paper does, each layer with its activation", () => {
    const { layers } = lenet5({ ...LENET5, input: { channels: 1, height: 28, width: 28 } });
    const all = paperLayers(inferShapes({ input: { channels: 1, height: 28, width: 28 }, layers }));
    expect(all.map(({ term }) => term)).toEqual(["C1", "S2", "C3", "S4", "C5", "F6", "Output"]);
    expect(all.map(({ main, last }) => [main, last])).toEqual([
      [0, 1],
      [2, 2],
      [3, 4],
      [5, 5],
      [7, 8],
      [9, 10],
      [11, 11],
    ]);
  });

  it("ignores dropout, wherever it is", () => {
    const layers = lenet5({ ...LENET5, dropout: 0.5, input: { channels: 3, height: 32, width: 32 } }).layers;
    expect(termsOf(3, 32, layers)).toEqual(["C1", "S2", "C3", "S4", "C5", "F6", "Output"]);
    const early: Layer[] = [
      { type: "flatten" },
      { type: "linear", name: "a", outFeatures: 4 },
      { type: "dropout", probability: 0.1 },
      { type: "relu" },
      { type: "linear", name: "b", outFeatures: 2 },
    ];
    const shaped = inferShapes({ input: { channels: 1, height: 3, width: 3 }, layers: early });
    expect(paperLayers(shaped)[0]).toEqual({ term: "F1", kind: "fullConnection", main: 1, last: 3 });
  });

  it("counts global pooling as subsampling", () => {
    expect(
      termsOf(1, 12, [
        { type: "conv2d", name: "a", outChannels: 2, kernel: 3, stride: 1, padding: 0 },
        { type: "leakyRelu" },
        { type: "globalAveragePool2d" },
        { type: "flatten" },
        { type: "linear", name: "b", outFeatures: 3 },
      ]),
    ).toEqual(["C1", "S2", "Output"]);
  });

  it("counts networks of other depths", () => {
    expect(
      termsOf(1, 12, [
        { type: "maxPool2d", kernel: 2, stride: 2 },
        { type: "conv2d", name: "a", outChannels: 2, kernel: 3, stride: 1, padding: 0 },
        { type: "tanh" },
        { type: "flatten" },
        { type: "linear", name: "b", outFeatures: 3 },
      ]),
    ).toEqual(["S1", "C2", "Output"]);
  });
});
