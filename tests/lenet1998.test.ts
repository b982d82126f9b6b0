import { readFileSync } from "node:fs";
import v8 from "node:v8";
import { describe, expect, it } from "vitest";
import { generateDigits } from "../src/data/digits.js";
import { epochOrder } from "../src/data/split.js";
import { measureCurvature } from "../src/engine/curvature/curvature.js";
import { supportsFusedArithmetic } from "../src/engine/wasm/features.js";
import { wasmBackend } from "../src/engine/wasm/wasmBackend.js";
import { webgpuBackend } from "../src/engine/webgpu/webgpuBackend.js";
import { readWeights, writeWeights } from "../src/formats/weightFiles.js";
import {
  elementCount,
  inferShapes,
  initializeParameters,
  LENET5_CONNECTIONS,
  lenet5,
  type Model,
  type NamedTensors,
  parameterSpecs,
  summarize,
  trainableCount,
} from "../src/model/index.js";
import { paperLayers } from "../src/model/paperLayers.js";
import { LeNet5 } from "../src/network/lenet5.js";
import { type FinishedEpoch, runEpochs, type TrainingState } from "../src/training/epochs.js";
import { compilePlan, planTraining } from "../src/training/plan.js";
import { RECIPES, type Recipe } from "../src/training/recipes/recipes.js";
import { BatchEngine, type CompileOptions, compile, referenceEngine } from "./support/batchEngine.js";
import { testGpu } from "./support/webgpu.js";

// Node 20 has relaxed SIMD behind a flag, which must be set before the first compilation.
if (!supportsFusedArithmetic()) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");

const { gpu, missing } = await testGpu();

it.skipIf(missing)(missing ? `WebGPU, which needs ${missing}` : "finds WebGPU", () => {
  expect(gpu).toBeDefined();
});

const recipe = RECIPES["lenet-1998"];
const model = lenet5({ ...recipe, input: recipe.input!, classes: 10 });
const layers = inferShapes(model);

async function compileOnCard(options: CompileOptions): Promise<BatchEngine> {
  return new BatchEngine(await webgpuBackend({ gpu }).compile([{ model, ...options }], options));
}

describe("the network of 1998", () => {
  const paper = paperLayers(layers);
  const named = (count: (main: number) => number) =>
    Object.fromEntries(paper.map(({ term, main }) => [term, count(main)]));

  it("has 60,000 trainable parameters, layer by layer those of the paper", () => {
    const parameters = named((main) => layers[main].parameters.reduce((sum, spec) => sum + trainableCount(spec), 0));
    expect(parameters).toEqual({ C1: 156, S2: 12, C3: 1516, S4: 32, C5: 48_120, F6: 10_164, Output: 0 });
    expect(summarize(model).totalParameters).toBe(60_000);
  });

  it("has 340,908 connections: the paper prints 156,000 for C3, but its table gives 151,600", () => {
    // Each unit's inputs and, but for the output, its bias.
    const connections = named((main) => {
      const { layer, output, multiplyAdds } = layers[main];
      const units = elementCount(output);
      if (layer.type === "subsample2d") return units * (layer.kernel ** 2 + 1);
      return multiplyAdds + (layer.type === "rbf" ? 0 : units);
    });
    expect(connections).toEqual({
      C1: 122_304,
      S2: 5880,
      C3: 151_600,
      S4: 2000,
      C5: 48_120,
      F6: 10_164,
      Output: 840,
    });
    expect(Object.values(connections).reduce((sum, count) => sum + count)).toBe(340_908);
  });

  it("connects each map of S2 to ten maps of C3", () => {
    const counts = [0, 1, 2, 3, 4, 5].map((map) => LENET5_CONNECTIONS.filter((maps) => maps.includes(map)).length);
    expect(counts).toEqual(Array(6).fill(10));
    expect(new Set(LENET5_CONNECTIONS.map((maps) => maps.join())).size).toBe(16);
  });
});

/** Values of the network in PyTorch and float64: see tests/golden/make_lenet1998.py. */
interface Golden {
  readonly rubbishPenalty: number;
  readonly labels: readonly number[];
  readonly losses: readonly number[];
  readonly distances: readonly number[];
  readonly gradients: Readonly<Record<string, Picked>>;
  readonly secondDerivatives: Readonly<Record<string, Picked>>;
}

