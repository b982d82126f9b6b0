import { normalizedBytes } from "../../../src/model/index.js";
import { inputDifferentiation } from "../../../src/network/inputGradient.js";
import { inspectionEngine } from "./inspectionEngine.js";
import type { Attributions, InspectedNetwork, InspectTask } from "./protocol.js";

type AttributeTask = Extract<InspectTask, { type: "attribute" }>;

/** Images per forward pass. */
const BATCH = 32;
/** The side of the covering patch: 4 of 28 pixels. */
const PATCH_SHARE = 1 / 7;

/** Computes which pixels a class's logit depends on. */
export async function attribute(network: InspectedNetwork, task: AttributeTask): Promise<Attributions> {
  return { occlusion: await occlusion(network, task), ...gradients(network, task) };
}

/**
 * Covers every position of the image once; a pixel's value is the mean drop of the logit over the patches that contain
 * it.
 */
async function occlusion(
  network: InspectedNetwork,
  { pixels, classIndex, background }: AttributeTask,
): Promise<Float32Array> {
  const { channels, height, width } = network.model.input;
  const side = Math.max(1, Math.round(Math.min(height, width) * PATCH_SHARE));
  const [down, right] = [height - side + 1, width - side + 1];
  // The last one is the image itself.
  const total = down * right + 1;
  const engine = await inspectionEngine(network, BATCH);
  const logits = new Float32Array(total);
  for (let start = 0; start < total; start += BATCH) {
    const count = Math.min(BATCH, total - start);
    const covered = new Uint8Array(count * pixels.length);
    for (let sample = 0; sample < count; sample++) {
      const image = covered.subarray(sample * pixels.length, (sample + 1) * pixels.length);
      image.set(pixels);
      const patch = start + sample;
      if (patch === total - 1) continue;
      const [top, left] = [Math.floor(patch / right), patch % right];
      for (let row = 0; row < channels * side; row++) {
        const first = (Math.floor(row / side) * height + top + (row % side)) * width + left;
        image.fill(background, first, first + side);
      }
    }
    const { data, shape } = await engine.predict(await engine.load({ pixels: covered }));
    for (let sample = 0; sample < count; sample++) logits[start + sample] = data[sample * shape[1] + classIndex];
  }
  const costs = new Float32Array(height * width);
  const covers = new Float32Array(height * width);
  for (let patch = 0; patch < total - 1; patch++) {
    const [top, left] = [Math.floor(patch / right), patch % right];
    for (let row = top; row < top + side; row++) {
      for (let column = left; column < left + side; column++) {
        costs[row * width + column] += logits[total - 1] - logits[patch];
        covers[row * width + column]++;
      }
    }
  }
  return costs.map((cost, pixel) => cost / covers[pixel]);
}

function gradients(
  { model, parameters, normalization }: InspectedNetwork,
  { pixels, classIndex, background }: AttributeTask,
): Omit<Attributions, "occlusion"> {
  const { channels, height, width } = model.input;
  const area = height * width;
  const table = normalizedBytes(normalization, channels);
  const inputOf = (byte: number, place: number) => table[256 * Math.floor(place / area) + byte];
  const { forward, backward } = inputDifferentiation(model, parameters);
  const values = forward(Float64Array.from(pixels, inputOf));
  const shares = values[values.length - 1].map((_, index) => Number(index === classIndex));
  const slopes = backward(values, model.layers.length - 1, shares);
  const gradient = new Float32Array(area);
  const product = new Float32Array(area);
  slopes.forEach((slope, place) => {
    const pixel = place % area;
    gradient[pixel] = Math.max(gradient[pixel], Math.abs(slope));
    product[pixel] += slope * (values[0][place] - inputOf(background, place));
  });
  return { gradient, product };
}
