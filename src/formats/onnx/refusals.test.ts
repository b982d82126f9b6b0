import { describe, expect, it } from "vitest";
import {
  bytesOf,
  type Constant,
  constant,
  type EditableFile,
  edited,
  type Graph,
  insert,
  lenetWeights,
  type Node,
  node,
  PLAIN,
  setAttribute,
  setDimension,
  sizes,
  transpose,
  WITH_PREPROCESSING,
} from "../../../tests/support/onnxFiles.js";
import { FormatError } from "../errors.js";
import { isOnnx, readOnnx, writeOnnx } from "./index.js";
import { integer, integers } from "./links.js";
import { AttributeType, DataType } from "./messages.js";

const number = (name: string, value: number): Constant => ({ ...sizes(name, value), dims: [] });
const rows = (name: string, ...values: number[]): Constant => ({
  ...sizes(name, ...values),
  dims: [values.length / 2, 2],
});
const pads = (...values: number[]) => integers("pads", values);

/** A node that computes something from constants, or from the names of other values. */
function computing(op_type: string, inputs: readonly (Constant | string)[], ...attribute: object[]) {
  return (graph: Graph) => {
    const constants = inputs.filter((input) => typeof input !== "string");
    graph.initializer.push(...constants);
    const input = inputs.map((each) => (typeof each === "string" ? each : each.name));
    insert(graph, "flatten1", { op_type, name: "sized", input, output: ["sized"], attribute });
  };
}

const sliced = (start: number, end: number, axis: number, step: number) =>
  computing("Slice", [
    sizes("all", 1, 2),
    ...[sizes("start", start), sizes("end", end), sizes("axis", axis), sizes("step", step)],
  ]);

/** A node before another, which takes its output. */
function before(name: string, op_type: string, inputs: readonly Constant[], ...attribute: object[]) {
  return (graph: Graph) => {
    const next = node(graph, name);
    graph.initializer.push(...inputs);
    const input = [next.input[0], ...inputs.map((each) => each.name)];
    insert(graph, name, { op_type, name: "before", input, output: ["before"], attribute });
    next.input[0] = "before";
  };
}

/** A Reshape to constant sizes in place of the Flatten. */
function reshaping(...values: number[]) {
  return (graph: Graph) => {
    graph.initializer.push(sizes("shape", ...values));
    Object.assign(node(graph, "flatten1"), { op_type: "Reshape", input: ["pool2.output", "shape"], attribute: [] });
  };
}

