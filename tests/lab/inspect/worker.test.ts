import { describe, expect, it } from "vitest";
import { generateDigits } from "../../../src/data/index.js";
import { initializeParameters, lenet5 } from "../../../src/model/index.js";
import { attribute } from "../../../web/worker/inspect/attribute.js";
import { climb } from "../../../web/worker/inspect/climb.js";
import type { InspectEvent } from "../../../web/worker/inspect/protocol.js";
import { search } from "../../../web/worker/inspect/search.js";
import { referenceEngine } from "../../support/batchEngine.js";

const MODEL = lenet5({
  input: { channels: 1, height: 28, width: 28 },
  classes: 10,
  activation: "tanh",
  pooling: "averagePool2d",
  dropout: 0,
});
const NETWORK = {
  model: MODEL,
  parameters: initializeParameters(MODEL, 3),
  normalization: { mean: [0.2], std: [0.5] },
};
const DIGITS = generateDigits({ seed: 1, part: "train", count: 30 });

const reference = async () => {
  const engine = await referenceEngine(MODEL, {
    batchSize: 30,
    normalization: NETWORK.normalization,
    optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
  });
  await engine.setParameters(NETWORK.parameters);
  return engine;
};

async function eventsOf(task: (report: (event: InspectEvent) => void) => unknown): Promise<InspectEvent[]> {
  const events: InspectEvent[] = [];
  await task((event) => events.push(event));
  return events;
}

describe("search", () => {
  it("finds the images and units at which a map is largest", async () => {
    const place = { layer: 4, map: 5 };
    const events = await eventsOf((report) =>
      search(NETWORK, { type: "search", dataset: DIGITS, place, count: 4 }, report),
    );
    const found = events.at(-1);
    const engine = await reference();
    const layers = await engine.activations({ pixels: DIGITS.images, indices: [...Array(30).keys()] });
    const { data } = layers[4].output;
    const largest = Array.from({ length: 30 }, (_, index) => {
      const map = data.subarray(index * 1600 + 500, index * 1600 + 600);
      const value = Math.max(...map);
      return { index, value, unit: 500 + map.indexOf(value) };
    }).sort((one, other) => other.value - one.value);
    expect(found?.type === "found" && found.images.map(({ index, unit }) => ({ index, unit }))).toEqual(
      largest.slice(0, 4).map(({ index, unit }) => ({ index, unit })),
    );
  });
});

describe("climb", () => {
  it("increases the map's mean, and gives the same image for the same seed", async () => {
    const place = { layer: 3, map: 2 };
    const climbed = async (seed: number) =>
      (await eventsOf((report) => climb(NETWORK, { type: "climb", place, seed }, report))).flatMap((event) =>
        event.type === "climbed" ? [event] : [],
      );
    const [one, again, other] = [await climbed(1), await climbed(1), await climbed(2)];
    expect(one.at(-1)!.value).toBeGreaterThan(one[0].value + 0.1);
    expect(one.map(({ done }) => done)).toEqual([...Array(one.length - 1).fill(false), true]);
    expect(again.at(-1)!.pixels).toEqual(one.at(-1)!.pixels);
    expect(other.at(-1)!.pixels).not.toEqual(one.at(-1)!.pixels);
    // The mean reported with the last image is what the network computes for it.
    const engine = await reference();
    const { data } = (await engine.activations({ pixels: one.at(-1)!.pixels, indices: [0] }))[3].output;
    const mean = data.subarray(200, 300).reduce((sum, value) => sum + value, 0) / 100;
    expect(Math.abs(mean - one.at(-1)!.value)).toBeLessThan(0.01);
  });
});

describe("attribute", async () => {
  // Without the noise that generated digits have in their background.
  const pixels = DIGITS.images.slice(0, 784).map((byte) => (byte < 40 ? 0 : byte));
  const { occlusion, gradient, product } = await attribute(NETWORK, {
    type: "attribute",
    pixels,
    classIndex: 4,
    background: 0,
  });
  const logits = async (...images: Uint8Array[]) => {
    const all = new Uint8Array(images.length * 784);
    for (const [index, image] of images.entries()) all.set(image, index * 784);
    const engine = await reference();
    const { data } = await engine.predict({ pixels: all, indices: images.map((_, index) => index) });
    return images.map((_, index) => data[index * 10 + 4]);
  };

  it("averages the drop over the patches that contain a pixel, and is zero where only background is covered", async () => {
    const covered = pixels.slice();
    for (let row = 10; row < 14; row++) covered.fill(0, row * 28, row * 28 + 4);
    const [plain, without] = await logits(pixels, covered);
    expect(occlusion).toHaveLength(784);
    expect(occlusion[0]).toBe(0);
    // The patches that contain pixel (13, 0): those at the left edge whose top row is 10 to 13.
    const patches = [10, 11, 12, 13].map((top) => {
      const image = pixels.slice();
      for (let row = top; row < top + 4; row++) image.fill(0, row * 28, row * 28 + 4);
      return image;
    });
    const costs = (await logits(...patches)).map((logit) => plain - logit);
    expect(costs[0]).toBeCloseTo(plain - without, 10);
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / 4;
    expect(Math.abs(occlusion[13 * 28] - mean)).toBeLessThan(1e-6);
  });

  it("returns the slopes of the logit, and zero for gradient times input on background", async () => {
    const place = [...pixels.keys()].find((pixel) => pixels[pixel] > 100 && pixels[pixel] < 200)!;
    const [up, down] = [1, -1].map((step) => {
      const image = pixels.slice();
      image[place] += step;
      return image;
    });
    const [above, below] = await logits(up, down);
    const slope = ((above - below) / 2) * 255 * 0.5;
    expect(Math.abs(gradient[place] - Math.abs(slope))).toBeLessThan(1e-4);
    expect(product[place]).toBeCloseTo((slope * pixels[place]) / 255 / 0.5, 3);
    expect(product[0]).toBe(0);
  });
});
