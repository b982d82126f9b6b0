import { describe, expect, it } from "vitest";
import { bitsOf } from "../../../tests/support/bits.js";
import {
  bytesOf,
  type Constant,
  constant,
  type EditableFile,
  edited,
  floatsOf,
  type Graph,
  insert,
  type Node,
  node,
  PLAIN,
  scale,
  setAttribute,
  setDimension,
  sizes,
  transpose,
  WEIGHTS,
} from "../../../tests/support/onnxFiles.js";
import { readOnnx } from "./index.js";
import { integer, integers } from "./links.js";
import { AttributeType, DataType } from "./messages.js";

const op = (op_type: string, input: readonly string[], output: string, ...attribute: object[]) => ({
  op_type,
  input,
  output: [output],
  attribute,
});
const number = (name: string, value: number): Constant => ({ ...sizes(name, value), dims: [] });

/** Flattens by a shape that nodes compute from sizes. */
function reshaping(constants: readonly Constant[], ...nodes: object[]) {
  return (graph: Graph) => {
    graph.initializer.push(...constants);
    insert(graph, "flatten1", ...nodes);
    Object.assign(node(graph, "flatten1"), { op_type: "Reshape", input: ["pool2.output", "shape"], attribute: [] });
  };
}

/** Pads before the first convolution, which then pads by `rest`. */
function padding(pad: object, rest: number, ...constants: Constant[]) {
  return (graph: Graph) => {
    graph.initializer.push(...constants);
    insert(graph, "conv1", { op_type: "Pad", output: ["padded"], attribute: [], ...pad });
    node(graph, "conv1").input[0] = "padded";
    setAttribute(node(graph, "conv1"), integers("pads", new Array(4).fill(rest)));
  };
}