/** Graphs whose sizes a LeNet-5 does not need, by the problem with the node that computes them. */
const SIZES: readonly (readonly [string, (graph: Graph) => unknown])[] = [
  ["(Relu): all its inputs are constants, expected images", computing("Relu", ["fc1.bias"])],
  ["(Gather): its axis is 1, expected 0", computing("Gather", [sizes("a", 1), sizes("b", 0)], integer("axis", 1))],
  ["(Gather): it takes the size at 1 of 1", computing("Gather", [sizes("a", 1), sizes("b", 1)])],
  ["(Gather): it takes the size at -2 of 1", computing("Gather", [sizes("a", 1), sizes("b", -2)])],
  ["(Gather): its sizes are of shape [], expected a list", computing("Gather", [number("a", 1), sizes("b", 0)])],
  ["(Gather): it has no constant places as input 2", computing("Gather", [sizes("a", 1)])],
  ["(Squeeze): it makes a number of 2 sizes, expected one", computing("Squeeze", [sizes("a", 1, 2)])],
  ["(Squeeze): its axes are [1], expected [0]", computing("Squeeze", [sizes("a", 1)], integers("axes", [1]))],
  ["(Unsqueeze): its axes are [0,1], expected [0]", computing("Unsqueeze", [number("a", 1), sizes("b", 0, 1)])],
  ["(Unsqueeze): it has no axes", computing("Unsqueeze", [number("a", 1)])],
  ["(Unsqueeze): it makes a list of [1], expected a number", computing("Unsqueeze", [sizes("a", 1), sizes("b", 0)])],
  ["(Concat): its axis is 1, expected 0", computing("Concat", [sizes("a", 1)], integer("axis", 1))],
  ["(Concat): its sizes are of shape [], expected a list", computing("Concat", [sizes("a", 1), number("b", 1)])],
  [
    "(Concat): it makes a list of 9, expected at most 8",
    computing("Concat", [sizes("a", 1, 2, 3, 4), sizes("b", 1, 2, 3, 4, 5)]),
  ],
  ["(ConstantOfShape): its shape is [9], expected at most [8]", computing("ConstantOfShape", [sizes("a", 9)])],
  ["(ConstantOfShape): its shape is [-1], expected", computing("ConstantOfShape", [sizes("a", -1)])],
  ["(ConstantOfShape): its shape is [1,1], expected", computing("ConstantOfShape", [sizes("a", 1, 1)])],
  ["(ConstantOfShape): its value is not the integer 0", computing("ConstantOfShape", [sizes("a", 8)])],
  [
    "(ConstantOfShape): its value is not the integer 0",
    computing("ConstantOfShape", [sizes("a", 8)], { name: "value", type: AttributeType.TENSOR, t: sizes("", 1) }),
  ],
  ...[
    [2, 2],
    [1, 4],
    [-1, 0],
    [-1, 3],
    [-1, 2, 1],
  ].map(
    (target) =>
      [
        `(Reshape): it reshapes 4 sizes to [${target}], expected [-1] or rows`,
        computing("Reshape", [sizes("a", 1, 2, 3, 4), sizes("b", ...target)]),
      ] as const,
  ),
  ["(Slice): it slices by [0; -9; 0; -1], expected all rows in reverse order", sliced(0, -9, 0, -1)],
  ["(Slice): it slices by [-1; -2; 0; -1], expected", sliced(-1, -2, 0, -1)],
  ["(Slice): it slices by [-1; -9; 1; -1], expected", sliced(-1, -9, 1, -1)],
  ["(Slice): it slices by [-1; -9; 0; 1], expected", sliced(-1, -9, 0, 1)],
  [
    "(Slice): it slices by [-1,-1; -9; 0; -1], expected",
    computing("Slice", [sizes("a", 1), sizes("b", -1, -1), sizes("c", -9), sizes("d", 0), sizes("e", -1)]),
  ],
  [
    "(Slice): it slices by [-1; -9; 0; -1], expected",
    computing("Slice", [number("a", 1), sizes("b", -1), sizes("c", -9), sizes("d", 0), sizes("e", -1)]),
  ],
  ["(Mul): it combines [1,2] and [3], expected two known sizes", computing("Mul", [sizes("a", 1, 2), sizes("b", 3)])],
  ["(Sub): it combines [3] and [1,2], expected two known sizes", computing("Sub", [sizes("a", 3), sizes("b", 1, 2)])],
  ...[
    ["batch", "one"],
    ["one", "batch"],
  ].map(
    (input) =>
      [
        `(Mul): it combines [${input.map((name) => (name === "one" ? 1 : name)).join("] and [")}], expected two known`,
        (graph: Graph) => {
          const shape = [integer("start", 0), integer("end", 1)];
          insert(graph, "flatten1", { op_type: "Shape", input: ["pool2.output"], output: ["batch"], attribute: shape });
          graph.initializer.push(sizes("one", 1));
          computing("Mul", input)(graph);
        },
      ] as const,
  ),
  [
    "(Gather): it takes the size at batch of 4",
    (graph) => {
      insert(graph, "flatten1", { op_type: "Shape", input: ["pool2.output"], output: ["all"] });
      computing("Gather", ["all", "all"])(graph);
    },
  ],
  ["(Cast): it casts integers to type 1, expected no change", computing("Cast", [sizes("a", 1)], integer("to", 1))],
  ["(Cast): it casts floats to type 7, expected no change", computing("Cast", ["fc1.bias"], integer("to", 7))],
  ["(Cast): it casts floats to type 0, expected no change", computing("Cast", ["fc1.bias"])],
  ["(Transpose): it transposes [2] to the axes [1,0], expected a matrix", computing("Transpose", [sizes("a", 1, 2)])],
  [
    "(Transpose): it transposes [1,2] to the axes [0,1], expected a matrix to [1,0]",
    computing("Transpose", [rows("a", 1, 2)], integers("perm", [0, 1])),
  ],
  ["(Transpose): found where a LeNet-5 has its flattening", computing("Transpose", ["pool2.output"])],
  ["(Constant): it has 0 attributes, expected one", computing("Constant", [])],
  [
    "(Constant): it has 2 attributes, expected one",
    computing("Constant", [], integer("value_int", 1), integers("value_ints", [1])),
  ],
  ["(Identity): it has no input 1", computing("Identity", [])],
];

/** A reshape of a batch that is described like this, to the wrong number of features. */
const ofUnknownBatch = (dimension: object): readonly [string, (graph: Graph) => unknown] => [
  'node "flatten1" (Reshape): it reshapes to [-1,15], expected [batch,16]',
  (graph) => {
    setDimension(graph, 0, dimension);
    reshaping(-1, 15)(graph);
  },
];

