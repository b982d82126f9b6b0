import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { referenceEngine } from "../../tests/support/batchEngine.js";
import { resizeImage } from "../data/images/adapt.js";
import type { DecodedImage } from "../data/images/color.js";
import { initializeParameters, type Model } from "../model/index.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { decodeImage } from "./images/codec.js";
import { type Prediction, type PredictOptions, predictImages, type UnreadableImage } from "./predictImages.js";

const shape = { channels: 3, height: 6, width: 5 };
const model: Model = { input: shape, layers: [{ type: "flatten" }, { type: "linear", name: "fc", outFeatures: 3 }] };
const parameters = initializeParameters(model, 1);
const normalization = { mean: [0.5, 0.25, 0.75], std: [0.5, 1, 2] };
const engine = await referenceEngine(model, { batchSize: 4, normalization, optimizer: RECIPES.paper.optimizer });
await engine.setParameters(parameters);

const IMAGES = ["color.jpg", "clear.png", "grey.bmp", "orientation-6.jpg", "palette.gif", "deep.png"].map(
  (name) => `tests/fixtures/images/${name}`,
);

async function predict(
  images: readonly (string | Uint8Array)[],
  options: Partial<PredictOptions> = {},
): Promise<(Prediction | UnreadableImage)[]> {
  const sources = images.map((image, index) => ({ name: `image ${index}`, image }));
  const results: (Prediction | UnreadableImage)[] = [];
  const predictions = predictImages(engine.engine, sources, { resize: "contain", background: 0, ...options });
  for await (const result of predictions) results.push(result);
  return results;
}

/** The network's outputs, computed from their definition. */
function logitsOf(pixels: Uint8Array): number[] {
  const weight = parameters.get("fc.weight")!.data;
  const bias = parameters.get("fc.bias")!.data;
  const inputs = Array.from(pixels, (byte, place) => {
    const channel = Math.floor(place / (shape.height * shape.width));
    return (byte / 255 - normalization.mean[channel]) / normalization.std[channel];
  });
  return Array.from(bias, (offset, output) =>
    inputs.reduce((sum, input, place) => sum + input * weight[output * inputs.length + place], offset),
  );
}

async function fitted(path: string, change: (image: DecodedImage) => DecodedImage, background: 0 | 255) {
  const pixels = new Uint8Array(3 * 6 * 5);
  const image = change(await decodeImage(new Uint8Array(readFileSync(path))));
  resizeImage(image, { shape, resize: "contain", background }, pixels);
  return pixels;
}

function expectClose(values: readonly number[], expected: readonly number[]): void {
  expect(values).toHaveLength(expected.length);
  for (const [place, value] of expected.entries()) expect(values[place]).toBeCloseTo(value, 5);
}

describe("predictImages", () => {
  it("returns the network's prediction for each image, in order", async () => {
    const results = await predict(IMAGES);
    expect(results.map(({ file }) => file)).toEqual(IMAGES.map((_, index) => `image ${index}`));
    for (const [index, result] of results.entries()) {
      if ("reason" in result) throw new Error(result.reason);
      const pixels = await fitted(IMAGES[index], (image) => image, 0);
      expect([...result.pixels]).toEqual([...pixels]);
      const logits = logitsOf(pixels);
      expectClose(result.logits, logits);
      expect(result.class).toBe(logits.indexOf(Math.max(...logits)));
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
      const probabilities = logits.map((logit) => Math.exp(logit) / sum);
      expectClose(result.probabilities, probabilities);
    }
  });

  it("accepts bytes as well as files, and reports what it cannot read", async () => {
    const [file, bytes, gone, damaged] = await predict([
      IMAGES[0],
      new Uint8Array(readFileSync(IMAGES[0])),
      "nowhere.png",
      new TextEncoder().encode("no image"),
    ]);
    expect({ ...bytes, file: file.file }).toEqual(file);
    expect(gone).toEqual({ file: "image 2", reason: "cannot read it: no such file or folder" });
    expect(damaged).toMatchObject({
      file: "image 3",
      reason: expect.stringMatching(/^not a supported image/),
    });
  });

  it("inverts images before placing them on the background", async () => {
    const inverted = (image: DecodedImage) => ({
      ...image,
      rgba: image.rgba.map((byte, place) => (place % 4 === 3 ? byte : 255 - byte)),
    });
    for (const background of [0, 255] as const) {
      for (const [index, result] of (await predict(IMAGES, { invert: true, background })).entries()) {
        if ("reason" in result) throw new Error(result.reason);
        const expected = await fitted(IMAGES[index], inverted, background);
        expect([...result.pixels]).toEqual([...expected]);
      }
    }
  });

  it("processes more images than fit in memory at once, and reports progress", async () => {
    const many = new Array(2100).fill(IMAGES[2]);
    many[2060] = IMAGES[0];
    const progress: number[] = [];
    const results = await predict(many, { onProgress: ({ done }) => progress.push(done) });
    expect(results).toHaveLength(2100);
    const [first, other] = await predict([IMAGES[2], IMAGES[0]]);
    for (const [index, result] of results.entries()) {
      const same = index === 2060 ? other : first;
      expect("class" in result && result.logits).toEqual("class" in same && same.logits);
    }
    expect(progress.at(-1)).toBe(2100);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  });

  it("stops when aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(predict(IMAGES, { signal })).rejects.toThrow("enough");
  });

  it("refuses weights that yield values that are not finite", async () => {
    const broken = await referenceEngine(model, { batchSize: 4, normalization, optimizer: RECIPES.paper.optimizer });
    await broken.setParameters(
      new Map([...parameters, ["fc.bias", { shape: [3], data: Float32Array.of(0, Number.NaN, 0) }]]),
    );
    const results = predictImages(broken.engine, [{ name: "a", image: IMAGES[0] }], {
      resize: "contain",
      background: 0,
    });
    await expect(results.next()).rejects.toThrow("the network's outputs are not finite");
  });
});
