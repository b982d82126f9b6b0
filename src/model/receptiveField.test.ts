import { describe, expect, it } from "vitest";
import { referenceEngine } from "../../tests/support/batchEngine.js";
import { elementCount } from "./layers/index.js";
import { lenet5 } from "./lenet5.js";
import type { Model } from "./model.js";
import { initializeParameters } from "./parameters.js";
import { type Block, receptiveFields, type Span, unitBlock } from "./receptiveField.js";
import { inferShapes } from "./shapes.js";

const LENET5 = lenet5({
  input: { channels: 1, height: 28, width: 28 },
  classes: 10,
  activation: "sigmoid",
  pooling: "averagePool2d",
  dropout: 0,
});

const text = ({ channels, rows, columns }: Block) =>
  [channels, rows, columns].map(({ first, last }) => `${first}–${last}`).join(" ");

/** The receptive fields of a unit of LeNet-5, layer by layer. */
const fieldsOf = (layer: number, channel: number, row: number, column: number) => {
  const layers = inferShapes(LENET5);
  const [, height, width] = layers[layer].output as readonly [number, number, number];
  const unit = (channel * height + row) * width + column;
  return receptiveFields(layers, layer, unitBlock(layers[layer].output, unit)).map(text);
};

describe("receptiveFields", () => {
  it("grows in LeNet-5 as worked out by hand: 5, 6, 14 and 16 pixels", () => {
    expect(fieldsOf(0, 2, 10, 12)[0]).toBe("0–0 8–12 10–14");
    expect(fieldsOf(2, 2, 5, 6)).toEqual(["0–0 8–13 10–15", "2–2 10–11 12–13", "2–2 10–11 12–13", "2–2 5–5 6–6"]);
    // C3 at (4, 3): rows 4–8 of S2, 8–17 of C1, and with C1's window of 5 around each, 6–19 of the input.
    expect(fieldsOf(3, 15, 4, 3)).toEqual([
      "0–0 6–19 4–17",
      "0–5 8–17 6–15",
      "0–5 8–17 6–15",
      "0–5 4–8 3–7",
      "15–15 4–4 3–3",
    ]);
    expect(fieldsOf(5, 0, 2, 2)[0]).toBe("0–0 6–21 6–21");
  });

  it("excludes the padding at the border", () => {
    expect(fieldsOf(0, 0, 0, 27)[0]).toBe("0–0 0–2 25–27");
  });

  it("maps a flattened feature back to its unit, and several to their bounding box", () => {
    const layers = inferShapes(LENET5);
    // Feature 387 of 400: map 15, row 2, column 2.
    expect(receptiveFields(layers, 6, unitBlock(layers[6].output, 387)).map(text)).toEqual([
      ...fieldsOf(5, 15, 2, 2),
      "387–387 0–0 0–0",
    ]);
    const features = (first: number, last: number) => {
      const none: Span = { first: 0, last: 0 };
      return text(receptiveFields(layers, 6, { channels: { first, last }, rows: none, columns: none })[6]);
    };
    expect(features(26, 28)).toBe("1–1 0–0 1–3");
    expect(features(26, 31)).toBe("1–1 0–1 0–4");
    expect(features(24, 31)).toBe("0–1 0–4 0–4");
  });

  const PERTURBED: readonly Model[] = [
    {
      input: { channels: 2, height: 9, width: 8 },
      layers: [
        { type: "conv2d", name: "a", outChannels: 3, kernel: 3, stride: 2, padding: 1 },
        { type: "tanh" },
        { type: "averagePool2d", kernel: 2, stride: 1 },
        { type: "conv2d", name: "b", outChannels: 2, kernel: 2, stride: 1, padding: 1 },
        { type: "sigmoid" },
        { type: "flatten" },
        { type: "linear", name: "c", outFeatures: 3 },
      ],
    },
    {
      input: { channels: 1, height: 7, width: 10 },
      layers: [
        { type: "averagePool2d", kernel: 3, stride: 2 },
        { type: "conv2d", name: "a", outChannels: 2, kernel: 2, stride: 1, padding: 0 },
        { type: "sigmoid" },
        { type: "flatten" },
        { type: "linear", name: "c", outFeatures: 2 },
      ],
    },
    {
      input: { channels: 3, height: 4, width: 5 },
      layers: [
        { type: "leakyRelu" },
        { type: "globalAveragePool2d" },
        { type: "flatten" },
        { type: "linear", name: "c", outFeatures: 2 },
      ],
    },
  ];

  it.each(PERTURBED)("contains exactly the inputs that change a unit (%#)", async (model) => {
    const layers = inferShapes(model);
    const engine = await referenceEngine(model, {
      batchSize: 1,
      normalization: { mean: [0], std: [1] },
      optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    });
    await engine.setParameters(initializeParameters(model, 4));
    const shape = [model.input.channels, model.input.height, model.input.width] as const;
    const values = Float32Array.from({ length: elementCount(shape) }, (_, place) => Math.sin(place));
    const outputs = async () => (await engine.activations({ values })).map(({ output }) => output.data);
    const before = await outputs();
    const changed = layers.map(({ output }) => Array.from({ length: elementCount(output) }, () => new Set<number>()));
    for (const [place, value] of values.entries()) {
      values[place] = value + 10;
      (await outputs()).forEach((output, layer) => {
        output.forEach((now, unit) => {
          if (now !== before[layer][unit]) changed[layer][unit].add(place);
        });
      });
      values[place] = value;
    }
    layers.forEach(({ output }, layer) => {
      changed[layer].forEach((places, unit) => {
        const [field] = receptiveFields(layers, layer, unitBlock(output, unit));
        const expected = [...values.keys()].filter((place) => holds(field, unitBlock(shape, place)));
        expect(
          [...places].sort((one, other) => one - other),
          `layer ${layer}, unit ${unit}`,
        ).toEqual(expected);
      });
    });
  });
});

function holds(field: Block, place: Block): boolean {
  return (["channels", "rows", "columns"] as const).every(
    (axis) => field[axis].first <= place[axis].first && place[axis].first <= field[axis].last,
  );
}
