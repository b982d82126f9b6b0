import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bitsOf } from "../../../tests/support/bits.js";
import { constant, edited, lenetWeights, node, setAttribute } from "../../../tests/support/onnxFiles.js";
import { initializeParameters, lenet5, type ModelMetadata, RBF_CENTRES, type Weights } from "../../model/index.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { VERSION } from "../../version.js";
import { readModelMetadata } from "../modelMetadata.js";
import { isOnnx, readOnnx, writeOnnx } from "./index.js";
import { AttributeType, DataType, MODEL } from "./messages.js";
import { readMessage } from "./protobuf.js";

const SHAPES = [
  { channels: 1, height: 12, width: 16 },
  { channels: 3, height: 16, width: 12 },
];
const KINDS = [
  { activation: "sigmoid", pooling: "averagePool2d", dropout: 0, classes: 10 },
  { activation: "relu", pooling: "maxPool2d", dropout: 0.5, classes: 3 },
  { activation: "leakyRelu", pooling: "averagePool2d", dropout: 0, classes: 4 },
  { activation: "tanh", pooling: "maxPool2d", dropout: 0.25, classes: 1 },
] as const;

function metadataOf({ model, normalization }: Weights): ModelMetadata {
  return {
    model,
    classes: ["T-shirt/top", 'a "quoted", listed', "größe"],
    normalization,
    framing: { resize: "contain", background: 255 },
    recipe: "improved",
    data: "fashion-mnist",
    epoch: 7,
    validationAccuracy: 0.9123,
  };
}

describe("reading a written file", () => {
  const cases = SHAPES.flatMap((input) =>
    KINDS.flatMap((kind) => [false, true].map((withPreprocessing) => ({ input, ...kind, withPreprocessing }))),
  );

  it.each(cases)(
    "keeps everything: $input.channels×$input.height×$input.width, $activation, $withPreprocessing",
    (options) => {
      const bare = lenetWeights(options);
      const weights = { ...bare, metadata: metadataOf(bare) };
      const bytes = writeOnnx(weights, options);
      expect(isOnnx(bytes)).toBe(true);
      const { model, tensors, metadata, normalization } = readOnnx(bytes);
      expect(model).toEqual(weights.model);
      expect(bitsOf(tensors)).toEqual(bitsOf(weights.parameters));
      expect(readModelMetadata(metadata)).toEqual(weights.metadata);
      expect(normalization !== undefined).toBe(options.withPreprocessing);
    },
  );

  it("keeps every bit", () => {
    const { model, parameters, ...rest } = lenetWeights();
    const bits = Uint32Array.of(0x80000000, 0x7fa00001, 0xffc12345, 0x7f800000, 0xff800000, 1);
    const special = new Map(parameters).set("conv1.bias", { shape: [6], data: new Float32Array(bits.buffer) });
    const { tensors } = readOnnx(writeOnnx({ model, parameters: special, ...rest }));
    expect(bitsOf(tensors)).toEqual(bitsOf(special));
  });

  it("keeps other layer names", () => {
    const { model, parameters, ...rest } = lenetWeights();
    const rename = (name: string) => name.replace("conv", "features.").replace("fc", "classifier.");
    const layers = model.layers.map((layer) => ("name" in layer ? { ...layer, name: rename(layer.name) } : layer));
    const renamed = new Map([...parameters].map(([name, tensor]) => [rename(name), tensor]));
    const bare = { model: { ...model, layers }, parameters: renamed, ...rest };
    const read = readOnnx(writeOnnx({ ...bare, metadata: metadataOf(bare) }));
    expect([read.model, bitsOf(read.tensors)]).toEqual([bare.model, bitsOf(renamed)]);
  });

  it.each([false, true])("keeps batch normalisation, with metadata or without: %s", (described) => {
    const { normalization } = lenetWeights();
    const named = lenetWeights({ batchNorm: true }).model;
    const layers = named.layers.map((layer) =>
      layer.type === "batchNorm" ? { ...layer, epsilon: 0.001, momentum: 0.25 } : layer,
    );
    const model = { ...named, layers };
    const parameters = new Map(
      [...initializeParameters(model, 1)].map(([name, { shape, data }], index) => [
        name,
        { shape, data: data.map((value, place) => value + index + (place % 7) / 8) },
      ]),
    );
    const bare = { model, parameters, normalization };
    const bytes = writeOnnx(described ? { ...bare, metadata: metadataOf(bare) } : bare);
    const read = readOnnx(bytes);
    expect(read.model).toEqual(model);
    expect(bitsOf(read.tensors)).toEqual(bitsOf(parameters));
    const training = { name: "training_mode", type: AttributeType.INT, i: 1 };
    const wrong = edited(bytes, ({ graph }) => setAttribute(node(graph, "bn1"), training));
    expect(() => readOnnx(wrong)).toThrow('node "bn1" (BatchNormalization): its training_mode is 1, expected 0');
    const unknown = edited(bytes, ({ graph }) => Object.assign(node(graph, "bn2"), { attribute: [] }));
    if (described) expect(() => readOnnx(unknown)).toThrow("describes a different network than the graph");
    else
      expect(readOnnx(unknown).model.layers).toContainEqual({
        type: "batchNorm",
        name: "bn2",
        epsilon: 1e-5,
        momentum: 0.1,
      });
  });

  it("keeps global average pooling", () => {
    const { model, ...rest } = lenetWeights();
    const pooling = model.layers.findLastIndex(({ type }) => type === "maxPool2d");
    const pooled = { ...model, layers: model.layers.with(pooling, { type: "globalAveragePool2d" }) };
    const parameters = initializeParameters(pooled, 1);
    const read = readOnnx(writeOnnx({ ...rest, model: pooled, parameters }));
    expect([read.model, bitsOf(read.tensors)]).toEqual([pooled, bitsOf(parameters)]);
  });

  it("finds the normalization, rounded to float32, without metadata", () => {
    const options = { input: SHAPES[1] };
    const weights = { ...lenetWeights(options), normalization: { mean: [0.1], std: [0.2, 0.3, 0.4] } };
    expect(readOnnx(writeOnnx(weights, { withPreprocessing: true })).normalization).toEqual({
      mean: Array(3).fill(Math.fround(0.1)),
      std: [0.2, 0.3, 0.4].map(Math.fround),
    });
  });

  it("is refused if metadata and graph differ", () => {
    const bare = lenetWeights();
    const metadata = metadataOf(bare);
    const other = lenetWeights({ activation: "tanh" });
    expect(() => readOnnx(writeOnnx({ ...bare, metadata: { ...metadata, model: other.model } }))).toThrow(
      /^onnx: the metadata "lenet" describes a different network than the graph$/,
    );
    for (const change of [{ mean: [0.75] }, { std: [0.75] }]) {
      const normalization = { ...bare.normalization, ...change };
      const weights = { ...bare, metadata: { ...metadata, normalization } };
      expect(() => readOnnx(writeOnnx(weights, { withPreprocessing: true }))).toThrow(
        /^onnx: the metadata "lenet" has a different normalization than the graph$/,
      );
      expect(readOnnx(writeOnnx(weights)).model).toEqual(bare.model);
    }
  });
});