/** Equivalent forms of one network. */
const FORMS: Readonly<Record<string, (graph: Graph, file: EditableFile) => unknown>> = {
  "weights as float_data": (graph) => {
    for (const tensor of graph.initializer) {
      Object.assign(tensor, { float_data: [...floatsOf(tensor)], raw_data: undefined });
    }
  },
  "weights as float64": (graph) => {
    for (const tensor of graph.initializer) {
      const raw_data = bytesOf(Float64Array.from(floatsOf(tensor)));
      Object.assign(tensor, { data_type: DataType.DOUBLE, raw_data });
    }
  },
  "weights as Constant nodes": (graph) => {
    for (const tensor of graph.initializer.splice(0)) {
      const attribute = [{ name: "value", type: AttributeType.TENSOR, t: { ...tensor, name: "" } }];
      insert(graph, "conv1", { op_type: "Constant", input: [], output: [tensor.name], attribute });
    }
  },
  "weights through Identity and Cast": (graph) => {
    constant(graph, "fc1.weight").name = "stored";
    insert(
      graph,
      "conv1",
      { op_type: "Identity", input: ["stored"], output: ["same"] },
      { op_type: "Cast", input: ["same"], output: ["fc1.weight"], attribute: [integer("to", DataType.FLOAT)] },
    );
  },
  "weights among the inputs": (graph) => {
    graph.input.push(...graph.initializer.map(({ name }) => ({ name }) as Graph["input"][number]));
  },
  "a Gemm with an untransposed, scaled matrix": (graph) => {
    const fc1 = node(graph, "fc1");
    transpose(constant(graph, "fc1.weight"));
    scale(constant(graph, "fc1.weight"), 4);
    scale(constant(graph, "fc1.bias"), 0.5);
    constant(graph, "fc1.bias").dims = [1, 120];
    fc1.attribute = [
      { name: "alpha", type: AttributeType.FLOAT, f: 0.25 },
      { name: "beta", type: AttributeType.FLOAT, f: 2 },
    ] as Node["attribute"];
  },
  "MatMul and Add": (graph) => {
    for (const name of ["fc1", "fc2", "fc3"]) {
      const gemm = node(graph, name);
      transpose(constant(graph, `${name}.weight`));
      insert(graph, name, { op_type: "MatMul", input: gemm.input.slice(0, 2), output: [`${name}.product`] });
      Object.assign(gemm, { op_type: "Add", input: [gemm.input[2], `${name}.product`], attribute: [] });
    }
  },
  "a Transpose before the MatMul": (graph) => {
    const gemm = node(graph, "fc2");
    insert(
      graph,
      "fc2",
      { op_type: "Transpose", input: ["fc2.weight"], output: ["turned"], attribute: [integers("perm", [1, 0])] },
      { op_type: "MatMul", input: [gemm.input[0], "turned"], output: ["product"] },
    );
    Object.assign(gemm, { op_type: "Add", input: ["product", "fc2.bias"], attribute: [] });
  },
  "Dropout, Identity and an empty Pad": (graph) => {
    const attribute = [integers("pads", [0, 0, 0, 0, 0, 0, 0, 0])];
    insert(graph, "pool1", { op_type: "Pad", input: ["relu1.output"], output: ["padded"], attribute });
    insert(graph, "fc2", { op_type: "Dropout", input: ["relu3.output"], output: ["dropped", "mask"] });
    insert(graph, "fc3", { op_type: "Identity", input: ["relu4.output"], output: ["same"] });
    node(graph, "pool1").input = ["padded"];
    node(graph, "fc2").input[0] = "dropped";
    node(graph, "fc3").input[0] = "same";
  },
  "a Pad before the convolution": (graph) => {
    graph.initializer.push(sizes("pads", 1, 1, 1, 1), sizes("axes", 2, -1));
    insert(graph, "conv1", { op_type: "Pad", input: ["input", "pads", "", "axes"], output: ["padded"] });
    node(graph, "conv1").input[0] = "padded";
    setAttribute(node(graph, "conv1"), integers("pads", [1, 1, 1, 1]));
  },
  "a Reshape with a zero": (graph) => {
    graph.initializer.push(sizes("shape", 0, -1));
    Object.assign(node(graph, "flatten1"), { op_type: "Reshape", input: ["pool2.output", "shape"], attribute: [] });
  },
  "a Reshape with a zero and the number of features": reshaping([sizes("shape", 0, 16)]),
  "a Reshape that infers the batch": reshaping([sizes("shape", -1, 16)]),
  "a shape in a Constant node": reshaping(
    [],
    op("Constant", [], "shape", { name: "value_ints", type: AttributeType.INTS, ints: [-1, 16] }),
  ),
  "a shape of numbers in Constant nodes": reshaping(
    [],
    op("Constant", [], "rows", integer("value_int", -1)),
    op("Constant", [], "columns", integer("value_int", 16)),
    op("Unsqueeze", ["rows"], "row list", integers("axes", [0])),
    op("Unsqueeze", ["columns"], "column list", integers("axes", [0])),
    op("Concat", ["row list", "column list"], "shape", integer("axis", 0)),
  ),
  "a shape from the activation's": reshaping(
    [sizes("places", 0, 1)],
    op("Shape", ["pool2.output"], "all"),
    op("Gather", ["all", "places"], "shape", integer("axis", 0)),
  ),
  "a shape from the activation's batch": reshaping(
    [sizes("columns", 16)],
    op("Shape", ["pool2.output"], "batch", integer("start", 0), integer("end", 1)),
    op("Concat", ["batch", "columns"], "shape", integer("axis", 0)),
  ),
  "a shape that begins at an axis of the activation's": reshaping(
    [number("none", 0), sizes("rows", -1), sizes("first", 0)],
    op("Shape", ["pool2.output"], "channels on", integer("start", 1)),
    op("Gather", ["channels on", "none"], "channels"),
    op("Unsqueeze", ["channels", "first"], "columns"),
    op("Concat", ["rows", "columns"], "shape", integer("axis", 0)),
  ),
  "a shape from a weight's": reshaping(
    [sizes("rows", -1)],
    op("Shape", ["fc1.weight"], "weight shape", integer("start", -1)),
    op("Cast", ["weight shape"], "columns", integer("to", DataType.INT64)),
    op("Concat", ["rows", "columns"], "shape", integer("axis", 0)),
  ),
  "sizes counted from the end of a list": reshaping(
    [sizes("all", 5, 16, -1), sizes("places", -1, 1)],
    op("Gather", ["all", "places"], "shape"),
  ),
  "a product of a number and a list": reshaping(
    [number("four", 4), sizes("fours", 4), sizes("rows", -1)],
    op("Mul", ["four", "fours"], "columns"),
    op("Concat", ["rows", "columns"], "shape", integer("axis", 0)),
  ),
  "a difference of a list and a number": reshaping(
    [number("four", 4), sizes("all", 20), sizes("rows", -1)],
    op("Sub", ["all", "four"], "columns"),
    op("Concat", ["rows", "columns"], "shape", integer("axis", 0)),
  ),
  "a squeezed size": reshaping(
    [sizes("all", 16), sizes("rows", -1), sizes("first", 0)],
    op("Squeeze", ["all"], "one"),
    op("Unsqueeze", ["one", "first"], "list"),
    op("Squeeze", ["list"], "number", integers("axes", [0])),
    op("Unsqueeze", ["number", "first"], "columns"),
    op("Concat", ["rows", "columns"], "shape", integer("axis", 0)),
  ),
  "a shape that begins with zeros": reshaping(
    [sizes("count", 1), sizes("rest", -1)],
    op("ConstantOfShape", ["count"], "zeros", { name: "value", type: AttributeType.TENSOR, t: sizes("", 0) }),
    op("Concat", ["zeros", "rest"], "shape", integer("axis", 0)),
  ),
  "rows in reverse order, transposed, as PyTorch turns its pads into ONNX's": reshaping(
    [
      sizes("all", 1, 2, -1, 16, 3, 4),
      ...[sizes("rows", -1, 2), sizes("flat", -1), sizes("places", 1, 4)],
      ...[sizes("start", -1), sizes("end", -7), sizes("axis", 0), sizes("step", -1)],
    ],
    op("Reshape", ["all", "rows"], "pairs"),
    op("Slice", ["pairs", "start", "end", "axis", "step"], "reversed"),
    op("Transpose", ["reversed"], "transposed", integers("perm", [1, 0])),
    op("Reshape", ["transposed", "flat"], "list"),
    op("Gather", ["list", "places"], "shape"),
  ),
  "a list in reverse order": reshaping(
    [sizes("all", 16, -1), ...[sizes("start", -1), sizes("end", -(2 ** 40)), sizes("axis", 0), sizes("step", -1)]],
    op("Slice", ["all", "start", "end", "axis", "step"], "shape"),
  ),
  "an explicit Pad of all four axes": padding(
    { input: ["input"], attribute: [integers("pads", [0, 0, 2, 2, 0, 0, 2, 2])] },
    0,
  ),
  "two Pads, one with its value as a constant": (graph) => {
    const zero = { name: "zero", dims: [], data_type: DataType.FLOAT, float_data: [0] } as unknown as Constant;
    padding({ input: ["input", "pads", "zero"] }, 0, sizes("pads", 0, 0, 1, 1, 0, 0, 1, 1), zero)(graph);
    const attribute = [integers("pads", [0, 0, 1, 1, 0, 0, 1, 1]), { name: "value", type: AttributeType.FLOAT, f: 0 }];
    insert(graph, "conv1", { op_type: "Pad", input: ["padded"], output: ["padded twice"], attribute });
    node(graph, "conv1").input[0] = "padded twice";
  },
  "a Pad with a Constant node's value": (graph) => {
    const float = { name: "value_float", type: AttributeType.FLOAT, f: 0 };
    padding({ input: ["input", "pads", "zero"] }, 0, sizes("pads", 0, 0, 2, 2, 0, 0, 2, 2))(graph);
    graph.node.unshift(op("Constant", [], "zero", float) as unknown as Node);
  },
  "a bias in a Constant node": (graph) => {
    const [bias] = graph.initializer.splice(graph.initializer.indexOf(constant(graph, "conv1.bias")), 1);
    const floats = { name: "value_floats", type: AttributeType.FLOATS, floats: [...floatsOf(bias)] };
    graph.node.unshift(op("Constant", [], "conv1.bias", floats) as unknown as Node);
  },
  "Dropout with training_mode off, and Casts to half precision and back": (graph) => {
    const off = { name: "off", dims: [], data_type: DataType.BOOL, raw_data: Uint8Array.of(0) } as unknown as Constant;
    graph.initializer.push(off);
    insert(
      graph,
      "fc2",
      op("Dropout", ["relu3.output", "", "off"], "dropped"),
      op("Cast", ["dropped"], "half", integer("to", DataType.FLOAT16)),
      op("Cast", ["half"], "single", integer("to", DataType.FLOAT)),
    );
    node(graph, "fc2").input[0] = "single";
  },
  "a Flatten at an axis from the end": (graph) => setAttribute(node(graph, "flatten1"), integer("axis", -3)),
  "weights among the inputs, with their shapes": (graph) => {
    for (const { name, dims } of graph.initializer) {
      const shape = { dim: dims.map((dim_value) => ({ dim_value })) };
      (graph.input as object[]).push({ name, type: { tensor_type: { elem_type: DataType.FLOAT, shape } } });
    }
  },
  "a fixed batch size": (graph) => {
    setDimension(graph, 0, { dim_value: 8 });
    graph.initializer.push(sizes("shape", 8, 16));
    Object.assign(node(graph, "flatten1"), { op_type: "Reshape", input: ["pool2.output", "shape"], attribute: [] });
  },
  "omitted defaults": (graph) => {
    for (const { attribute } of graph.node) {
      attribute.splice(0, attribute.length, ...attribute.filter(({ ints = [] }) => ints[0] !== 1 && ints[0] !== 0));
    }
    node(graph, "flatten1").attribute = [];
  },
  "the oldest version of the format": (_, file) => Object.assign(file, { ir_version: 1 }),
  "the newest version of the format": (_, file) => Object.assign(file, { ir_version: 14 }),
  "the oldest operator set": (_, file) => Object.assign(file.opset_import[0], { version: 7 }),
  "an explicit domain": (graph, file) => {
    file.opset_import = [
      { domain: "com.microsoft", version: 1 },
      { domain: "ai.onnx", version: 28 },
    ];
    for (const each of graph.node) each.domain = "ai.onnx";
  },
};

