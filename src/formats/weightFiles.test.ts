import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bitsOf } from "../../tests/support/bits.js";
import {
  initializeParameters,
  lenet5,
  type Model,
  type ModelMetadata,
  type NamedTensors,
  type Tensor,
  type Weights,
} from "../model/index.js";
import { TUTORIAL_NORMALIZATION } from "../training/recipes/improvedNetwork.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { withBatchCounts } from "./batchCounts.js";
import { FormatError, UnknownLayersError } from "./errors.js";
import { writeOnnx } from "./onnx/index.js";
import { readPth, writePth } from "./pth/pth.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import { readWeights, WEIGHTS_FORMATS, writeWeights } from "./weightFiles.js";

const model = lenet5({ ...RECIPES.improved, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
const parameters = initializeParameters(model, 5);
const metadata: ModelMetadata = {
  model,
  normalization: { mean: [0.25], std: [0.5] },
  classes: [..."0123456789"],
  framing: { resize: "cover", background: 255 },
  recipe: "improved",
  data: "digits",
  epoch: 7,
  validationAccuracy: 0.75,
};
const weights: Weights = { model, parameters, normalization: metadata.normalization, metadata };

/** The parameters under other layer names. */
function renamed(names: Readonly<Record<string, string>>): NamedTensors {
  return new Map(
    [...parameters].map(([name, tensor]) => {
      const [layer, part] = name.split(".");
      return [`${names[layer]}.${part}`, tensor];
    }),
  );
}

/** Weights whose parameters are quick to compare. */
const withBits = (weights: Weights) => ({ ...weights, parameters: bitsOf(weights.parameters) });

/** Asserts that tensors equal the parameters bit for bit, in the same order. */
function expectParameters(tensors: NamedTensors): void {
  expect([...bitsOf(tensors)]).toEqual([...bitsOf(parameters)]);
}

describe.each(WEIGHTS_FORMATS)("as %s", (format) => {
  it("weights come back with all their metadata", () => {
    expect(withBits(readWeights(writeWeights(weights, format)))).toEqual(withBits(weights));
  });

  it("weights of unknown origin come back with their model", () => {
    const { metadata: _, ...bare } = weights;
    const read = readWeights(writeWeights(bare, format));
    const described = { ...bare, metadata: { model, normalization: bare.normalization } };
    expect(withBits(read)).toEqual(withBits(described));
  });
});

describe("batch normalisation", () => {
  const normalized = lenet5({
    ...RECIPES.improved,
    batchNorm: true,
    input: { channels: 1, height: 28, width: 28 },
    classes: 10,
  });
  const drawn = new Map(
    [...initializeParameters(normalized, 5)].map(([name, { shape, data }], index) => {
      return [name, { shape, data: data.map((value, place) => value + ((index + place) % 7) / 16) }];
    }),
  );
  const { normalization } = weights;

  it.each(WEIGHTS_FORMATS)("comes back as %s", (format) => {
    const all = { model: normalized, parameters: drawn, normalization, metadata: { ...metadata, model: normalized } };
    expect(withBits(readWeights(writeWeights(all, format)))).toEqual(withBits(all));
  });

  it("has a count of batches in a state_dict, as PyTorch expects", () => {
    const all = { model: normalized, parameters: drawn, normalization };
    for (const tensors of [
      readPth(writeWeights(all, "pth")).tensors,
      readSafetensors(writeWeights(all, "safetensors")).tensors,
    ]) {
      expect([...tensors.keys()].filter((name) => name.startsWith("bn1."))).toEqual(
        ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"].map((part) => `bn1.${part}`),
      );
      expect(tensors.get("bn1.num_batches_tracked")).toEqual({ shape: [], data: BigInt64Array.of(0n) });
    }
  });

  it.each(["pth", "safetensors", "onnx"] as const)("is refused with a negative running variance, as %s", (format) => {
    const parameters = new Map(drawn);
    const { shape, data } = drawn.get("bn2.running_var")!;
    parameters.set("bn2.running_var", {
      shape,
      data: Float32Array.from(data, (value, at) => (at === 3 ? -0.25 : value)),
    });
    const bytes = writeWeights({ model: normalized, parameters, normalization: weights.normalization }, format);
    expect(() => readWeights(bytes)).toThrow(
      new FormatError('tensor "bn2.running_var" holds -0.25: a variance is never negative'),
    );
  });

  it.each<[string, Record<string, string>]>([
    ["the usual names", {}],
    [
      "the numbers of an nn.Sequential",
      { conv1: "0", bn1: "1", conv2: "4", bn2: "5", fc1: "9", bn3: "10", fc2: "12", bn4: "13", fc3: "15" },
    ],
  ])("is recognised without metadata, by %s", (_, names) => {
    const named = new Map(
      [...withBatchCounts(drawn)].map(([name, tensor]) => {
        const [layer, part] = name.split(".");
        return [`${names[layer] ?? layer}.${part}`, tensor];
      }),
    );
    const read = readWeights(writePth(named), { ...RECIPES.improved, dropout: RECIPES.improved.dropout });
    expect(read.model).toEqual(normalized);
    expect(bitsOf(read.parameters)).toEqual(bitsOf(drawn));
  });
});

it("writes only the formats there are", () => {
  expect(() => writeWeights(weights, "npz" as "pth")).toThrow(
    new RangeError('weights are written as pth, safetensors or onnx, not "npz"'),
  );
});

it("reads only files of these formats", () => {
  for (const bytes of [[], [0x1f, 0x8b], new Array(99).fill(0)]) {
    expect(() => readWeights(Uint8Array.from(bytes))).toThrow("the file is not a .pth, .safetensors or .onnx file");
  }
});

describe("a message about a file", () => {
  it("is one line of bounded length", () => {
    const messageOf = (text: string) => new FormatError(text).message;
    expect(messageOf("a\nb\rc\0d\u2028e\u2029f\ud800g")).toBe("a?b?c?d?e?f?g");
    expect(messageOf("é✓🐈")).toBe("é✓🐈");
    expect(messageOf("x".repeat(300))).toBe("x".repeat(300));
    expect(messageOf("x".repeat(301))).toBe(`${"x".repeat(300)}…`);
  });

  it("has a code", () => {
    expect(new FormatError("")).toMatchObject({ name: "FormatError", code: "ERR_FORMAT" });
    expect(new UnknownLayersError()).toMatchObject({ name: "FormatError", code: "ERR_UNKNOWN_LAYERS" });
  });
});

it("marks safetensors files as PyTorch's", () => {
  expect(readSafetensors(writeWeights(weights, "safetensors")).metadata.format).toBe("pt");
});

describe("weights without metadata", () => {
  it("need a recipe", () => {
    expect(() => readWeights(writePth(parameters))).toThrow("name its recipe with --recipe");
    const read = readWeights(writePth(parameters), RECIPES.improved);
    const described = { model, parameters, normalization: TUTORIAL_NORMALIZATION, metadata: undefined };
    expect(withBits(read)).toEqual(withBits(described));
  });

  it("take their normalization from the graph or from the recipe", () => {
    const recipe = { ...RECIPES.improved, normalization: { mean: [0.125], std: [0.25] } };
    expect(readWeights(writePth(parameters), recipe).normalization).toEqual(recipe.normalization);
    const { normalization: _, ...bare } = recipe;
    expect(readWeights(writePth(parameters), bare).normalization).toEqual(TUTORIAL_NORMALIZATION);
    const { metadata: __, ...unknown } = weights;
    expect(readWeights(writeOnnx(unknown, { withPreprocessing: true }), recipe).normalization).toEqual(
      weights.normalization,
    );
    expect(readWeights(writeWeights(unknown, "pth"), recipe).normalization).toEqual(weights.normalization);
  });

  it.each<[string, (tensors: Map<string, Tensor>) => unknown]>([
    ["a tensor too many", (tensors) => tensors.set("scale", { shape: [1], data: new Float32Array(1) })],
    ["a bias too few", (tensors) => tensors.delete("9.bias")],
    ["a convolution too many", (tensors) => tensors.set("2.weight", tensors.get("0.weight")!)],
    ["a linear layer too many", (tensors) => tensors.set("10.weight", tensors.get("11.weight")!)],
    ["a linear layer too few", (tensors) => tensors.delete("11.weight") && tensors.delete("11.bias")],
    ["a convolution too few", (tensors) => tensors.delete("3.weight") && tensors.delete("3.bias")],
    [
      "convolutions that do not fit together",
      (tensors) => tensors.set("3.weight", { shape: [16, 5, 5, 6], data: new Float32Array(2400) }),
    ],
    [
      "linear layers that do not fit together",
      (tensors) => tensors.set("11.weight", { shape: [10, 42], data: new Float32Array(420) }),
    ],
  ])("keep names of which the layers are unknown: %s", (_, change) => {
    const tensors = new Map<string, Tensor>(renamed({ conv1: "0", conv2: "3", fc1: "7", fc2: "9", fc3: "11" }));
    change(tensors);
    expect(() => readWeights(writePth(tensors), RECIPES.improved)).toThrow(
      /^not a LeNet-5: it has no tensor conv1.weight \(it has /,
    );
  });

  it.each<[string, Record<string, string>]>([
    ["an nn.Sequential", { conv1: "0", conv2: "3", fc1: "7", fc2: "9", fc3: "11" }],
    [
      "two nn.Sequential",
      { conv1: "features.0", conv2: "features.3", fc1: "classifier.1", fc2: "classifier.3", fc3: "classifier.5" },
    ],
    ["a nested module", { conv1: "net.conv1", conv2: "net.conv2", fc1: "net.fc1", fc2: "net.fc2", fc3: "net.fc3" }],
    ["other names", { conv1: "c1", conv2: "c3", fc1: "c5", fc2: "f6", fc3: "output" }],
  ])("may have the layer names of %s", (_, names) => {
    const tensors = renamed(names);
    for (const bytes of [writePth(tensors), writeSafetensors(tensors)]) {
      expectParameters(readWeights(bytes, RECIPES.improved).parameters);
    }
    // The order in which Python's safetensors library writes them: 0, 11, 3, 7, 9.
    const sorted = new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)));
    expectParameters(readWeights(writePth(sorted), RECIPES.improved).parameters);
  });

  it("are refused if several orders of their layers fit", () => {
    const square = new Map<string, Tensor>(renamed({ conv1: "0", conv2: "3", fc1: "7", fc2: "9", fc3: "11" }));
    for (const layer of ["7", "9", "11"]) {
      square.set(`${layer}.weight`, { shape: [16, 16], data: new Float32Array(256) });
      square.set(`${layer}.bias`, { shape: [16], data: new Float32Array(16) });
    }
    expect(() => readWeights(writePth(square), RECIPES.improved)).toThrow(
      "it has no tensor conv1.weight (it has 0.wei",
    );
  });

  it("may be float64, but not integers", () => {
    const halves = (make: (count: number) => Tensor["data"]) =>
      new Map([...parameters].map(([name, { shape, data }]) => [name, { shape, data: make(data.length) }]));
    const read = readWeights(writePth(halves((count) => new Float64Array(count).fill(0.5))), RECIPES.improved);
    expect(read.parameters.get("fc3.bias")).toEqual({ shape: [10], data: new Float32Array(10).fill(0.5) });
    const integers = writePth(halves((count) => new BigInt64Array(count)));
    expect(() => readWeights(integers, RECIPES.improved)).toThrow('tensor "conv1.weight" holds integers, not weights');
  });

  it.each(["F16", "BF16"] as const)("may be in half precision: %s", (type) => {
    // The bits of 1.5.
    const half = { F16: 0x3e00, BF16: 0x3fc0 }[type];
    const places = { conv1: 6, conv2: 16, fc1: 120, fc2: 84, fc3: 10 };
    let end = 0;
    const entries = [...parameters].map(([name, { shape, data }]) => {
      end += 2 * data.length;
      return [name, { dtype: type, shape, data_offsets: [end - 2 * data.length, end] }];
    });
    const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
    const bytes = Buffer.alloc(8 + header.length + end);
    bytes.writeBigUInt64LE(BigInt(header.length));
    bytes.set(header, 8);
    for (let place = 8 + header.length; place < bytes.length; place += 2) bytes.writeUInt16LE(half, place);
    const read = readWeights(bytes, RECIPES.improved);
    for (const [layer, count] of Object.entries(places)) {
      expect(read.parameters.get(`${layer}.bias`)?.data).toEqual(new Float32Array(count).fill(1.5));
    }
  });
});

