import { BYTES, DOUBLE, FLOAT, INTEGER, list, type Message, message, REFUSED, single, TEXT } from "./protobuf.js";
import type { NewMessage } from "./protobufWriter.js";

/**
 * The messages of an ONNX file (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), with the fields that a LeNet-5
 * needs and those that must not be ignored, in the order of their numbers.
 */

const TEXT_ENTRY = { key: single(1, TEXT), value: single(2, TEXT) };
const TEXT_ENTRIES = message(TEXT_ENTRY);

export const TENSOR = {
  dims: list(1, INTEGER),
  data_type: single(2, INTEGER),
  segment: single(3, REFUSED),
  float_data: list(4, FLOAT),
  int32_data: list(5, INTEGER),
  int64_data: list(7, INTEGER),
  name: single(8, TEXT),
  raw_data: single(9, BYTES),
  double_data: list(10, DOUBLE),
  external_data: list(13, TEXT_ENTRIES),
  data_location: single(14, INTEGER),
  metadata_props: list(16, TEXT_ENTRIES),
};

export const ATTRIBUTE = {
  name: single(1, TEXT),
  f: single(2, FLOAT),
  i: single(3, INTEGER),
  s: single(4, BYTES),
  t: single(5, message(TENSOR)),
  g: single(6, REFUSED),
  floats: list(7, FLOAT),
  ints: list(8, INTEGER),
  strings: list(9, REFUSED),
  tensors: list(10, REFUSED),
  graphs: list(11, REFUSED),
  tp: single(14, REFUSED),
  type_protos: list(15, REFUSED),
  type: single(20, INTEGER),
  ref_attr_name: single(21, REFUSED),
  sparse_tensor: single(22, REFUSED),
  sparse_tensors: list(23, REFUSED),
};

export const NODE = {
  input: list(1, TEXT),
  output: list(2, TEXT),
  name: single(3, TEXT),
  op_type: single(4, TEXT),
  attribute: list(5, message(ATTRIBUTE)),
  domain: single(7, TEXT),
  metadata_props: list(9, TEXT_ENTRIES),
};

const DIMENSION = { dim_value: single(1, INTEGER), dim_param: single(2, TEXT) };
const SHAPE = { dim: list(1, message(DIMENSION)) };
const TENSOR_TYPE = { elem_type: single(1, INTEGER), shape: single(2, message(SHAPE)) };
const TYPE = { tensor_type: single(1, message(TENSOR_TYPE)) };

export const VALUE = {
  name: single(1, TEXT),
  type: single(2, message(TYPE)),
  doc_string: single(3, TEXT),
  metadata_props: list(4, TEXT_ENTRIES),
};

export const GRAPH = {
  node: list(1, message(NODE)),
  name: single(2, TEXT),
  initializer: list(5, message(TENSOR)),
  doc_string: single(10, TEXT),
  input: list(11, message(VALUE)),
  output: list(12, message(VALUE)),
  value_info: list(13, message(VALUE)),
  quantization_annotation: list(14, REFUSED),
  sparse_initializer: list(15, REFUSED),
  metadata_props: list(16, TEXT_ENTRIES),
};

const OPERATOR_SET = { domain: single(1, TEXT), version: single(2, INTEGER) };

/** The entire file. */
export const MODEL = {
  ir_version: single(1, INTEGER),
  producer_name: single(2, TEXT),
  producer_version: single(3, TEXT),
  doc_string: single(6, TEXT),
  graph: single(7, message(GRAPH)),
  opset_import: list(8, message(OPERATOR_SET)),
  metadata_props: list(14, TEXT_ENTRIES),
  training_info: list(20, REFUSED),
  functions: list(25, BYTES),
};

export type ModelMessage = Message<typeof MODEL>;
export type GraphMessage = Message<typeof GRAPH>;
export type NodeMessage = Message<typeof NODE>;
export type AttributeMessage = Message<typeof ATTRIBUTE>;
export type TensorMessage = Message<typeof TENSOR>;
export type ValueMessage = Message<typeof VALUE>;

export type NewAttribute = NewMessage<typeof ATTRIBUTE>;
export type NewTensor = NewMessage<typeof TENSOR>;
export type NewValue = NewMessage<typeof VALUE>;

/** The element types of tensors, named as in onnx.proto. */
export const DataType = {
  FLOAT: 1,
  UINT8: 2,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  BFLOAT16: 16,
} as const;

/** The types of attributes, named as in onnx.proto. */
export const AttributeType = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, FLOATS: 6, INTS: 7 } as const;
