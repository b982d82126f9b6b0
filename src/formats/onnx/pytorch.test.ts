import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compile } from "../../../tests/support/batchEngine.js";
import type { Model, NamedTensors } from "../../model/index.js";
import { readSafetensors } from "../safetensors.js";
import { isOnnx, readOnnx } from "./index.js";

const FOLDER = "tests/fixtures/onnx";
const EXPECTED = readSafetensors(readFileSync(`${FOLDER}/expected.safetensors`)).tensors;
const EXTERNAL = "paper.dynamo-external.onnx";
const FILES = readdirSync(FOLDER).filter((name) => /\.(legacy|dynamo).*\.onnx$/.test(name) && name !== EXTERNAL);

/** Activation and pooling of the networks in the files. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  paper: ["sigmoid", "averagePool2d"],
  improved: ["relu", "maxPool2d"],
  tanh: ["tanh", "maxPool2d"],
  half: ["sigmoid", "averagePool2d"],
};

/** The engine's logits for a batch of values. */
async function logits(model: Model, parameters: NamedTensors, values: Float32Array): Promise<Float32Array> {
  const engine = await compile(model, {
    batchSize: 4,
    normalization: { mean: [0], std: [1] },
    optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
  });
  await engine.setParameters(parameters);
  const { data } = await engine.predict({ values });
  engine.dispose();
  return data;
}

it.each(FILES)("reads %s", async (name) => {
  const bytes = readFileSync(`${FOLDER}/${name}`);
  expect(isOnnx(bytes)).toBe(true);
  const { model, tensors, metadata, normalization } = readOnnx(bytes);
  expect([metadata, normalization]).toEqual([{}, undefined]);

  const [network] = name.split(".");
  const [activation, pooling] = KINDS[network];
  const channels = network === "improved" ? 3 : 1;
  const size = channels === 3 ? 32 : 28;
  const hidden = (layer: string, outFeatures: number) => [
    { type: "linear", name: layer, outFeatures },
    { type: activation },
  ];
  expect(model).toEqual({
    input: { channels, height: size, width: size },
    layers: [
      { type: "conv2d", name: "conv1", outChannels: 2, kernel: 5, stride: 1, padding: 2 },
      { type: activation },
      { type: pooling, kernel: 2, stride: 2 },
      { type: "conv2d", name: "conv2", outChannels: 3, kernel: 5, stride: 1, padding: 0 },
      { type: activation },
      { type: pooling, kernel: 2, stride: 2 },
      { type: "flatten" },
      ...hidden("fc1", 9),
      ...hidden("fc2", 7),
      { type: "linear", name: "fc3", outFeatures: 4 },
    ],
  });

  const layers = ["conv1", "conv2", "fc1", "fc2", "fc3"];
  expect([...tensors.keys()]).toEqual(layers.flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]));
  for (const [key, tensor] of tensors) expect(tensor, key).toEqual(EXPECTED.get(`${network}.${key}`));

  const expected = EXPECTED.get(`${network}.logits`)!.data as Float32Array;
  const found = await logits(model, tensors, EXPECTED.get(`input${channels}`)!.data as Float32Array);
  const largest = Math.max(...expected.map(Math.abs));
  expect(found).toHaveLength(expected.length);
  for (const [index, value] of expected.entries()) expect(Math.abs(found[index] - value)).toBeLessThan(1e-5 * largest);
});

it("refuses weights in another file, and says how to write one file", () => {
  expect(() => readOnnx(readFileSync(`${FOLDER}/${EXTERNAL}`))).toThrow(
    /^onnx: tensor "conv2.weight": its data is in another file \("paper.dynamo-external.onnx.data"\); write the model as one file \(external_data=False\)$/,
  );
});
