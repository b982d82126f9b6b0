import { describe, expect, it } from "vitest";
import type { Backend, LossSettings } from "../src/engine/backend.js";
import { referenceBackend } from "../src/engine/reference/referenceBackend.js";
import { wasmBackend } from "../src/engine/wasm/wasmBackend.js";
import { webgpuBackend } from "../src/engine/webgpu/webgpuBackend.js";
import { initializeParameters, type Model } from "../src/model/index.js";
import { testGpu } from "./support/webgpu.js";

const { gpu, missing } = await testGpu();
/** All are held against the reference. */
const BACKENDS = [
  () => wasmBackend({ arithmetic: "portable" }),
  () => wasmBackend(),
  ...(gpu ? [() => webgpuBackend({ gpu })] : []),
];

it.skipIf(missing)(missing ? `WebGPU, which needs ${missing}` : "finds WebGPU", () => {
  expect(BACKENDS).toHaveLength(3);
});

const CLASSES = 5;
const MODEL: Model = {
  input: { channels: 1, height: 8, width: 8 },
  layers: [
    { type: "conv2d", name: "conv1", outChannels: 3, kernel: 3, stride: 1, padding: 1 },
    { type: "relu" },
    { type: "maxPool2d", kernel: 2, stride: 2 },
    { type: "flatten" },
    { type: "linear", name: "fc1", outFeatures: CLASSES },
  ],
};
const NETWORK = { model: MODEL, normalization: { mean: [0], std: [1] } };

/** Numbers that look random, in ± scale. */
function numbers(count: number, scale: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => scale * Math.sin(1 + 7.3 * index + index * index));
}

async function differentiated(backend: Backend, samples: number, loss: LossSettings) {
  const engine = await backend.compile([NETWORK], { batchSize: 32 });
  await engine.setParameters(initializeParameters(MODEL, 1));
  const labels = Array.from({ length: samples }, (_, index) => (3 * index + 1) % CLASSES);
  const images = await engine.load({ values: numbers(samples * 64, 1), labels });
  const result = await engine.differentiate(images, {}, loss);
  engine.dispose();
  return result;
}

const WEIGHTS = [0.5, 2, 0, 1, 3.25];

describe.each([1, 3, 8, 21, 32])("the loss of %i samples", (samples) => {
  const logits = numbers(samples * CLASSES, 6);
  it.each<[string, LossSettings]>([
    ["class weights", { labelSmoothing: 0.1, classWeights: WEIGHTS }],
    ["a teacher", { labelSmoothing: 0.1, distillation: { logits, temperature: 2, share: 0.9 } }],
    ["only a teacher", { labelSmoothing: 0, distillation: { logits, temperature: 1, share: 1 } }],
    ["both", { labelSmoothing: 0.3, classWeights: WEIGHTS, distillation: { logits, temperature: 5, share: 0.25 } }],
  ])("with %s is the reference's", async (_, loss) => {
    const expected = await differentiated(referenceBackend(), samples, loss);
    for (const backend of BACKENDS) {
      const actual = await differentiated(backend(), samples, loss);
      expect(actual.predictions).toEqual(expected.predictions);
      actual.losses.forEach((value, index) => {
        expect(value).toBeCloseTo(expected.losses[index], 4);
      });
      for (const [name, { data }] of expected.gradients) {
        const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const other = actual.gradients.get(name)!.data;
        const difference = data.reduce((most, value, index) => Math.max(most, Math.abs(value - other[index])), 0);
        expect(difference, name).toBeLessThanOrEqual(1e-4 * largest);
      }
    }
  });
});

it("gives a class of weight 0 no part in the loss", async () => {
  const loss = { labelSmoothing: 0, classWeights: [0, 1, 1, 1, 1] };
  for (const backend of BACKENDS) {
    const { losses } = await differentiated(backend(), 5, loss);
    // Labels are 1, 4, 2, 0, 3.
    expect([...losses].map((value) => value > 0)).toEqual([true, true, true, false, true]);
  }
});

it("changes nothing if all samples have weight 0", async () => {
  const loss = { labelSmoothing: 0, classWeights: [1, 0, 1, 1, 1] };
  for (const backend of BACKENDS) {
    const { gradients, losses } = await differentiated(backend(), 1, loss);
    expect(losses[0]).toBe(0);
    for (const { data } of gradients.values()) expect(data.every((value) => Math.abs(value) === 0)).toBe(true);
  }
});

it("survives logits that are far apart", async () => {
  const logits = Float32Array.from({ length: CLASSES }, (_, index) => (index === 2 ? 300 : -300));
  const loss = { labelSmoothing: 0, distillation: { logits, temperature: 2, share: 0.5 } };
  const [expected] = (await differentiated(referenceBackend(), 1, loss)).losses;
  for (const backend of BACKENDS) {
    const { losses } = await differentiated(backend(), 1, loss);
    expect(losses[0]).toBeCloseTo(expected, 3);
  }
});

describe.each([wasmBackend, referenceBackend])("%o refuses", (backend) => {
  const logits = numbers(3 * CLASSES, 1);
  it.each<[string, Partial<LossSettings>]>([
    ["there are 2 class weights, but 5 classes", { classWeights: [1, 2] }],
    ["the weight of class 3 is -1, not a number from 0", { classWeights: [1, 2, 1, -1, 0] }],
    [
      "the teacher has 10 logits, but 3 samples of 5 classes need 15",
      { distillation: { logits: logits.subarray(5), temperature: 1, share: 1 } },
    ],
    ["the temperature must be above 0, not 0", { distillation: { logits, temperature: 0, share: 1 } }],
    ["the teacher's share must be from 0 to 1, not 1.5", { distillation: { logits, temperature: 1, share: 1.5 } }],
  ])("%s", async (message, loss) => {
    await expect(differentiated(backend(), 3, { labelSmoothing: 0, ...loss })).rejects.toThrow(new RangeError(message));
  });
});
