import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../data/dataset.js";
import { generateDigits } from "../data/digits.js";
import type { Pixels } from "../data/images/image.js";
import { readWeights, writeWeights } from "../formats/weightFiles.js";
import { initializeParameters, lenet5, type NamedTensors } from "../model/index.js";
import { threads } from "../node/threads.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { activations, evaluate, gradients, predict } from "./inference.js";
import { LeNet5 } from "./lenet5.js";

const SIDE = 28;
const classes = Array.from({ length: 10 }, (_, index) => `class ${index}`);
const digits = generateDigits({ seed: 3, count: 50, part: "test" });

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let index = 0; index < expected.length; index++) {
    expect(Math.abs(actual[index] - expected[index]), `at ${index}`).toBeLessThan(tolerance);
  }
}

describe("with weights from PyTorch", () => {
  const pytorch = JSON.parse(readFileSync("tests/fixtures/network/pytorch.json", "utf8"));
  const network = LeNet5.from(readWeights(readFileSync("tests/golden/improved-1x28x28.pth"), RECIPES.improved), {
    classes,
  });
  // Exact, because these squares stay below 2^53.
  const bytes = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, index) => (index * index) % 251);
  const images = [0, 1, 2].map((index) => bytes.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE));

  it("predicts the same as PyTorch, for several images or one", async () => {
    const predictions = await predict(network, images);
    for (const [index, { logits, probabilities, ...prediction }] of predictions.entries()) {
      expectClose(logits, pytorch.logits[index], 1e-5);
      expectClose(probabilities, pytorch.probabilities[index], 1e-6);
      const highest = pytorch.logits[index].indexOf(Math.max(...pytorch.logits[index]));
      expect(prediction).toEqual({ class: highest, label: `class ${highest}` });
      expectClose((await predict(network, images[index])).logits, pytorch.logits[index], 1e-5);
    }
  });

  it("returns every layer's output", async () => {
    const layers = await activations(network, images[0]);
    expect(layers.map(({ layer }) => layer.label)).toContain("MaxPool2d-6");
    const pool2 = layers.find(({ layer }) => layer.label === "MaxPool2d-6")!.output;
    expect(pool2.shape).toEqual([1, 4, 5, 5]);
    expectClose(pool2.data, pytorch.pool2, 1e-5);
    expectClose(layers.at(-1)!.output.data, pytorch.logits[0], 1e-5);
  });

  it("matches PyTorch's gradients of the mean loss", async () => {
    const { loss, gradients: found } = await gradients(network, images, pytorch.labels);
    expect(loss).toBeCloseTo(pytorch.loss, 5);
    for (const [name, expected] of Object.entries<number[]>(pytorch.gradients)) {
      expectClose(found.get(name)!.data, expected, 1e-4 * Math.max(...expected.map(Math.abs)));
    }
  });
});

describe("images of any size", () => {
  const reference = JSON.parse(readFileSync("tests/fixtures/images/fitted.json", "utf8"));
  const decode = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
  type Case = { source: number; settings: { shape: Dataset; resize: "contain"; background: 0 }; planes: string };
  const cases = (reference.cases as Case[]).filter(
    ({ settings: { shape } }) => Math.min(shape.height, shape.width) > 15,
  );

  it("are resampled as by Pillow before prediction", async () => {
    expect(cases.length).toBeGreaterThan(3);
    for (const { source, settings, planes } of cases) {
      const { shape: input, resize, background } = settings;
      const network = LeNet5.create({ classes, input, framing: { resize, background } });
      const { width, height, rgba } = reference.sources[source];
      const image: Pixels = { width, height, data: decode(rgba) };
      expect(await predict(network, image)).toEqual(await predict(network, decode(planes)));
    }
  });

  it("can be canvases and their contexts", async () => {
    const network = LeNet5.create({ classes });
    const pixels = { width: 40, height: 30, data: Uint8ClampedArray.from({ length: 4800 }, (_, index) => index % 256) };
    const context = {
      canvas: { width: 40, height: 30 },
      getImageData: (...area: number[]) => {
        expect(area).toEqual([0, 0, 40, 30]);
        return pixels;
      },
    };
    const canvas = { width: 40, height: 30, getContext: () => context };
    expect(await predict(network, [context, canvas])).toEqual(await predict(network, [pixels, pixels]));
    await expect(predict(network, { ...canvas, getContext: () => null })).rejects.toThrow(
      /^the canvas has no 2D context to read its pixels from; pass its ImageData$/,
    );
  });

  it("are refused if their sizes do not fit", async () => {
    const network = LeNet5.create({ classes });
    await expect(predict(network, new Uint8Array(5))).rejects.toThrow(
      /^the image has 5 bytes, the network takes 1x28x28; /,
    );
    await expect(predict(network, { width: 3, height: 3, data: new Uint8Array(10) })).rejects.toThrow(
      /^10 bytes are not a 3x3 image of 1, 3 or 4 channels$/,
    );
    expect(await predict(network, [])).toEqual([]);
  });
});