/** Graphs that are not a LeNet-5, or that compute something other than they seem to. */
const REFUSED: Readonly<Record<string, readonly [string, (graph: Graph, file: EditableFile) => unknown]>> = {
  "an unknown operator": [
    'node "relu2" (Elu): found where a LeNet-5 has an activation (LeakyRelu, Relu, Sigmoid or Tanh)',
    (graph) => Object.assign(node(graph, "relu2"), { op_type: "Elu" }),
  ],
  "an operator of another domain": [
    'node "conv2" (com.microsoft.Conv): found where a LeNet-5 has the convolution conv2 (Conv)',
    (graph) => Object.assign(node(graph, "conv2"), { domain: "com.microsoft" }),
  ],
  "an extra node": [
    'node "more" (Relu): found where a LeNet-5 has the end',
    (graph) => graph.node.push({ name: "more", op_type: "Relu", input: ["logits"], output: ["more"] } as Node),
  ],
  "probabilities of normalised images": [
    'node "soft" (Softmax): found where a LeNet-5 has the end',
    (graph) => graph.node.push({ name: "soft", op_type: "Softmax", input: ["logits"], output: ["p"] } as Node),
  ],
  "a missing end": [
    "the graph ends where a LeNet-5 has the linear layer fc3 (Gemm, or MatMul and Add)",
    (graph) => graph.node.pop(),
  ],
  "no nodes": ["the graph ends where a LeNet-5 has the convolution conv1 (Conv)", (graph) => graph.node.splice(0)],
  "an intermediate output": [
    'the output "fc2.output" is not',
    (graph) => Object.assign(graph.output[0], { name: "fc2.output" }),
  ],
  "an output of integers": [
    'the output "logits" is of type 7, expected floating point',
    (graph) => Object.assign(graph.output[0].type!.tensor_type!, { elem_type: DataType.INT64 }),
  ],
  "an initializer that is listed as an input of another shape": [
    'the input "fc1.bias" is [119], but its tensor is [120]',
    (graph) =>
      (graph.input as object[]).push({
        name: "fc1.bias",
        type: { tensor_type: { elem_type: DataType.FLOAT, shape: { dim: [{ dim_value: 119 }] } } },
      }),
  ],
  "a value of an unknown type": [
    'the value "relu1.output" is of type 72, expected numbers',
    (graph) => (graph.value_info as object[]).push({ name: "relu1.output", type: { tensor_type: { elem_type: 72 } } }),
  ],
  "a value that is no tensor": [
    'the value "relu1.output" is of type unknown, expected numbers',
    (graph) => (graph.value_info as object[]).push({ name: "relu1.output", type: {} }),
  ],
  "two outputs": [
    `the graph's outputs are "logits", "fc1.output", expected one`,
    (graph) => (graph.output as object[]).push({ name: "fc1.output" }),
  ],
  "two inputs": [
    `the graph's inputs are "input", "more", expected one`,
    (graph) => (graph.input as object[]).push({ name: "more" }),
  ],
  "a branch": [
    'node "relu1" (Relu): its input is not the output of the previous node, expected no branches',
    (graph) => Object.assign(node(graph, "relu1"), { input: ["input"] }),
  ],
  "a bypassed layer": [
    'node "fc2" (Gemm): its input is not the output of the previous node, expected no branches',
    (graph) => node(graph, "fc2").input.splice(0, 1, "fc1.output"),
  ],
  "unused padding": [
    'node "conv1" (Conv): its input is not the output of the previous node, expected no branches',
    (graph) => {
      const attribute = [integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])];
      insert(graph, "conv1", { op_type: "Pad", input: ["input"], output: ["padded"], attribute });
    },
  ],
  "an empty padding in an unknown mode": [
    "(Pad): its mode is mirrored, expected constant",
    (graph) => {
      const mode = { name: "mode", type: AttributeType.STRING, s: new TextEncoder().encode("mirrored") };
      const attribute = [integers("pads", new Array(8).fill(0)), mode];
      insert(graph, "pool1", { op_type: "Pad", input: ["relu1.output"], output: ["padded"], attribute });
    },
  ],
  "a cycle": [
    'node "conv1" (Conv): its input "logits" is not the output of an earlier node',
    (graph) => node(graph, "conv1").input.splice(0, 1, "logits"),
  ],
  "a value defined twice": [
    'the value "conv1.output" is defined twice',
    (graph) => Object.assign(node(graph, "relu1"), { output: ["conv1.output"] }),
  ],
  "automatic padding": [
    'node "conv1" (Conv): its auto_pad is SAME_UPPER, expected NOTSET',
    (graph) =>
      setAttribute(node(graph, "conv1"), {
        name: "auto_pad",
        type: AttributeType.STRING,
        s: new TextEncoder().encode("SAME_UPPER"),
      }),
  ],
  dilations: [
    'node "conv2" (Conv): its dilations are 2, expected 1',
    (graph) => setAttribute(node(graph, "conv2"), integers("dilations", [2, 2])),
  ],
  groups: [
    'node "conv2" (Conv): its group is 2, expected 1',
    (graph) => setAttribute(node(graph, "conv2"), integer("group", 2)),
  ],
  "uneven strides": [
    'node "conv1" (Conv): its strides are [1,2], expected 2 equal numbers',
    (graph) => setAttribute(node(graph, "conv1"), integers("strides", [1, 2])),
  ],
  "uneven padding": [
    'node "conv1" (Conv): its pads are [0,0,1,1], expected 4 equal numbers',
    (graph) => setAttribute(node(graph, "conv1"), integers("pads", [0, 0, 1, 1])),
  ],
  "one stride": [
    'node "conv1" (Conv): its strides are [1], expected 2 equal numbers',
    (graph) => setAttribute(node(graph, "conv1"), integers("strides", [1])),
  ],
  "two pads": [
    'node "conv1" (Conv): its pads are [2,2], expected 4 equal numbers',
    (graph) => setAttribute(node(graph, "conv1"), pads(2, 2)),
  ],
  "a pooling without its window": [
    'node "pool1" (MaxPool): its kernel_shape are [], expected 2 equal numbers',
    (graph) => Object.assign(node(graph, "pool1"), { attribute: [] }),
  ],
  "a kernel that is no square": [
    'node "conv1" (Conv): its kernel_shape are [5,10], expected 2 equal numbers',
    (graph) => {
      constant(graph, "conv1.weight").dims = [3, 1, 5, 10];
      node(graph, "conv1").attribute = node(graph, "conv1").attribute.filter(({ name }) => name !== "kernel_shape");
    },
  ],
  "a kernel of three dimensions": [
    'node "conv1" (Conv): its weight "conv1.weight" is [6,5,5], expected 4 dimensions',
    (graph) => Object.assign(constant(graph, "conv1.weight"), { dims: [6, 5, 5] }),
  ],
  "a kernel_shape that contradicts the weight's width": [
    'node "conv1" (Conv): its kernel_shape is 5, expected that of its weight, [5,10]',
    (graph) => Object.assign(constant(graph, "conv1.weight"), { dims: [3, 1, 5, 10] }),
  ],
  "a linear layer with a weight of three dimensions": [
    'node "fc1" (Gemm): its weight "fc1.weight" is [120,4,4], expected a matrix',
    (graph) => Object.assign(constant(graph, "fc1.weight"), { dims: [120, 4, 4] }),
  ],
  "a bias of two rows": [
    'node "fc1" (Gemm): its tensor "fc1.bias" is [2,60], expected [120]',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { dims: [2, 60] }),
  ],
  "a bias of three dimensions": [
    'node "fc1" (Gemm): its tensor "fc1.bias" is [1,2,60], expected [120]',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { dims: [1, 2, 60] }),
  ],
  "a kernel_shape that contradicts the weight": [
    'node "conv1" (Conv): its kernel_shape is 3, expected that of its weight, [5,5]',
    (graph) => setAttribute(node(graph, "conv1"), integers("kernel_shape", [3, 3])),
  ],
  "a rounded-up output size": [
    'node "pool1" (MaxPool): its ceil_mode is 1, expected 0',
    (graph) => setAttribute(node(graph, "pool1"), integer("ceil_mode", 1)),
  ],
  "padded pooling": [
    'node "pool1" (MaxPool): it pads by 1, expected no padding',
    (graph) => setAttribute(node(graph, "pool1"), integers("pads", [1, 1, 1, 1])),
  ],
  "a leaky ReLU with another slope": [
    'node "relu2" (LeakyRelu): its alpha is 0.2, expected 0.01',
    (graph) => {
      Object.assign(node(graph, "relu2"), { op_type: "LeakyRelu" });
      setAttribute(node(graph, "relu2"), { name: "alpha", type: AttributeType.FLOAT, f: Math.fround(0.2) });
    },
  ],
  "an unknown attribute": [
    'node "relu1" (Relu): its attribute "alpha" is unknown',
    (graph) => setAttribute(node(graph, "relu1"), integer("alpha", 1)),
  ],
  "an attribute of another type": [
    'node "conv1" (Conv): its attribute "strides" is of type 2',
    (graph) => setAttribute(node(graph, "conv1"), integer("strides", 1)),
  ],
  "an attribute with two values": [
    'node "conv1" (Conv): its attribute "strides" has 2 values',
    (graph) => setAttribute(node(graph, "conv1"), { ...integers("strides", [1, 1]), i: 1 }),
  ],
  "a duplicate attribute": [
    'node "flatten1" (Flatten): it has a duplicate attribute',
    (graph) => (node(graph, "flatten1").attribute as object[]).push(integer("axis", 1)),
  ],
  "an extra input": [
    'node "relu1" (Relu): it takes 2 inputs, expected 1',
    (graph) => node(graph, "relu1").input.push("fc1.bias"),
  ],
  "a convolution without bias": [
    'node "conv1" (Conv): it has no constant bias as input 3',
    (graph) => node(graph, "conv1").input.pop(),
  ],
  "a MatMul without bias": [
    'node "relu3" (Relu): found where a LeNet-5 has the bias of fc1 (Add)',
    (graph) => {
      transpose(constant(graph, "fc1.weight"));
      Object.assign(node(graph, "fc1"), { op_type: "MatMul", attribute: [] });
      node(graph, "fc1").input.pop();
    },
  ],
  "a Gemm with a transposed input": [
    'node "fc1" (Gemm): its transA is 1, expected 0',
    (graph) => setAttribute(node(graph, "fc1"), integer("transA", 1)),
  ],
  "a transposed weight": [
    'node "fc1" (Gemm): its tensor "fc1.weight" is [16,120], expected [16,16]',
    (graph) => Object.assign(node(graph, "fc1"), { attribute: [] }),
  ],
  "weights for another number of channels": [
    'node "conv1" (Conv): its tensor "conv1.weight" is [6,1,5,5], expected [6,3,5,5]',
    (graph) => setDimension(graph, 1, { dim_value: 3 }),
  ],
  "a Flatten at another axis": [
    'node "flatten1" (Flatten): its axis is 2, expected 1 or -3',
    (graph) => Object.assign(node(graph, "flatten1"), { attribute: [integer("axis", 2)] }),
  ],
  "a fixed batch of 1": [
    'node "flatten1" (Reshape): it reshapes to [1,-1], expected [batch,16]',
    (graph) => {
      graph.initializer.push(sizes("shape", 1, -1));
      Object.assign(node(graph, "flatten1"), { op_type: "Reshape", input: ["pool2.output", "shape"], attribute: [] });
    },
  ],
  ...Object.fromEntries(
    [[-1, 15], [8, 16], [8, -1], [0, 15], [-1, -1], [0, -1, 1], [-1]].map((shape) => [
      `a Reshape to ${shape}`,
      [`node "flatten1" (Reshape): it reshapes to [${shape}], expected [batch,16]`, reshaping(...shape)],
    ]),
  ),
  "a wrong Reshape of a batch with a name": ofUnknownBatch({ dim_param: "N" }),
  "a wrong Reshape of a batch without a name": ofUnknownBatch({}),
  "a wrong Reshape of a batch of 0": ofUnknownBatch({ dim_value: 0 }),
  "a wrong Reshape of a batch of -1": ofUnknownBatch({ dim_value: -1 }),
  "a wrong Reshape of a batch of 1": [
    'node "flatten1" (Reshape): it reshapes to [-1,15], expected [1,16]',
    (graph) => {
      setDimension(graph, 0, { dim_value: 1 });
      reshaping(-1, 15)(graph);
    },
  ],
  "zeros of a padded activation's shape": [
    "(ConstantOfShape): its shape is [batch,1,16,16], expected at most [8]",
    (graph) => {
      before("conv1", "Pad", [], pads(0, 0, 2, 2, 0, 0, 2, 2))(graph);
      insert(graph, "conv1", { op_type: "Shape", input: ["before"], output: ["all"] });
      insert(graph, "conv1", { op_type: "ConstantOfShape", input: ["all"], output: ["zeros"] });
    },
  ],
  "a Reshape to another fixed batch": [
    'node "flatten1" (Reshape): it reshapes to [4,16], expected [8,16]',
    (graph) => {
      setDimension(graph, 0, { dim_value: 8 });
      reshaping(4, 16)(graph);
    },
  ],
  "a zero that does not keep the size": [
    'node "flatten1" (Reshape): it reshapes to [0,16], expected [batch,16]',
    (graph) => {
      graph.initializer.push(sizes("shape", 0, 16));
      const attribute = [integer("allowzero", 1)];
      Object.assign(node(graph, "flatten1"), { op_type: "Reshape", input: ["pool2.output", "shape"], attribute });
    },
  ],
  "padding with ones": [
    "(Pad): it pads with 1, expected 0",
    (graph) => {
      const attribute = [
        integers("pads", [0, 0, 1, 1, 0, 0, 1, 1]),
        { name: "value", type: AttributeType.FLOAT, f: 1 },
      ];
      insert(graph, "conv1", { op_type: "Pad", input: ["input"], output: ["padded"], attribute });
      node(graph, "conv1").input[0] = "padded";
    },
  ],
  ...Object.fromEntries(
    [
      [0, 0, 1, 2, 0, 0, 1, 2],
      [1, 0, 1, 1, 0, 0, 1, 1],
      [0, 0, -1, -1, 0, 0, -1, -1],
    ].map((each) => [
      `padding by ${each}`,
      [`(Pad): its pads are [${each}], expected equal padding`, before("conv1", "Pad", [], pads(...each))],
    ]),
  ),
  "padding of three and a half axes": [
    "(Pad): it has 7 pads, expected 8",
    before("conv1", "Pad", [], pads(0, 0, 1, 1, 0, 0, 1)),
  ],
  "padding along some axes": [
    'node "before" (Pad): its pads are [0,0,0,1,0,0,0,1], expected equal padding on all sides of an image',
    (graph) => {
      graph.initializer.push(sizes("pads", 1, 1), sizes("axes", 3));
      before("conv1", "Pad", [])(graph);
      node(graph, "before").input.push("pads", "", "axes");
    },
  ],
  "padding with a constant of ones": [
    'node "before" (Pad): it pads with 1, expected 0',
    before("conv1", "Pad", [
      sizes("pads", 0, 0, 1, 1, 0, 0, 1, 1),
      { name: "one", dims: [], data_type: DataType.FLOAT, float_data: [1] } as unknown as Constant,
    ]),
  ],
  "padding with two numbers": [
    'node "before" (Pad): it pads with 0, expected 0',
    before("conv1", "Pad", [
      sizes("pads", 0, 0, 1, 1, 0, 0, 1, 1),
      { name: "two", dims: [2], data_type: DataType.FLOAT, float_data: [0, 0] } as unknown as Constant,
    ]),
  ],
  "padding before pooling": [
    'node "before" (Pad): found where a LeNet-5 has pooling',
    before("pool1", "Pad", [], pads(0, 0, 1, 1, 0, 0, 1, 1)),
  ],
  "a conversion to integers": [
    'node "before" (Cast): found where a LeNet-5 has pooling',
    before("pool1", "Cast", [], integer("to", DataType.INT64)),
  ],
  "dropout in training mode": [
    "(Dropout): it is in training mode, expected a model in evaluation mode",
    (graph) => {
      const data = { name: "training", dims: [], data_type: DataType.BOOL, raw_data: Uint8Array.of(1) };
      graph.initializer.push(data as unknown as Constant);
      insert(graph, "fc2", { op_type: "Dropout", input: ["relu3.output", "", "training"], output: ["dropped"] });
      node(graph, "fc2").input[0] = "dropped";
    },
  ],
  "images without a shape": [
    'the input "input" has the shape [], expected a batch and three known sizes',
    (graph) => Object.assign(graph.input[0].type.tensor_type, { shape: undefined }),
  ],
  "images of two dimensions": [
    'the input "input" has the shape [batch,1,12], expected a batch and three known sizes',
    (graph) => graph.input[0].type.tensor_type.shape.dim.pop(),
  ],
  "images of height 0": [
    'the input "input" has the shape [batch,1,0,12], expected a batch and three known sizes',
    (graph) => setDimension(graph, 2, { dim_value: 0 }),
  ],
  "images of a size without a name": [
    'the input "input" has the shape [batch,1,?,12], expected a batch and three known sizes',
    (graph) => setDimension(graph, 2, {}),
  ],
  "an input that is no tensor": [
    'the input "input" is of type undefined, expected floating point or bytes',
    (graph) => Object.assign(graph.input[0], { type: undefined }),
  ],
  "no output": ["the graph's outputs are none, expected one", (graph) => graph.output.splice(0)],
  "an initializer twice": [
    'the value "fc1.bias" is defined twice',
    (graph) => graph.initializer.push(constant(graph, "fc1.bias")),
  ],
  "images of any size": [
    'the input "input" has the shape [batch,1,height,12], expected a batch and three known sizes',
    (graph) => setDimension(graph, 2, { dim_param: "height" }),
  ],
  "integers as input": [
    'the input "input" is of type 7, expected floating point or bytes',
    (graph) => Object.assign(graph.input[0].type.tensor_type, { elem_type: DataType.INT64 }),
  ],
  "bytes without preprocessing": [
    'node "conv1" (Conv): found where a LeNet-5 has the conversion to float (Cast)',
    (graph) => Object.assign(graph.input[0].type.tensor_type, { elem_type: DataType.UINT8 }),
  ],
  "integer weights": [
    'tensor "fc1.weight": it holds 1920 integers, expected floating point',
    (graph) => Object.assign(constant(graph, "fc1.weight"), { data_type: DataType.INT64 }),
  ],
  "nine integers": [
    'tensor "nine": it holds 9 integers, expected floating point',
    (graph) => graph.initializer.push(sizes("nine", 1, 2, 3, 4, 5, 6, 7, 8, 9)),
  ],
  "weights of complex numbers": [
    'tensor "fc1.bias": its elements have type 14, expected floating point',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { data_type: 14 }),
  ],
  "weights at another place": [
    'tensor "fc1.bias": its data is in another file (""); write the model as one file',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { data_location: 1 }),
  ],
  "weights of another file that says otherwise": [
    'tensor "fc1.bias": its data is in another file ("weights.bin"); write the model as one file',
    (graph) =>
      Object.assign(constant(graph, "fc1.bias"), {
        external_data: [
          { key: "offset", value: "0" },
          { key: "location", value: "weights.bin" },
        ],
      }),
  ],
  "weights in the list of another type": [
    'tensor "fc1.bias": its data is in double_data, expected float_data only',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { raw_data: undefined, double_data: [1] }),
  ],
  "weights in two lists": [
    'tensor "fc1.bias": its data is in int64_data, expected float_data only',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { raw_data: undefined, float_data: [1], int64_data: [1] }),
  ],
  "half an element": [
    'tensor "fc1.bias": its shape [120] does not fit 119.5 elements',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { raw_data: new Uint8Array(478) }),
  ],
  "weights in two fields": [
    'tensor "fc1.bias": its data is in float_data, expected raw_data only',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { float_data: [1] }),
  ],
  "too few weights": [
    'tensor "fc1.bias": its shape [120] does not fit 119 elements',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { raw_data: new Uint8Array(119 * 4) }),
  ],
  "an enormous shape": [
    'tensor "fc1.bias": its shape [1048576,1048576,1048576] does not fit 120 elements',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { dims: [2 ** 20, 2 ** 20, 2 ** 20] }),
  ],
  "a negative shape": [
    'tensor "fc1.bias": its shape [-1,-120] is not a list of non-negative integers',
    (graph) => Object.assign(constant(graph, "fc1.bias"), { dims: [-1, -120] }),
  ],
  "no operator set": [
    "the file is written for operator set 0, expected 7 to 28",
    (_, file) => file.opset_import.splice(0),
  ],
  "a second output": [
    'node "relu1" (Relu): it has 2 outputs, expected at most 1',
    (graph) => node(graph, "relu1").output.push("more"),
  ],
  "a third output": [
    'node "pool1" (MaxPool): it has 3 outputs, expected at most 2',
    (graph) => node(graph, "pool1").output.push("", "more"),
  ],
  "another output of the same name": [
    'the value "conv1.weight" is defined twice',
    (graph) => node(graph, "pool1").output.push("conv1.weight"),
  ],
  "an output that only an operator's second has": [
    'node "flatten1" (Flatten): its input "places" is not the output of an earlier node',
    (graph) => {
      node(graph, "pool2").output.push("places");
      node(graph, "flatten1").input = ["places"];
    },
  ],
  "a Pad of another number of axes": [
    'node "before" (Pad): it has 6 pads, expected 8',
    before("pool1", "Pad", [], pads(0, 0, 0, 0, 0, 0)),
  ],
  "a Pad of an axis that there is not": [
    'node "before" (Pad): its axes are [4], expected different ones of 4',
    (graph) => {
      before("pool1", "Pad", [])(graph);
      graph.initializer.push(sizes("pads", 1, 1), sizes("axes", 4));
      node(graph, "before").input.push("pads", "", "axes");
    },
  ],
  "a Pad of the same axis twice": [
    'node "before" (Pad): its axes are [3,-1], expected different ones of 4',
    (graph) => {
      before("pool1", "Pad", [])(graph);
      graph.initializer.push(sizes("pads", 0, 0, 0, 0), sizes("axes", 3, -1));
      node(graph, "before").input.push("pads", "", "axes");
    },
  ],
  "sparse weights": [
    "the field sparse_initializer is not supported",
    (graph) => Object.assign(graph, { sparse_initializer: [Uint8Array.of()] }),
  ],
  "a graph in an attribute": [
    "the field g is not supported",
    (graph) => Object.assign(node(graph, "conv1").attribute[0], { g: Uint8Array.of() }),
  ],
  "training information": [
    "the field training_info is not supported",
    (_, file) => Object.assign(file, { training_info: [Uint8Array.of()] }),
  ],
  "another size of a value between nodes": [
    'the value "pool2.output" is said to be of [16,3,1], but it is [16,1,1]',
    (graph) => {
      const value = graph.value_info.find(({ name }) => name === "pool2.output")!;
      Object.assign(value.type.tensor_type.shape.dim[2], { dim_value: 3 });
    },
  ],
  "another number of axes of the output": [
    'the value "logits" is said to be of [10,1], but it is [10]',
    (graph) => graph.output[0].type.tensor_type.shape.dim.push({ dim_value: 1 } as never),
  ],
  "an output that is no tensor": [
    'the value "logits" is of type unknown, expected numbers',
    (graph) => Object.assign(graph.output[0].type, { tensor_type: undefined }),
  ],
  "a later version of the format": [
    "the file has version 15 of the format, expected at most 14",
    (_, file) => Object.assign(file, { ir_version: 15 }),
  ],
  "a later operator set": [
    "the file is written for operator set 29, expected 7 to 28",
    (_, file) => Object.assign(file.opset_import[0], { version: 29 }),
  ],
  "an old operator set": [
    "the file is written for operator set 6, expected 7 to 28",
    (_, file) => Object.assign(file.opset_import[0], { version: 6 }),
  ],
  "custom functions": [
    "the file defines 1 functions, expected only standard operators",
    (_, file) => Object.assign(file, { functions: [Uint8Array.of()] }),
  ],
  "no graph": ["the file has no graph", (_, file) => Object.assign(file, { graph: undefined })],
};

