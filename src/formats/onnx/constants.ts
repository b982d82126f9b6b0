import { DataType } from "./messages.js";
import type { GraphNode } from "./node.js";
import { list, SIZE_EVALUATIONS } from "./sizes.js";
import { isFloatType, readConstant } from "./tensors.js";
import { transposed, type Value } from "./values.js";

/**
 * What exporters compute in the graph besides the network: constants, and the sizes for reshaping an activation when
 * the batch size is not fixed.
 */
const EVALUATIONS: Readonly<Record<string, (node: GraphNode) => Value>> = {
  Constant: constant,
  Identity: (node) => node.input(0),
  Cast: cast,
  Transpose: transpose,
  Shape: shapeOf,
  ...SIZE_EVALUATIONS,
};

/** Whether a node computes a constant, independent of the content of the images. */
export function isConstant({ operator, inputs }: GraphNode): boolean {
  return operator === "Shape" || inputs.every((input) => input?.kind !== "activation");
}

/** @throws FormatError if it computes something that no LeNet-5 needs */
export function evaluate(node: GraphNode): Value {
  if (!Object.hasOwn(EVALUATIONS, node.operator)) {
    node.fail("all its inputs are constants, expected images or an operator that computes sizes");
  }
  return EVALUATIONS[node.operator](node);
}

function constant(node: GraphNode): Value {
  const { t, i, ints = [], f, floats = [] } = node.onlyAttribute();
  if (t) return readConstant(t);
  if (i !== undefined) return { kind: "integers", shape: [], data: [i] };
  if (f !== undefined) return floatConstant(node, [], [f]);
  if (floats.length > 0) return floatConstant(node, [floats.length], floats);
  return list(node, ints);
}

function floatConstant(node: GraphNode, shape: readonly number[], values: readonly number[]): Value {
  return { kind: "floats", name: node.output, shape, isTransposed: false, data: Float32Array.from(values) };
}

function cast(node: GraphNode): Value {
  const input = node.input(0);
  const to = node.integer("to", 0);
  const isSame = input.kind === "floats" ? isFloatType(to) : to === DataType.INT64;
  return isSame ? input : node.fail(`it casts ${input.kind} to type ${to}, expected no change`);
}

function transpose(node: GraphNode): Value {
  const input = node.input(0);
  const axes = node.integers("perm") ?? [1, 0];
  if (input.kind === "activation" || input.shape.length !== 2 || axes.join() !== "1,0") {
    node.fail(`it transposes [${input.shape}] to the axes [${axes}], expected a matrix to [1,0]`);
  }
  if (input.kind === "floats") return transposed(input);
  const [rows, columns] = input.shape;
  const data = input.data.map((_, index) => input.data[(index % rows) * columns + Math.floor(index / rows)]);
  return { ...input, shape: [columns, rows], data };
}

function shapeOf(node: GraphNode): Value {
  const input = node.input(0);
  const shape = input.kind === "activation" ? [input.batch, ...input.shape] : input.shape;
  return list(node, shape.slice(node.integer("start", 0), node.integer("end", shape.length)));
}
