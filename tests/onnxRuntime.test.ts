import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { writeOnnx } from "../src/formats/onnx/index.js";
import { compile } from "./support/batchEngine.js";
import { lenetWeights } from "./support/onnxFiles.js";

/** The runtimes are installed in bench/ only: `npm ci --prefix bench`. */
const RUNTIMES = ["onnxruntime-web", "onnxruntime-node"];
const BATCHES = [1, 3, 64];
const NETWORKS = [
  { input: { channels: 1, height: 28, width: 28 }, activation: "sigmoid", pooling: "averagePool2d", classes: 10 },
  { input: { channels: 3, height: 32, width: 32 }, activation: "relu", pooling: "maxPool2d", classes: 7, dropout: 0.5 },
  { input: { channels: 2, height: 21, width: 34 }, activation: "tanh", pooling: "averagePool2d", classes: 2 },
] as const;

interface Runtime {
  readonly Tensor: new (type: string, data: Uint8Array | Float32Array, shape: readonly number[]) => object;
  readonly InferenceSession: { create(model: Uint8Array): Promise<Session> };
}

interface Session {
  run(inputs: Readonly<Record<string, object>>): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
  release(): Promise<void>;
}

function largestDifference(found: Float32Array, expected: Float32Array): number {
  expect(found).toHaveLength(expected.length);
  const differences = expected.map((value, index) => Math.abs(value - found[index]));
  return Math.max(...differences) / Math.max(...expected.map(Math.abs));
}

function softmax(logits: Float32Array, classes: number): Float32Array {
  return logits.map((value, index) => {
    const first = index - (index % classes);
    const row = logits.subarray(first, first + classes);
    return Math.exp(value) / row.reduce((sum, each) => sum + Math.exp(each), 0);
  });
}

describe.each(RUNTIMES)("%s", (name) => {
  const require = createRequire(new URL("../bench/package.json", import.meta.url));
  const isInstalled = existsSync(new URL(`../bench/node_modules/${name}`, import.meta.url));
  const reason = isInstalled ? "" : " (SKIPPED: not installed; npm ci --prefix bench)";

  describe.skipIf(!isInstalled)(`matches the engine${reason}`, () => {
    it.each(NETWORKS)("$input.channels×$input.height×$input.width, $activation", async (network) => {
      const runtime = require(name) as Runtime;
      const weights = lenetWeights(network);
      const { model, parameters, normalization } = weights;
      const { channels, height, width } = model.input;
      const engine = await compile(model, {
        batchSize: Math.max(...BATCHES),
        normalization,
        optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
      });
      await engine.setParameters(parameters);
      const plain = await runtime.InferenceSession.create(writeOnnx(weights));
      const whole = await runtime.InferenceSession.create(writeOnnx(weights, { withPreprocessing: true }));

      for (const batch of BATCHES) {
        // [batch, height, width, channels]
        const images = Uint8Array.from({ length: batch * height * width * channels }, (_, index) => (index * 89) % 256);
        const { mean, std } = normalization;
        const values = new Float32Array(images.length);
        for (const [index, byte] of images.entries()) {
          const channel = index % channels;
          const pixel = Math.floor(index / channels) % (height * width);
          const sample = Math.floor(index / (channels * height * width));
          const place = (sample * channels + channel) * height * width + pixel;
          values[place] = (byte / 255 - mean[channel]) / std[channel];
        }
        const { data: expected } = await engine.predict({ values });
        const input = new runtime.Tensor("float32", values, [batch, channels, height, width]);
        const { logits } = await plain.run({ input });
        expect(largestDifference(logits.data, expected)).toBeLessThan(1e-5);

        const bytes = new runtime.Tensor("uint8", images, [batch, height, width, channels]);
        const { probabilities } = await whole.run({ images: bytes });
        expect(largestDifference(probabilities.data, softmax(expected, network.classes))).toBeLessThan(1e-5);
      }
      await plain.release();
      await whole.release();
      engine.dispose();
    });
  });
});