describe("reads", () => {
  it.each(Object.entries(FORMS))("%s", (_, change) => {
    const { model, tensors } = readOnnx(edited(PLAIN, (file) => change(file.graph, file)));
    expect(model).toEqual(WEIGHTS.model);
    expect(bitsOf(tensors)).toEqual(bitsOf(WEIGHTS.parameters));
  });

  const LISTED = [1, -2, 2 ** -24, 0, 0, 0];
  it.each<[string, object]>([
    ["half precision", { data_type: DataType.FLOAT16, int32_data: [0x3c00, 0xc000, 0x0001, 0, 0, 0] }],
    ["bfloat16", { data_type: DataType.BFLOAT16, int32_data: [0x3f80, 0xc000, 0x3380, 0, 0, 0] }],
    ["float32", { data_type: DataType.FLOAT, float_data: LISTED }],
    ["float64", { data_type: DataType.DOUBLE, double_data: LISTED }],
  ])("listed numbers of %s", (_, listed) => {
    const file = edited(PLAIN, ({ graph }) => {
      Object.assign(constant(graph, "conv1.bias"), { raw_data: undefined, ...listed });
    });
    expect(readOnnx(file).tensors.get("conv1.bias")).toEqual({ shape: [6], data: Float32Array.from(LISTED) });
  });

  it.each<[string, object]>([
    ["int64", { data_type: DataType.INT64, int64_data: [-1, 16] }],
    ["int32", { data_type: DataType.INT32, int32_data: [-1, 16] }],
    ["int32, raw", { data_type: DataType.INT32, raw_data: new Uint8Array(Int32Array.of(-1, 16).buffer) }],
  ])("a shape of %s", (_, listed) => {
    const shape = { name: "shape", dims: [2], ...listed } as unknown as Constant;
    expect(readOnnx(edited(PLAIN, ({ graph }) => reshaping([shape])(graph))).model).toEqual(WEIGHTS.model);
  });
});