describe("LeNet5", () => {
  const values = (tensors: NamedTensors) => [...tensors].map(([name, { data }]) => [name, [...data]]);

  it("is created from a seed, with a given recipe or the improved one", () => {
    const paper = LeNet5.create({ ...RECIPES.paper, classes: ["a", "b"], input: digits, seed: 4 });
    const input = { channels: 1, height: SIDE, width: SIDE };
    const model = lenet5({ ...RECIPES.paper, input, classes: 2 });
    expect(paper.model).toEqual(model);
    expect(values(paper.parameters)).toEqual(values(initializeParameters(model, 4)));
    expect(LeNet5.create({ classes }).model).toEqual(lenet5({ ...RECIPES.improved, input, classes: 10 }));
    const normalization = { mean: [0, 0, 0], std: [1, 1, 1] };
    expect(() => LeNet5.create({ classes, normalization })).toThrow(
      /^the normalization has 3 means and 3 standard deviations, /,
    );
  });

  it.each(["safetensors", "pth"] as const)("survives a round trip through %s unchanged", async (format) => {
    const network = LeNet5.create({
      classes: ["a", "b", "c"],
      input: { channels: 3, height: 32, width: 20 },
      activation: "tanh",
      normalization: { mean: [0.1, 0.2, 0.3], std: [1, 2, 3] },
      framing: { resize: "cover", background: 255 },
      seed: 9,
    });
    const training = { recipe: "own", data: "data", epoch: 7, validationAccuracy: 0.5 };
    network.setParameters(network.parameters, training);
    const back = LeNet5.from(readWeights(writeWeights(network.weights(), format)));
    expect(back).toEqual(network);
    const image = { width: 50, height: 60, data: Uint8Array.from({ length: 9000 }, (_, index) => index % 256) };
    expect(await predict(back, image)).toEqual(await predict(network, image));
  });

  it("computes with a copy of the parameters that were set last", async () => {
    const network = LeNet5.create({ classes });
    const image = digits.images.subarray(0, SIDE * SIDE);
    const before = await predict(network, image);
    const others = LeNet5.create({ classes, seed: 1 });
    network.setParameters(others.parameters);
    for (const { data } of others.parameters.values()) data.fill(0);
    expect(await predict(network, image)).toEqual(await predict(LeNet5.create({ classes, seed: 1 }), image));
    expect(await predict(network, image)).not.toEqual(before);
    expect(() => network.setParameters(new Map())).toThrow(/^the weights have no tensor conv1\.weight$/);
  });

  it("numbers its classes if they have no names, and refuses too few names", () => {
    const { model, parameters, normalization } = LeNet5.create({ classes }).weights();
    const weights = { model, parameters, normalization };
    expect(LeNet5.from(weights).classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(() => LeNet5.from(weights, { classes: ["a"] })).toThrow(
      /^the model has 10 classes, but 1 class names were given$/,
    );
  });
});

describe("evaluate", () => {
  it("counts correct predictions, even for images of another size", async () => {
    const large = generateDigits({ seed: 3, count: 50, part: "test", height: 40, width: 36 });
    const network = LeNet5.create({ classes: digits.classes });
    const images = Array.from({ length: 50 }, (_, index) => ({
      width: 36,
      height: 40,
      data: large.images.subarray(index * 1440, (index + 1) * 1440),
    }));
    const predictions = await predict(network, images);
    const right = predictions.filter((prediction, index) => prediction.class === large.labels[index]);
    const { correct, total } = await evaluate(network, large);
    expect({ correct, total }).toEqual({ correct: right.length, total: 50 });
  });

  it("gives the same bits on several threads, and takes normalised values", async () => {
    const network = LeNet5.create({ classes: digits.classes, seed: 4 });
    // First, as it enables fused arithmetic on Node 20.
    const several = threads(3);
    const alone = await evaluate(network, digits);
    expect(await evaluate(network, digits, { threads: several })).toEqual(alone);
    const values = Float32Array.from(digits.images, (byte) => (byte / 255 - 0.5) / 0.5);
    const fromValues = await evaluate(network, { values, labels: digits.labels });
    expect(fromValues.confusion).toEqual(alone.confusion);
    expect(fromValues.loss).toBeCloseTo(alone.loss, 5);

    const size = SIDE * SIDE;
    const images = Array.from({ length: 50 }, (_, index) => digits.images.subarray(index * size, (index + 1) * size));
    const floats = images.map((_, index) => values.subarray(index * size, (index + 1) * size));
    const predictions = await predict(network, images);
    expect(await predict(network, images, { threads: several })).toEqual(predictions);
    for (const [index, { logits }] of (await predict(network, floats)).entries()) {
      expectClose(logits, predictions[index].logits, 1e-5);
    }
    await expect(predict(network, floats[0].subarray(1))).rejects.toThrow(
      "image 0 has 783 values, the network takes 784",
    );
    await expect(evaluate(network, { values, labels: [1] })).rejects.toThrow(RangeError);
  });

  it("refuses a data set with other classes", async () => {
    await expect(evaluate(LeNet5.create({ classes }), digits)).rejects.toThrow(
      /^class 0 is "0" in digits, but "class 0" in the network$/,
    );
    await expect(evaluate(LeNet5.create({ classes: ["a", "b"] }), digits)).rejects.toThrow(
      /^digits has 10 classes, but the network has 2$/,
    );
  });
});
