import { describe, expect, it } from "vitest";
import type { Backend, Muon } from "../src/engine/backend.js";
import { orthogonalized } from "../src/engine/reference/muon.js";
import { referenceBackend } from "../src/engine/reference/referenceBackend.js";
import { wasmBackend } from "../src/engine/wasm/wasmBackend.js";
import { webgpuBackend } from "../src/engine/webgpu/webgpuBackend.js";
import { initializeParameters, type Layer, type Model } from "../src/model/index.js";
import { threads } from "../src/node/threads.js";
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

const MUON: Muon = {
  type: "muon",
  learningRateFactor: 2,
  momentum: 0.9,
  weightDecay: 0.1,
  beta1: 0.9,
  beta2: 0.999,
  // AdamW is not continuous where gradients are smaller than this.
  epsilon: 1e-3,
};

const conv = (name: string, outChannels: number): Layer => {
  return { type: "conv2d", name, outChannels, kernel: 3, stride: 1, padding: 0 };
};
const linear = (name: string, outFeatures: number): Layer => ({ type: "linear", name, outFeatures });

/** Matrices that are wide, tall and almost square, none of them of whole blocks. */
const MODEL: Model = {
  input: { channels: 1, height: 8, width: 8 },
  layers: [
    conv("conv1", 3),
    { type: "relu" },
    conv("conv2", 7),
    { type: "relu" },
    { type: "maxPool2d", kernel: 2, stride: 2 },
    { type: "flatten" },
    linear("fc1", 13),
    { type: "relu" },
    linear("fc2", 30),
    { type: "relu" },
    linear("fc3", 29),
    { type: "relu" },
    linear("fc4", 4),
  ],
};

function numbers(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => Math.sin(1 + 7.3 * index + index * index));
}

/** Some steps on batches of a size; all of the network's state after them. */
async function trained(backend: Backend, batchSize: number, optimizer: Muon, steps = 4, model = MODEL) {
  const network = { model, normalization: { mean: [0], std: [1] }, optimizer, averaging: { decay: 0.9 } };
  const engine = await backend.compile([network], { batchSize });
  await engine.setParameters(initializeParameters(model, 1));
  const labels = Array.from({ length: 40 }, (_, index) => (3 * index + 1) % 4);
  const images = await engine.load({ values: numbers(40 * 64), labels });
  const indices = Array.from({ length: batchSize * steps }, (_, place) => (7 * place) % 40);
  const updates = Array.from({ length: steps }, (_, step) => ({ step: step + 1, learningRate: 0.01, momentum: 0.8 }));
  await engine.train(images, [{ indices, labelSmoothing: 0.1, seed: 1, updates }]);
  const state = { parameters: await engine.parameters(), ...(await engine.optimizerState()) };
  engine.dispose();
  return state;
}

describe.each([1, 3, 16])("steps of Muon on batches of %i", (batchSize) => {
  it.each<[string, Muon]>([
    ["on all but the first and last layer", MUON],
    ["on layers by name", { ...MUON, layers: ["conv1", "fc4"], learningRateFactor: 0.5 }],
  ])("%s are the reference's", async (_, optimizer) => {
    const expected = await trained(referenceBackend(), batchSize, optimizer);
    for (const backend of BACKENDS) {
      const actual = await trained(backend(), batchSize, optimizer);
      for (const part of ["parameters", "first", "second", "average"] as const) {
        for (const [name, { data }] of expected[part]!) {
          const other = actual[part]!.get(name)!.data;
          const difference = data.reduce((most, value, index) => Math.max(most, Math.abs(value - other[index])), 0);
          expect(difference, `${part} ${name}`).toBeLessThan(2e-5);
        }
      }
    }
  });

  it.each([2, 3])("have the same bits on %i threads", async (count) => {
    const arithmetic = "portable";
    const alone = await trained(wasmBackend({ arithmetic }), batchSize, MUON);
    expect(await trained(wasmBackend({ arithmetic, threads: threads(count) }), batchSize, MUON)).toEqual(alone);
  });
});

it("leaves all other parameters to AdamW", async () => {
  const names = ["conv2", "fc1", "fc2", "fc3"];
  const muon = await trained(referenceBackend(), 8, MUON, 1);
  const moved = [...muon.second].filter(([, { data }]) => data.some((value) => value !== 0)).map(([name]) => name);
  const all = [...muon.parameters.keys()];
  expect(moved).toEqual(all.filter((name) => !names.some((layer) => name === `${layer}.weight`)));
});

it("leaves a partial convolution to AdamW, so that weights that are not connected stay 0", async () => {
  const connections = [[0], [1, 2], [0, 2]];
  const partial: Layer = {
    type: "conv2d",
    name: "conv2",
    outChannels: 3,
    kernel: 3,
    stride: 1,
    padding: 0,
    connections,
  };
  const model = {
    ...MODEL,
    layers: MODEL.layers.map((layer) => ("name" in layer && layer.name === "conv2" ? partial : layer)),
  };
  for (const backend of [referenceBackend, ...BACKENDS]) {
    const { parameters, second } = await trained(backend(), 8, MUON, 2, model);
    const { data } = parameters.get("conv2.weight")!;
    for (const [out, inputs] of connections.entries()) {
      for (let channel = 0; channel < 3; channel++) {
        const taps = data.slice((out * 3 + channel) * 9, (out * 3 + channel + 1) * 9);
        expect(taps.some((value) => value !== 0)).toBe(inputs.includes(channel));
      }
    }
    expect(second.get("conv2.weight")!.data.some((value) => value !== 0)).toBe(true);
  }
});

it("makes the singular values of a matrix about 1, whichever side is the wider", () => {
  for (const [rows, columns] of [
    [5, 9],
    [9, 5],
  ]) {
    const x = orthogonalized(Float64Array.from(numbers(45)), rows, columns);
    const [height, width] = [Math.min(rows, columns), Math.max(rows, columns)];
    const at = (row: number, column: number) =>
      rows > columns ? x[column * columns + row] : x[row * columns + column];
    // The diagonal of X·Xᵀ is a mean of squared singular values, which are between 0.7 and 1.2.
    for (let row = 0; row < height; row++) {
      let sum = 0;
      for (let column = 0; column < width; column++) sum += at(row, column) ** 2;
      expect(sum).toBeGreaterThan(0.45);
      expect(sum).toBeLessThan(1.5);
    }
  }
});

it("refuses a layer that has no matrix", async () => {
  const optimizer = { ...MUON, layers: ["conv1", "fc9"] };
  for (const backend of BACKENDS) {
    await expect(trained(backend(), 4, optimizer)).rejects.toThrow(
      new RangeError('Muon cannot update a layer "fc9"; there are conv1, conv2, fc1, fc2, fc3, fc4'),
    );
  }
});