/** A tensor's sum of absolute values, and every so many-th of its elements. */
interface Picked {
  readonly sum: number;
  readonly step: number;
  readonly values: readonly number[];
}

const golden: Golden = JSON.parse(readFileSync(new URL("golden/lenet-1998.json", import.meta.url), "utf8"));

const BOUNDS = { conv1: 0.3, pool1: 0.5, conv2: 0.25, pool2: 0.5, fc1: 0.12, fc2: 0.2 };

const parameters: NamedTensors<Float32Array> = new Map(
  parameterSpecs(layers).map(({ name, shape, connections }, salt) => {
    const bound = BOUNDS[name.split(".")[0] as keyof typeof BOUNDS];
    const data = Float32Array.from({ length: elementCount(shape) }, (_, index) => {
      const remainder = (index * index * 31 + index * 7919 + salt * 104_729) % 2003;
      const [out, channel] = [Math.floor(index / 150), Math.floor(index / 25) % 6];
      return connections && !connections[out].includes(channel) ? 0 : ((remainder - 1001) / 1001) * bound;
    });
    return [name, { shape, data }];
  }),
);
const pixels = Uint8Array.from(
  { length: golden.labels.length * 1024 },
  (_, index) => ((index * index * 17 + index * 5) % 1009) % 256,
);
const indices = [...golden.labels.keys()];

/** The largest error of the picked elements, relative to the tensor's largest picked element, and of the sum. */
function expectPicked(name: string, data: ArrayLike<number>, { sum, step, values }: Picked, tolerance: number) {
  const total = Array.from(data).reduce((before, value) => before + Math.abs(value), 0);
  expect(Math.abs(total / sum - 1), `${name}, sum`).toBeLessThan(tolerance);
  const largest = Math.max(...values.map(Math.abs));
  values.forEach((value, place) => {
    expect(Math.abs(data[place * step] - value) / largest, `${name}[${place * step}]`).toBeLessThan(tolerance);
  });
}

describe("the network of 1998 in PyTorch", () => {
  const options = { ...recipe, rubbishPenalty: golden.rubbishPenalty, batchSize: golden.labels.length };

  it("has the same outputs, losses and gradients", async () => {
    const engines = [
      { engine: await referenceEngine(model, options), tolerance: 2e-7 },
      { engine: await compile(model, { ...options, arithmetic: "fused" }), tolerance: 1e-5 },
      { engine: await compile(model, { ...options, arithmetic: "portable" }), tolerance: 1e-5 },
      ...(gpu ? [{ engine: await compileOnCard(options), tolerance: 1e-5 }] : []),
    ];
    for (const { engine, tolerance } of engines) {
      await engine.setParameters(parameters);
      const { data } = await engine.predict({ pixels, indices });
      golden.distances.forEach((distance, place) => {
        expect(Math.abs(data[place] / -distance - 1)).toBeLessThan(tolerance);
      });
      const { losses, gradients } = await engine.differentiate({ pixels, indices }, golden.labels, 0);
      golden.losses.forEach((loss, place) => {
        expect(Math.abs(losses[place] / loss - 1)).toBeLessThan(tolerance);
      });
      for (const [name, gradient] of gradients) {
        expectPicked(name, gradient.data, golden.gradients[name], tolerance);
      }
    }
  });

  it("has the same second derivatives", () => {
    const measured = measureCurvature({ model, ...options }, parameters, { pixels, indices });
    for (const [name, { data }] of measured) expectPicked(name, data, golden.secondDerivatives[name], 2e-7);
  });
});

describe("a step of one sample", () => {
  it("is that of the reference", async () => {
    const options = { ...recipe, batchSize: 1 };
    const second = measureCurvature({ model, ...options }, parameters, { pixels, indices });
    const first = new Map([...second].map(([name, { shape, data }]) => [name, { shape, data: data.map(() => 0) }]));
    const engines = [await referenceEngine(model, options), await compile(model, options)];
    if (gpu) engines.push(await compileOnCard(options));
    for (const engine of engines) {
      await engine.setParameters(parameters);
      await engine.setOptimizerState({ first, second });
      for (const [step, label] of golden.labels.entries()) {
        const update = { step: step + 1, learningRate: 5e-4 };
        await engine.train({ pixels, indices: [step] }, [label], { labelSmoothing: 0, seed: 0 }, update);
      }
    }
    const [expected, ...others] = await Promise.all(engines.map((engine) => engine.parameters()));
    for (const [name, { data }] of expected) {
      const before = parameters.get(name)!.data;
      const change = (value: number, place: number) => value - before[place];
      const largest = Math.max(...data.map(change).map(Math.abs));
      expect(largest, `${name} was trained`).toBeGreaterThan(1e-5);
      for (const actual of others) {
        const errors = actual.get(name)!.data.map((value, place) => Math.abs(value - data[place]) / largest);
        // Both round parameters of about 0.1 to float32: an error of 1e-8 in changes of 1e-4.
        expect(Math.max(...errors), name).toBeLessThan(1e-3);
      }
    }
  });
});

