import { describe, expect, it } from "vitest";
import {
  bytesOf,
  constant,
  type EditableFile,
  edited,
  floatsOf,
  type Graph,
  insert,
  lenetWeights,
  type Node,
  node,
  scale,
  setAttribute,
  setDimension,
  sizes,
  transpose,
} from "../../../tests/support/onnxFiles.js";
import { readOnnx, writeOnnx } from "./index.js";
import { integer, integers } from "./links.js";
import { AttributeType, DataType } from "./messages.js";

const weights = lenetWeights();
const plain = writeOnnx(weights);

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
  "an explicit domain": (graph, file) => {
    file.opset_import = [{ domain: "ai.onnx", version: 21 }];
    for (const each of graph.node) each.domain = "ai.onnx";
  },
};

describe("reads", () => {
  it.each(Object.entries(FORMS))("%s", (_, change) => {
    const { model, tensors } = readOnnx(edited(plain, (file) => change(file.graph, file)));
    expect(model).toEqual(weights.model);
    expect(tensors).toEqual(weights.parameters);
  });

  it("half precision, listed as bit patterns", () => {
    const file = edited(plain, ({ graph }) => {
      const bits = { data_type: DataType.FLOAT16, raw_data: undefined, int32_data: [0x3c00, 0xc000, 0x0001, 0, 0, 0] };
      Object.assign(constant(graph, "conv1.bias"), bits);
    });
    expect(readOnnx(file).tensors.get("conv1.bias")).toEqual({
      shape: [6],
      data: Float32Array.of(1, -2, 2 ** -24, 0, 0, 0),
    });
  });
});
