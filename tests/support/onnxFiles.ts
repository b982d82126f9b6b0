import { writeOnnx } from "../../src/formats/onnx/index.js";
import { DataType, MODEL } from "../../src/formats/onnx/messages.js";
import { type Message, readMessage } from "../../src/formats/onnx/protobuf.js";
import { type NewMessage, writeMessage } from "../../src/formats/onnx/protobufWriter.js";
import { initializeParameters, type LeNet5Options, lenet5, type Weights } from "../../src/model/index.js";

/** A message whose fields can be changed. Missing fields are undefined despite the type. */
type Editable<T> = T extends Uint8Array | string | number
  ? T
  : { -readonly [Key in keyof T]: Editable<NonNullable<T[Key]>> };

export type EditableFile = Editable<Message<typeof MODEL>>;
export type Graph = EditableFile["graph"];
export type Node = Graph["node"][number];
export type Constant = Graph["initializer"][number];

/** An ONNX file with some of its fields changed. */
export function edited(file: Uint8Array, change: (file: EditableFile) => unknown): Uint8Array {
  const editable = structuredClone(readMessage(MODEL, file)) as unknown as EditableFile;
  change(editable);
  return writeMessage(MODEL, editable as NewMessage<typeof MODEL>);
}

export const bytesOf = (values: Float32Array | BigInt64Array | Float64Array) => new Uint8Array(values.buffer);
export const floatsOf = ({ raw_data }: Constant) => new Float32Array(raw_data.slice().buffer);

export function node(graph: Graph, name: string): Node {
  return graph.node.find((each) => each.name === name)!;
}

export function constant(graph: Graph, name: string): Constant {
  return graph.initializer.find((each) => each.name === name)!;
}

/** Inserts nodes before another. */
export function insert(graph: Graph, before: string, ...nodes: object[]): void {
  graph.node.splice(graph.node.indexOf(node(graph, before)), 0, ...(nodes as Node[]));
}

/** A constant list of integers. */
export function sizes(name: string, ...values: number[]): Constant {
  const raw_data = bytesOf(BigInt64Array.from(values, BigInt));
  return { name, dims: [values.length], data_type: DataType.INT64, raw_data } as Constant;
}

/** Changes the size of one axis of the input, to a number or a name. */
export function setDimension(graph: Graph, axis: number, dimension: object): void {
  (graph.input[0].type.tensor_type.shape.dim as object[])[axis] = dimension;
}

/** Sets an attribute of a node, replacing the one with the same name. */
export function setAttribute(target: Node, attribute: object): void {
  const { name } = attribute as { name: string };
  target.attribute = [...target.attribute.filter((each) => each.name !== name), attribute as Node["attribute"][number]];
}

/** Transposes a matrix. */
export function transpose(tensor: Constant): void {
  const [rows, columns] = tensor.dims;
  const values = floatsOf(tensor);
  const transposed = values.map((_, index) => values[(index % rows) * columns + Math.floor(index / rows)]);
  Object.assign(tensor, { dims: [columns, rows], raw_data: bytesOf(transposed) });
}

export function scale(tensor: Constant, factor: number): void {
  tensor.raw_data = bytesOf(floatsOf(tensor).map((value) => value * factor));
}

const LENET5: LeNet5Options = {
  input: { channels: 1, height: 12, width: 12 },
  classes: 10,
  activation: "relu",
  pooling: "maxPool2d",
  dropout: 0,
};

/** The weights of a LeNet-5, by default for 1×12×12 images. */
export function lenetWeights(options: Partial<LeNet5Options> = {}): Weights {
  const model = lenet5({ ...LENET5, ...options });
  const channels = Array.from({ length: model.input.channels }, (_, channel) => 0.25 + channel / 10);
  return {
    model,
    parameters: initializeParameters(model, 1998),
    normalization: { mean: channels, std: channels.map((value) => value / 2) },
  };
}

/** The weights of the default LeNet-5, and its file. */
export const WEIGHTS = lenetWeights();
export const PLAIN = writeOnnx(WEIGHTS);
export const WITH_PREPROCESSING = writeOnnx(WEIGHTS, { withPreprocessing: true });