describe("its files", () => {
  const weights = { model, parameters, normalization: recipe.normalization };

  it.each(["pth", "safetensors"] as const)("keep the network and its bits: %s", (format) => {
    const read = readWeights(writeWeights(weights, format));
    expect(read.model).toEqual(model);
    expect(read.normalization).toEqual(recipe.normalization);
    expect([...read.parameters].sort()).toEqual([...parameters].sort());
  });

  it("are refused if they connect what is not there, or what the network does not connect", () => {
    const withConnections = (connections: readonly (readonly number[])[]) => {
      const layers = model.layers.map((layer) => ("connections" in layer ? { ...layer, connections } : layer));
      const changed = { input: model.input, layers } as Model;
      const bytes = writeWeights(
        { ...weights, metadata: { model: changed, normalization: recipe.normalization } },
        "pth",
      );
      return () => readWeights(bytes);
    };
    const [, ...rest] = LENET5_CONNECTIONS;
    expect(withConnections([[0, 1, 6], ...rest])).toThrow(
      "conv2 (Conv2d-5): output channel 0 is connected to [0, 1, 6], expected some of 0 to 5, ascending",
    );
    expect(withConnections(rest)).toThrow("its connections are for 15 output channels, not 16");
    expect(withConnections([[0, 1], ...rest])).toThrow(
      "conv2.weight: the weights connect channels that the model does not connect",
    );
  });

  it("are written as ONNX, but not read back", () => {
    expect(() => readWeights(writeWeights(weights, "onnx"))).toThrow("found where a LeNet-5 has an activation");
  });
});

it("is created from its recipe", () => {
  const network = LeNet5.create({ ...recipe, classes: [..."0123456789"], seed: 3 });
  expect(network.model).toEqual(model);
  expect(network.parameters).toEqual(initializeParameters(model, 3, "lecun1998"));
});

describe("its training", () => {
  const train = generateDigits({ ...recipe.input!, seed: 0, count: 300, part: "train" });
  const changes = { epochs: 3, learningRate: 5e-3 };
  const quick: Recipe = { ...recipe, optimizer: { type: "sdlm", damping: 0.02, samples: 20 } };
  const plan = planTraining({ recipe: quick, changes, seed: 1 }, { train, background: 0 });

  async function run(resumeFrom?: TrainingState, epochs = Infinity): Promise<FinishedEpoch[]> {
    const engine = await compilePlan(plan, wasmBackend());
    const finished: FinishedEpoch[] = [];
    for await (const epoch of runEpochs({ ...plan, engine, resumeFrom })) {
      if (finished.push(epoch) === epochs) break;
    }
    engine.dispose();
    return finished;
  }

  it("learns, and resumes to the same bits", async () => {
    const whole = await run();
    expect(plan.split.train).toHaveLength(300);
    const losses = whole.map(({ record }) => record.validationLoss);
    expect(losses).toEqual(losses.toSorted((one, other) => other - one));
    expect(whole[2].record.validationAccuracy).toBeGreaterThan(0.5);
    const [first] = await run(undefined, 1);
    const resumed = await run(first.state);
    expect(resumed.map(({ state }) => state)).toEqual(whole.slice(1).map(({ state }) => state));
  });

  it("measures second derivatives on the first images of each pass", async () => {
    const engine = await compilePlan(plan, wasmBackend());
    const [{ state }] = await run(undefined, 1);
    const measured = measureCurvature({ model: plan.model, ...plan.recipe }, await engine.parameters(), {
      pixels: train.images,
      indices: epochOrder(plan.split.train, 1, 1).subarray(0, 20),
    });
    expect(state.optimizer.second).toEqual(measured);
    engine.dispose();
  });
});
