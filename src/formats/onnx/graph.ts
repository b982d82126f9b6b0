import type { Model, NamedTensors, Normalization } from "../../model/index.js";
import type { TensorBudget } from "../elements.js";
import { FormatError } from "../errors.js";
import { evaluate, isConstant } from "./constants.js";
import { DataType, type GraphMessage, type TensorMessage, type ValueMessage } from "./messages.js";
import { Network } from "./network.js";
import { GraphNode } from "./node.js";
import { PREPROCESSING_STEPS, SOFTMAX_STEP } from "./preprocessing.js";
import { type LayerNames, networkSteps } from "./steps.js";
import { isElementType, isFloatType, readConstant, spend } from "./tensors.js";
import type { Activation, Value } from "./values.js";

/** The network that a graph computes. */
export interface NetworkOfGraph {
  /** Without dropout, which a graph does not show. */
  readonly model: Model;
  readonly parameters: NamedTensors;
  /** If the graph takes bytes: how it normalises them. */
  readonly normalization?: Normalization;
}

/**
 * Walks through a graph from input to output and checks every node against LeNet-5's.
 *
 * @param layers the names of the layers with parameters
 * @param budget what all constants together may take
 * @throws FormatError naming the first node that differs, what it is and what was expected
 * @throws ShapeError if layers do not fit together
 */
export function readGraph(graph: GraphMessage, layers: readonly LayerNames[], budget: TensorBudget): NetworkOfGraph {
  for (const tensor of constantsOf(graph)) spend(budget, tensor);
  const values = new Map<string, Value>();
  const names = new Set<string>();
  const define = (name: string, value?: Value) => {
    if (names.has(name)) throw new FormatError(`onnx: the value "${name}" is defined twice`);
    names.add(name);
    if (value) values.set(name, value);
  };
  for (const tensor of graph.initializer) define(tensor.name ?? "", readConstant(tensor));
  const input = only(
    "input",
    graph.input.filter((each) => !isInitializer(each, values)),
  );
  const output = only("output", graph.output);
  const { elem_type: type = DataType.FLOAT } = output.type?.tensor_type ?? {};
  if (!isFloatType(type)) {
    throw new FormatError(`onnx: the output "${output.name}" is of type ${type}, expected floating point`);
  }
  const { activation, takesBytes } = readInput(input);
  for (const value of [...graph.input, ...graph.output, ...graph.value_info]) requireTensor(value);
  define(input.name ?? "", activation);

  const steps = networkSteps(layers);
  const network = new Network(activation, takesBytes ? [...PREPROCESSING_STEPS, ...steps, SOFTMAX_STEP] : steps);
  for (const message of graph.node) {
    const node = new GraphNode(message, (name) => values.get(name));
    define(node.output, isConstant(node) ? evaluate(node) : network.take(node));
    for (const name of node.otherOutputs) if (name !== "") define(name);
  }
  network.finish(output.name ?? "", values.get(output.name ?? ""));
  for (const value of [...graph.output, ...graph.value_info]) requireShape(value, values.get(value.name ?? ""));

  const [first, second, third] = activation.shape;
  const images = takesBytes
    ? { channels: third, height: first, width: second }
    : { channels: first, height: second, width: third };
  return {
    model: { input: images, layers: network.layers },
    parameters: network.parameters,
    normalization: takesBytes ? network.normalization : undefined,
  };
}

/** The tensors that a graph holds, in its initializers and nodes. */
function constantsOf({ initializer, node }: GraphMessage): TensorMessage[] {
  return [...initializer, ...node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? []))];
}

/**
 * Early ONNX files list initializers among the inputs, too.
 *
 * @throws FormatError if it is listed with another shape
 */
function isInitializer({ name = "", type }: ValueMessage, values: ReadonlyMap<string, Value>): boolean {
  const initializer = values.get(name);
  const listed = type?.tensor_type?.shape?.dim.map(({ dim_value }) => dim_value);
  if (initializer && listed && listed.join() !== initializer.shape.join()) {
    throw new FormatError(`onnx: the input "${name}" is [${listed}], but its tensor is [${initializer.shape}]`);
  }
  return initializer !== undefined;
}

/** @throws FormatError if a value is described as something other than a tensor */
function requireTensor({ name, type }: ValueMessage): void {
  const element = type?.tensor_type?.elem_type;
  if (type && !isElementType(element)) {
    throw new FormatError(`onnx: the value "${name}" is of type ${element ?? "unknown"}, expected numbers`);
  }
}

/** @throws FormatError if the graph says that a value has another shape than it has */
function requireShape({ name, type }: ValueMessage, value: Value | undefined): void {
  const dimensions = type?.tensor_type?.shape?.dim;
  if (value?.kind !== "activation" || !dimensions) return;
  const sizes = dimensions.slice(1).map(({ dim_value, dim_param = "?" }) => dim_value ?? dim_param);
  const fits = sizes.every((size, index) => typeof size === "string" || size === value.shape[index]);
  if (dimensions.length !== 1 + value.shape.length || !fits) {
    throw new FormatError(`onnx: the value "${name}" is said to be of [${sizes}], but it is [${value.shape}]`);
  }
}

function only(what: string, values: readonly ValueMessage[]): ValueMessage {
  const [value, ...others] = values;
  if (value === undefined || others.length > 0) {
    const names = values.map(({ name }) => `"${name}"`).join(", ") || "none";
    throw new FormatError(`onnx: the graph's ${what}s are ${names}, expected one`);
  }
  return value;
}

function readInput({ name, type }: ValueMessage): { readonly activation: Activation; readonly takesBytes: boolean } {
  const fail = (problem: string) => new FormatError(`onnx: the input "${name}" ${problem}`);
  const { elem_type: element, shape } = type?.tensor_type ?? {};
  const takesBytes = element === DataType.UINT8;
  if (!takesBytes && !isFloatType(element)) throw fail(`is of type ${element}, expected floating point or bytes`);
  const dimensions = shape?.dim ?? [];
  const [batch, ...sizes] = dimensions.map(({ dim_value, dim_param = "?" }) => dim_value ?? dim_param);
  if (sizes.length !== 3 || !sizes.every((size) => Number.isSafeInteger(size) && Number(size) > 0)) {
    throw fail(
      `has the shape [${dimensions.length > 0 ? [batch, ...sizes] : ""}], expected a batch and three known sizes`,
    );
  }
  return {
    activation: {
      kind: "activation",
      batch: typeof batch === "number" && batch > 0 ? batch : "batch",
      shape: sizes.map(Number),
    },
    takesBytes,
  };
}