describe("a written file", () => {
  const weights = lenetWeights({ input: SHAPES[1], dropout: 0.5, classes: 3 });
  const shapesOf = (bytes: Uint8Array) => {
    const { graph } = readMessage(MODEL, bytes);
    const values = [...graph!.input, ...graph!.value_info, ...graph!.output];
    return values.map(({ name, type }) => {
      const dimensions = type!.tensor_type!.shape!.dim.map(({ dim_value, dim_param }) => dim_value ?? dim_param);
      return `${name} ${type!.tensor_type!.elem_type} ${dimensions.join("×")}`;
    });
  };

  it("is the same for the same weights", () => {
    const again = writeOnnx(lenetWeights({ input: SHAPES[1], dropout: 0.5, classes: 3 }));
    expect(Buffer.compare(writeOnnx(weights), again)).toBe(0);
  });

  it("has readable names, shapes, and no dropout", () => {
    const { graph } = readMessage(MODEL, writeOnnx(weights));
    expect(graph!.node.map(({ name, op_type }) => `${name} ${op_type}`).join(", ")).toBe(
      "conv1 Conv, relu1 Relu, pool1 MaxPool, conv2 Conv, relu2 Relu, pool2 MaxPool, flatten1 Flatten, " +
        "fc1 Gemm, relu3 Relu, fc2 Gemm, relu4 Relu, fc3 Gemm",
    );
    expect(shapesOf(writeOnnx(weights))).toEqual([
      "input 1 batch×3×16×12",
      "conv1.output 1 batch×6×16×12",
      "relu1.output 1 batch×6×16×12",
      "pool1.output 1 batch×6×8×6",
      "conv2.output 1 batch×16×4×2",
      "relu2.output 1 batch×16×4×2",
      "pool2.output 1 batch×16×2×1",
      "flatten1.output 1 batch×32",
      "fc1.output 1 batch×120",
      "relu3.output 1 batch×120",
      "fc2.output 1 batch×84",
      "relu4.output 1 batch×84",
      "logits 1 batch×3",
    ]);
  });

  it("takes bytes and returns probabilities with preprocessing", () => {
    const shapes = shapesOf(writeOnnx(weights, { withPreprocessing: true }));
    expect([shapes[0], shapes[5], shapes.at(-1)]).toEqual([
      `images ${DataType.UINT8} batch×16×12×3`,
      "channels_first.output 1 batch×3×16×12",
      "probabilities 1 batch×3",
    ]);
  });

  it("holds classes and normalization for other programs", () => {
    const { producer_name, producer_version, ir_version, opset_import, metadata_props } = readMessage(
      MODEL,
      writeOnnx({ ...weights, metadata: metadataOf(weights) }),
    );
    expect([producer_name, producer_version, ir_version, opset_import]).toEqual([
      "lenet",
      VERSION,
      7,
      [{ domain: "", version: 13 }],
    ]);
    expect(metadata_props.map(({ key }) => key)).toEqual(["lenet", "class_names", "mean", "std"]);
    expect(metadata_props.slice(1).map(({ value }) => JSON.parse(value!))).toEqual([
      ["T-shirt/top", 'a "quoted", listed', "größe"],
      [0.25, 0.35, 0.45],
      [0.125, 0.175, 0.225],
    ]);
  });

  it("says what its input and output are", () => {
    const described = (bytes: Uint8Array) => {
      const { doc_string, graph } = readMessage(MODEL, bytes);
      return [doc_string, graph!.name, ...[...graph!.input, ...graph!.output].map(({ doc_string: text }) => text)];
    };
    const file = "LeNet-5 for images of 3x16x12, 3 classes";
    expect(described(writeOnnx(weights))).toEqual([
      ...[file, "lenet5", "Images [batch, channels, height, width], normalised: (byte / 255 - mean) / std"],
      "One logit for each class",
    ]);
    expect(described(writeOnnx(weights, { withPreprocessing: true }))).toEqual([
      ...[file, "lenet5", "Images [batch, height, width, channels], from 0 to 255", "One probability for each class"],
    ]);
  });

  it("composes the layers of 1998 from ONNX's operators", () => {
    const recipe = RECIPES["lenet-1998"];
    const model = lenet5({ ...recipe, input: recipe.input!, classes: 10 });
    const parameters = initializeParameters(model, 1);
    const bytes = writeOnnx({ model, parameters, normalization: recipe.normalization }, { withPreprocessing: true });
    const { graph } = readMessage(MODEL, bytes);
    const nodes = graph!.node.map(({ name, op_type, input }) => [name, op_type, ...input.slice(1)].join(" "));
    const tanh = (index: number) => [
      `scaledTanh${index}.scale Mul scaled_tanh.slope`,
      `scaledTanh${index}.tanh Tanh`,
      `scaledTanh${index} Mul scaled_tanh.amplitude`,
    ];
    expect(nodes.slice(5, -1)).toEqual([
      ...["conv1 Conv conv1.weight conv1.bias", ...tanh(1)],
      ...["pool1 Conv pool1.windows pool1.bias", ...tanh(2)],
      ...["conv2 Conv conv2.weight conv2.bias", ...tanh(3)],
      ...["pool2 Conv pool2.windows pool2.bias", ...tanh(4)],
      "flatten1 Flatten",
      ...["fc1 Gemm fc1.weight fc1.bias", ...tanh(5)],
      ...["fc2 Gemm fc2.weight fc2.bias", ...tanh(6)],
      ...["rbf1.unsqueeze Unsqueeze rbf.class_axis", "rbf1.differences Sub rbf.centres"],
      ...["rbf1.distances ReduceSumSquare", "rbf1 Mul rbf.share"],
    ]);
    // Each node takes the output of the one before.
    const outputs = ["images", ...graph!.node.flatMap(({ output }) => output)];
    expect(graph!.node.map(({ input }) => input[0])).toEqual(outputs.slice(0, -1));

    const attributesOf = (name: string) =>
      graph!.node.find((each) => each.name === name)!.attribute.map(({ name, i, ints }) => [name, i ?? ints]);
    const window = [
      ["kernel_shape", [2, 2]],
      ["strides", [2, 2]],
    ];
    expect(attributesOf("pool1")).toEqual([...window, ["group", 6]]);
    expect(attributesOf("pool2")).toEqual([...window, ["group", 16]]);
    expect(attributesOf("rbf1.distances")).toEqual([
      ["axes", [2]],
      ["keepdims", 0],
    ]);

    const shapes = shapesOf(bytes);
    expect(shapes).toContain("pool1.output 1 batch×6×14×14");
    expect(shapes).toContain("scaledTanh6.tanh.output 1 batch×84");
    expect(shapes.slice(-6)).toEqual([
      ...[
        "scaledTanh6.output 1 batch×84",
        "rbf1.unsqueeze.output 1 batch×1×84",
        "rbf1.differences.output 1 batch×10×84",
      ],
      ...["rbf1.distances.output 1 batch×10", "rbf1.output 1 batch×10", "probabilities 1 batch×10"],
    ]);

    const constants = new Map(graph!.initializer.map((each) => [each.name, each]));
    const floats = (name: string) => new Float32Array(constants.get(name)!.raw_data!.slice().buffer);
    expect([...constants.keys()].filter((name) => !parameters.has(name!))).toEqual([
      ...["scaled_tanh.slope", "scaled_tanh.amplitude", "pool1.windows", "pool2.windows"],
      ...["rbf.centres", "rbf.class_axis", "rbf.share", "largest_byte", "mean", "std"],
    ]);
    // The coefficients are in the windows only.
    expect([...parameters.keys()].filter((name) => !constants.has(name))).toEqual([
      ...["pool1.weight", "pool2.weight"],
    ]);
    expect([...floats("scaled_tanh.slope"), ...floats("scaled_tanh.amplitude")]).toEqual(
      [2 / 3, 1.7159].map(Math.fround),
    );
    expect(constants.get("pool1.windows")!.dims).toEqual([6, 1, 2, 2]);
    const coefficients = parameters.get("pool1.weight")!.data;
    expect([...floats("pool1.windows")]).toEqual([...coefficients].flatMap((value) => new Array(4).fill(value)));
    expect(constants.get("rbf.centres")!.dims).toEqual([10, 84]);
    expect([...floats("rbf.centres")]).toEqual(RBF_CENTRES.flatMap((centre) => [...centre]));
    expect(constants.get("rbf.class_axis")).toMatchObject({ dims: [1], data_type: DataType.INT64 });
    expect(constants.get("rbf.class_axis")!.raw_data![0]).toBe(1);
    expect([...floats("rbf.share")]).toEqual([Math.fround(-1 / 84)]);
  });

  it("is refused if a parameter is missing", () => {
    const parameters = new Map([...weights.parameters].slice(1));
    expect(() => writeOnnx({ ...weights, parameters })).toThrow(/^the weights have no tensor conv1.weight$/);
  });

  it("is refused if the normalization is for another number of channels", () => {
    const normalization = { mean: [0.5, 0.5], std: [0.5] };
    expect(() => writeOnnx({ ...weights, normalization }, { withPreprocessing: true })).toThrow(
      /^onnx: the normalization has 2 means, the model has 3 channels$/,
    );
  });

  it.each([
    ["written.onnx", false],
    ["written-with-preprocessing.onnx", true],
  ])("equals the file that ONNX's tools accepted: %s", (name, withPreprocessing) => {
    const folder = "tests/fixtures/onnx";
    const { model, tensors: parameters } = readOnnx(readFileSync(`${folder}/improved.legacy-view.onnx`));
    const normalization = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] };
    const today = edited(readFileSync(`${folder}/${name}`), (file) =>
      Object.assign(file, { producer_version: VERSION }),
    );
    expect(Buffer.compare(writeOnnx({ model, parameters, normalization }, { withPreprocessing }), today)).toBe(0);
  });

  it("holds float32 if the weights are wider", () => {
    const wide = new Map(
      [...weights.parameters].map(([name, { shape, data }]) => [
        name,
        { shape, data: Float64Array.from(data as Float32Array) },
      ]),
    );
    const file = writeOnnx({ ...weights, parameters: wide });
    expect(Buffer.compare(file, writeOnnx(weights))).toBe(0);
    edited(file, ({ graph }) => expect(constant(graph, "fc3.bias").data_type).toBe(DataType.FLOAT));
  });
});
