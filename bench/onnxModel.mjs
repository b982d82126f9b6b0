// Writes LeNet-5 as an ONNX file, the format of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.

import protobuf from "protobufjs";

/** The messages and fields of the format that this network needs. */
const { root } = protobuf.parse(
  `
  syntax = "proto2";
  message Attribute {
    optional string name = 1; optional float f = 2; optional int64 i = 3; repeated int64 ints = 8; optional int32 type = 20;
  }
  message Node {
    repeated string input = 1; repeated string output = 2; optional string op_type = 4; repeated Attribute attribute = 5;
  }
  message Tensor {
    repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes raw_data = 9;
  }
  message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { optional int32 elem_type = 1; optional Shape shape = 2; }
  message Type { optional TensorType tensor_type = 1; }
  message ValueInfo { optional string name = 1; optional Type type = 2; }
  message Graph {
    repeated Node node = 1; optional string name = 2; repeated Tensor initializer = 5;
    repeated ValueInfo input = 11; repeated ValueInfo output = 12;
  }
  message OperatorSet { optional string domain = 1; optional int64 version = 2; }
  message Model { optional int64 ir_version = 1; optional Graph graph = 7; repeated OperatorSet opset_import = 8; }
`,
  { keepCase: true },
);
const ModelProto = root.lookupType("Model");

const FLOAT = 1;
const INTEGER_ATTRIBUTE = 2;
const INTEGERS_ATTRIBUTE = 7;
const IR_VERSION = 8;
const OPERATOR_SET = 17;

const OPERATORS = {
  sigmoid: "Sigmoid",
  relu: "Relu",
  averagePool2d: "AveragePool",
  maxPool2d: "MaxPool",
  flatten: "Flatten",
};

/**
 * A model of ours and its parameters as the bytes of an ONNX file: float32 `input` [batch, channels, height, width] in,
 * `logits` [batch, classes] out, for any batch; dropout is left out.
 */
export function onnxModel(model, parameters) {
  const layers = model.layers.filter(({ type }) => type !== "dropout");
  const node = layers.map((layer, index) => ({
    ...operator(layer),
    input: [
      index === 0 ? "input" : `value${index}`,
      ...(layer.name ? [`${layer.name}.weight`, `${layer.name}.bias`] : []),
    ],
    output: [index === layers.length - 1 ? "logits" : `value${index + 1}`],
  }));
  const initializer = [...parameters].map(([name, { shape, data }]) => ({
    name,
    dims: shape,
    data_type: FLOAT,
    raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  const { channels, height, width } = model.input;
  const classes = layers.at(-1).outFeatures;
  const graph = {
    name: "lenet5",
    node,
    initializer,
    input: [batchOf("input", [channels, height, width])],
    output: [batchOf("logits", [classes])],
  };
  return ModelProto.encode(
    ModelProto.fromObject({ ir_version: IR_VERSION, graph, opset_import: [{ domain: "", version: OPERATOR_SET }] }),
  ).finish();
}

function operator(layer) {
  switch (layer.type) {
    case "conv2d":
      return {
        op_type: "Conv",
        attribute: [integers("strides", [layer.stride, layer.stride]), integers("pads", Array(4).fill(layer.padding))],
      };
    case "averagePool2d":
    case "maxPool2d":
      return {
        op_type: OPERATORS[layer.type],
        attribute: [
          integers("kernel_shape", [layer.kernel, layer.kernel]),
          integers("strides", [layer.stride, layer.stride]),
        ],
      };
    case "linear":
      // Weights are [out, in], as PyTorch has them.
      return { op_type: "Gemm", attribute: [{ name: "transB", type: INTEGER_ATTRIBUTE, i: 1 }] };
    default:
      return { op_type: OPERATORS[layer.type] };
  }
}

function integers(name, ints) {
  return { name, type: INTEGERS_ATTRIBUTE, ints };
}

function batchOf(name, shape) {
  const dim = [{ dim_param: "batch" }, ...shape.map((extent) => ({ dim_value: extent }))];
  return { name, type: { tensor_type: { elem_type: FLOAT, shape: { dim } } } };
}
