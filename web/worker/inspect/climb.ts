import { elementCount, inferShapes, normalizedBytes } from "../../../src/model/index.js";
import { inputDifferentiation } from "../../../src/network/inputGradient.js";
import { Purpose, RandomStream } from "../../../src/numeric/philox.js";
import type { InspectEvent, InspectedNetwork, InspectTask } from "./protocol.js";

type ClimbTask = Extract<InspectTask, { type: "climb" }>;

const STEPS = 96;
/** Steps between two reported images. */
const STEPS_PER_IMAGE = 4;
/** The mean change of a pixel per step, in bytes: at the first step and at the last. */
const STRIDE = [24, 6] as const;
/** The image is smoothed after every so many steps, except in the last quarter; otherwise it becomes a checkerboard. */
const STEPS_PER_SMOOTHING = 3;

/** Gradient ascent from noise: changes the image to maximize a map's mean. */
export function climb(
  network: InspectedNetwork,
  { place, seed }: ClimbTask,
  report: (event: InspectEvent) => void,
): void {
  const { model, parameters, normalization } = network;
  const { channels, height, width } = model.input;
  const { output } = inferShapes(model)[place.layer];
  const perMap = elementCount(output) / output[0];
  const shares = new Float64Array(elementCount(output)).fill(1 / perMap, place.map * perMap, (place.map + 1) * perMap);
  const table = normalizedBytes(normalization, channels);
  const { forward, backward } = inputDifferentiation(model, parameters);
  const bytes = noise(channels * height * width, seed);
  for (let step = 0; step <= STEPS; step++) {
    const values = forward(bytes.map((byte, pixel) => normalize(table, Math.floor(pixel / (height * width)), byte)));
    const isLast = step === STEPS;
    if (isLast || step % STEPS_PER_IMAGE === 0) {
      const value = values[place.layer + 1].reduce((sum, one, unit) => sum + one * shares[unit], 0);
      report({ type: "climbed", pixels: Uint8Array.from(bytes, Math.round), value, done: isLast });
    }
    const gradient = backward(values, place.layer, shares);
    const size = Math.sqrt(gradient.reduce((sum, slope) => sum + slope * slope, 0) / gradient.length);
    // If nothing changes the map, as behind a ReLU that is off, there is no direction to climb.
    if (size === 0 && !isLast) continue;
    const stride = STRIDE[0] + ((STRIDE[1] - STRIDE[0]) * step) / STEPS;
    bytes.forEach((byte, pixel) => {
      bytes[pixel] = Math.min(255, Math.max(0, byte + (stride * gradient[pixel]) / size));
    });
    if (step % STEPS_PER_SMOOTHING === 0 && step < (3 / 4) * STEPS) smooth(bytes, height, width);
  }
}

/** Grey with a little noise. */
function noise(count: number, seed: number): Float64Array {
  const stream = new RandomStream(seed, Purpose.noise, 0, 0);
  return Float64Array.from({ length: count }, () => 96 + 64 * stream.uniform());
}

/** The normalized input of a fractional byte, by linear interpolation. */
function normalize(table: Float32Array, channel: number, byte: number): number {
  const [least, most] = [table[channel * 256], table[channel * 256 + 255]];
  return least + ((most - least) * byte) / 255;
}

/** Averages with weights 1-2-1 along rows and columns; border pixels are their own neighbours. */
function smooth(bytes: Float64Array, height: number, width: number): void {
  for (let start = 0; start < bytes.length; start += height * width) {
    const plane = bytes.subarray(start, start + height * width);
    smoothAlong(plane, height, width, width, 1);
    smoothAlong(plane, width, height, 1, width);
  }
}

function smoothAlong(plane: Float64Array, lines: number, length: number, lineStep: number, step: number): void {
  for (let line = 0; line < lines; line++) {
    const at = (place: number) => line * lineStep + Math.min(length - 1, Math.max(0, place)) * step;
    const means = Float64Array.from(
      { length },
      (_, place) => (plane[at(place - 1)] + 2 * plane[at(place)] + plane[at(place + 1)]) / 4,
    );
    means.forEach((mean, place) => {
      plane[at(place)] = mean;
    });
  }
}
