import { normalizedBytes } from "../../../src/model/index.js";
import { inputDifferentiation } from "../../../src/network/inputGradient.js";
import { softmax } from "../../../src/training/evaluate.js";
import type { Fooling, InspectedNetwork, InspectTask } from "./protocol.js";

type FoolTask = Extract<InspectTask, { type: "fool" }>;

/** A quarter of the range of a byte, and none. */
const STRENGTHS = 65;

/**
 * Follows the sign of the gradient of one logit minus that of the predicted class: every pixel changes by the same amount,
 * as far as black and white allow.
 */
export function fool({ model, parameters, normalization }: InspectedNetwork, { pixels, target }: FoolTask): Fooling {
  const { channels, height, width } = model.input;
  const table = normalizedBytes(normalization, channels);
  const inputOf = (byte: number, place: number) => table[256 * Math.floor(place / (height * width)) + byte];
  const { forward, backward } = inputDifferentiation(model, parameters);
  const values = forward(Float64Array.from(pixels, inputOf));
  const logits = values[values.length - 1];
  const predicted = logits.indexOf(Math.max(...logits));
  // Without a target, all other classes together.
  const shares = logits.map((_, index) => {
    const wanted = target === undefined ? Number(index !== predicted) / (logits.length - 1) : Number(index === target);
    return wanted - Number(index === predicted);
  });
  const gradient = backward(values, model.layers.length - 1, shares);
  const direction = Int8Array.from(gradient, Math.sign);
  const probabilities = new Float32Array(STRENGTHS * logits.length);
  for (let strength = 0; strength < STRENGTHS; strength++) {
    const changed = changedBy(pixels, direction, strength);
    const outputs = forward(Float64Array.from(changed, inputOf));
    probabilities.set(softmax(Float32Array.from(outputs[outputs.length - 1])), strength * logits.length);
  }
  return { direction, probabilities, strengths: STRENGTHS };
}

/** An image whose bytes have moved by a strength, within 0 … 255. */
export function changedBy(pixels: Uint8Array, direction: Int8Array, strength: number): Uint8Array {
  return pixels.map((byte, place) => Math.min(255, Math.max(0, byte + strength * direction[place])));
}