describe("refuses", () => {
  it.each(SIZES)("sizes: %s", (message, change) => {
    const file = edited(PLAIN, ({ graph }) => change(graph));
    expect(() => readOnnx(file)).toThrow(FormatError);
    expect(() => readOnnx(file)).toThrow(message);
  });

  it.each(Object.entries(REFUSED))("%s", (_, [message, change]) => {
    const file = edited(PLAIN, (each) => change(each.graph, each));
    expect(() => readOnnx(file)).toThrow(FormatError);
    expect(() => readOnnx(file)).toThrow(message);
  });

  it("other files", () => {
    expect(isOnnx(new TextEncoder().encode("PK\u0003\u0004"))).toBe(false);
    for (const next of [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42]) {
      expect(isOnnx(Uint8Array.of(0x08, 8, next))).toBe(true);
      for (const bytes of [
        [0x08, 8],
        [0x08, 0, next],
        [0x08, 0x80, next],
        [0x10, 8, next],
        [0x08, 8, next + 1],
      ]) {
        expect(isOnnx(Uint8Array.from(bytes)), `${bytes}`).toBe(false);
      }
    }
    expect(() => readOnnx(new Uint8Array(0))).toThrow(/^onnx: the file does not begin as an ONNX model$/);
  });
});

describe("refuses other preprocessing, with a different", () => {
  it.each<[string, string, (graph: Graph) => unknown]>([
    [
      "divisor",
      'node "scale" (Div): it divides by 256, expected 255',
      (graph) => Object.assign(constant(graph, "largest_byte"), { raw_data: bytesOf(Float32Array.of(256)) }),
    ],
    [
      "std",
      'node "divide_by_std" (Div): it divides by [0], expected numbers above 0',
      (graph) => Object.assign(constant(graph, "std"), { raw_data: bytesOf(Float32Array.of(0)) }),
    ],
    [
      "mean",
      'node "subtract_mean" (Sub): its constant contains NaN, expected finite numbers',
      (graph) => Object.assign(constant(graph, "mean"), { raw_data: bytesOf(Float32Array.of(Number.NaN)) }),
    ],
    [
      "order of subtraction",
      'node "subtract_mean" (Sub): it has no constant list of channels as input 2',
      (graph) => node(graph, "subtract_mean").input.reverse(),
    ],
    [
      "order of channels",
      'node "channels_first" (Transpose): it permutes the axes to [0,3,2,1], expected [0,3,1,2]',
      (graph) => Object.assign(node(graph, "channels_first"), { attribute: [integers("perm", [0, 3, 2, 1])] }),
    ],
    [
      "axis of probabilities",
      'node "softmax" (Softmax): its axis is 0, expected 1 or -1',
      (graph) => Object.assign(node(graph, "softmax"), { attribute: [integer("axis", 0)] }),
    ],
    ["end", "the graph ends where a LeNet-5 has the probabilities (Softmax)", (graph) => graph.node.pop()],
    [
      "type",
      'node "to_float" (Cast): its to is 10, expected 1',
      (graph) => setAttribute(node(graph, "to_float"), integer("to", DataType.FLOAT16)),
    ],
    [
      "number of divisors",
      'node "scale" (Div): it divides by 255,255, expected 255',
      (graph) => {
        Object.assign(constant(graph, "largest_byte"), { dims: [2], raw_data: bytesOf(Float32Array.of(255, 255)) });
      },
    ],
    [
      "number of means",
      'node "subtract_mean" (Sub): its constant is [2], expected [1]',
      (graph) => Object.assign(constant(graph, "mean"), { dims: [2], raw_data: bytesOf(Float32Array.of(0, 0)) }),
    ],
    [
      "shape of the means",
      'node "subtract_mean" (Sub): its constant is [1,1], expected [1]',
      (graph) => Object.assign(constant(graph, "mean"), { dims: [1, 1] }),
    ],
    [
      "sign of the std",
      'node "divide_by_std" (Div): it divides by [-1], expected numbers above 0',
      (graph) => Object.assign(constant(graph, "std"), { raw_data: bytesOf(Float32Array.of(-1)) }),
    ],
    [
      "infinite std",
      'node "divide_by_std" (Div): its constant contains Infinity, expected finite numbers',
      (graph) =>
        Object.assign(constant(graph, "std"), { raw_data: bytesOf(Float32Array.of(Number.POSITIVE_INFINITY)) }),
    ],
    [
      "default order of channels",
      'node "channels_first" (Transpose): it permutes the axes to [], expected [0,3,1,2]',
      (graph) => Object.assign(node(graph, "channels_first"), { attribute: [] }),
    ],
  ])("%s", (_, message, change) => {
    expect(() => readOnnx(edited(WITH_PREPROCESSING, ({ graph }) => change(graph)))).toThrow(message);
  });

  it.each([
    ["mean", [0.5, Number.NaN, 0.5], "its constant contains 0.5,NaN,0.5, expected finite numbers"],
    ["std", [0.5, 0.5, -0.5], "it divides by [0.5,0.5,-0.5], expected numbers above 0"],
  ])("%s of one of several channels", (name, values, message) => {
    const coloured = lenetWeights({ input: { channels: 3, height: 32, width: 32 } });
    const file = edited(writeOnnx(coloured, { withPreprocessing: true }), ({ graph }) => {
      Object.assign(constant(graph, name), { raw_data: bytesOf(Float32Array.from(values)) });
    });
    expect(() => readOnnx(file)).toThrow(message);
  });
});

it("refuses damaged metadata of a node", () => {
  const text = "metadata";
  const file = edited(PLAIN, ({ graph }) => {
    Object.assign(graph.node[0], { metadata_props: [{ key: "key", value: text }] });
  });
  expect(readOnnx(file).tensors.size).toBe(10);
  file[Buffer.from(file).indexOf(text) - 1] = text.length + 1;
  expect(() => readOnnx(file)).toThrow(`length is given as ${text.length + 1}, but only ${text.length} bytes follow`);
});