describe("a hostile model is refused in one line", () => {
  const nested = "[".repeat(400_000) + "]".repeat(400_000);
  const headed = (header: string) => {
    const text = Buffer.from(header);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text]);
  };
  const input = { channels: 1, height: 28, width: 28 };
  const flatten = { type: "flatten" } as const;
  const linear = { type: "linear", name: "fc", outFeatures: 2 } as const;
  const convolution = { type: "conv2d", name: "conv", outChannels: 1, kernel: 1, stride: 1, padding: 0 } as const;
  const convolved = (change: object): Model => ({ input, layers: [{ ...convolution, ...change }, flatten, linear] });

  it.each<[string, Model, string]>([
    ["a kernel of 10^9", convolved({ kernel: 1e9 }), "model.layers.0.kernel: must be at most"],
    ["10^9 channels", convolved({ outChannels: 1e9 }), "model.layers.0.outChannels: must be at most"],
    ["a padding of 10^9", convolved({ padding: 1e9 }), "model.layers.0.padding: must be at most"],
    ["a stride of 0", convolved({ stride: 0 }), "conv (Conv2d-1): stride must be an integer of at least 1, not 0"],
    ["a negative kernel", convolved({ kernel: -1 }), "model.layers.0.kernel: must be at least 0"],
    ["half a kernel", convolved({ kernel: 1.5 }), "model.layers.0.kernel: must be a whole number"],
    ["a kernel larger than the image", convolved({ kernel: 200 }), "is larger than its input [1, 28, 28]"],
    [
      "an input of 10^9",
      { input: { ...input, height: 1e9 }, layers: [flatten, linear] },
      "model.input.height: must be at most",
    ],
    ["10^4 layers", { input, layers: new Array(1e4).fill(flatten) }, "model.layers: must be a list of at most 64"],
    ["no layers", { input, layers: [] }, "the model has no layers"],
    ["10^10 features", { input, layers: [flatten, { ...linear, outFeatures: 1e10 }] }, "outFeatures: must be at most"],
    [
      "huge feature maps with few parameters",
      {
        input: { channels: 1, height: 1000, width: 1000 },
        layers: [{ ...convolution, outChannels: 1000 }, flatten, linear],
      },
      "refused: the model computes 2001000002 values",
    ],
    [
      "a day of multiplications with few parameters",
      {
        input: { channels: 1, height: 500, width: 500 },
        layers: [{ ...convolution, kernel: 200, padding: 100 }, flatten, linear],
      },
      "multiplications for one image, far more than any LeNet-5",
    ],
    [
      "a name with a newline",
      { input, layers: [flatten, { ...linear, name: "a\nb" }] },
      "the weights have no tensor a?b.weight",
    ],
  ])("%s", (_, hostile, message) => {
    const text = JSON.stringify({ model: hostile, normalization: TUTORIAL_NORMALIZATION });
    for (const bytes of [writePth(new Map(), { lenet: text }), writeSafetensors(new Map(), { lenet: text })]) {
      expect(() => readWeights(bytes)).toThrow(message);
    }
  });

  it("only above 2^20 values or 2^30 multiplications", () => {
    const read = (input: Model["input"], layers: Model["layers"]) => () =>
      readWeights(
        writePth(new Map(), {
          lenet: JSON.stringify({ model: { input, layers }, normalization: TUTORIAL_NORMALIZATION }),
        }),
      );
    const wide = (width: number) => read({ channels: 1, height: 512, width }, [flatten, { ...linear, outFeatures: 1 }]);
    // Twice the image, and the output.
    expect(wide(1023)).toThrow("the weights have no tensor fc.weight");
    expect(wide(1024)).toThrow("refused: the model computes 1048577 values by 524288 multiplications for one image");
    const deep = (outFeatures: number) =>
      read({ channels: 1024, height: 32, width: 8 }, [flatten, { ...linear, outFeatures }]);
    expect(deep(4096)).toThrow("the weights have no tensor fc.weight");
    expect(deep(4097)).toThrow("refused: the model computes 528385 values by 1074003968 multiplications");
  });

  it.each<[string, Uint8Array]>([
    ["as a type", headed(`{"w":{"dtype":${nested},"shape":[],"data_offsets":[0,0]}}`)],
    ["as a shape", headed(`{"w":{"dtype":"F32","shape":${nested},"data_offsets":[0,0]}}`)],
    ["as offsets", headed(`{"w":{"dtype":"F32","shape":[],"data_offsets":${nested}}}`)],
    ["as metadata", headed(`{"__metadata__":${nested}}`)],
    ["in our metadata", writePth(new Map(), { lenet: nested })],
    [
      "in a field of our metadata",
      writePth(new Map(), { lenet: `{"model":{"input":1,"layers":[{"type":${nested}}]}}` }),
    ],
  ])("with lists nested 400,000 deep %s", (_, bytes) => {
    expect(() => readWeights(bytes)).toThrow(FormatError);
  });

  it.each<[string, number, string]>([
    ["NaN", Number.NaN, 'tensor "fc2.weight" holds NaN'],
    ["infinity", Number.NEGATIVE_INFINITY, 'tensor "fc2.weight" holds -Infinity'],
    ["more than a float32", 1e300, 'tensor "fc2.weight" holds Infinity'],
  ])("with a weight that is %s", (_, value, message) => {
    const data = Float64Array.from(parameters.get("fc2.weight")!.data);
    data[77] = value;
    const spoilt = new Map<string, Tensor>([...parameters, ["fc2.weight", { shape: [84, 120], data }]]);
    for (const bytes of [
      writePth(spoilt),
      writeSafetensors(spoilt),
      writeOnnx({ ...weights, parameters: spoilt as NamedTensors<Float32Array> }),
    ]) {
      expect(() => readWeights(bytes, RECIPES.improved)).toThrow(message);
    }
  });

  it("with oversized metadata", () => {
    const bytes = writePth(new Map(), { lenet: "[".repeat(2e6) });
    expect(() => readWeights(bytes)).toThrow('the metadata "lenet" has 2000000 characters, more than 1000000');
  });

  it.each<[string, Partial<ModelMetadata>, string]>([
    ["with another number of classes", { classes: ["a", "b"] }, "names 2 classes, the model has 10"],
    [
      "with another number of channels",
      { normalization: { mean: [1, 2, 3], std: [1] } },
      "is for 3 channels, the model",
    ],
    [
      "with another number of channels in its std",
      { normalization: { mean: [1], std: [1, 2] } },
      "the metadata's normalization is for 2 channels, the model has 1",
    ],
    ["with an accuracy of 200 %", { validationAccuracy: 2 }, "validationAccuracy: must be at most"],
  ])("%s", (_, change, message) => {
    const bytes = writeWeights({ ...weights, metadata: { ...metadata, ...change } }, "pth");
    expect(() => readWeights(bytes)).toThrow(message);
  });
});

it("reads weights trained by PyTorch", () => {
  const { parameters: trained } = readWeights(
    readFileSync("tests/golden/improved-1x28x28.legacy.pth"),
    RECIPES.improved,
  );
  const { parameters: zipped } = readWeights(readFileSync("tests/golden/improved-1x28x28.pth"), RECIPES.improved);
  expect(bitsOf(trained)).toEqual(bitsOf(zipped));
});
