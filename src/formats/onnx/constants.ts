import { DataType } from "./messages.js";
import type { GraphNode } from "./node.js";
import { isFloatType, MOST_INTEGERS, readConstant } from "./tensors.js";
import type { IntegerConstant, Size, Value } from "./values.js";

/**
 * What exporters compute in the graph besides the network: constants, and the sizes that an activation is reshaped to
 * where the batch has any size.
 */
const EVALUATIONS: Readonly<Record<string, (node: GraphNode) => Value>> = {
  Constant: constant,
  Identity: (node) => node.input(0),
  Cast: cast,
  Transpose: transpose,
  Shape: shapeOf,
  Gather: gather,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Mul: multiply,
  Reshape: reshape,
};

/** Whether a node computes a constant: nothing of it depends on what is in the pictures. */
export function isConstant({ operator, inputs }: GraphNode): boolean {
  return operator === "Shape" || inputs.every((input) => input?.kind !== "activation");
}

/** @throws FormatError where it computes what no LeNet-5 needs */
export function evaluate(node: GraphNode): Value {
  if (!Object.hasOwn(EVALUATIONS, node.operator)) {
    node.fail(`it takes constants alone, expected that of ${Object.keys(EVALUATIONS).join(", ")} only`);
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
  return isSame ? input : node.fail(`it casts ${input.kind} to type ${to}, expected their own`);
}

function transpose(node: GraphNode): Value {
  const input = node.floats(0, "matrix");
  const axes = node.integers("perm") ?? [1, 0];
  if (input.shape.length !== 2 || axes.join() !== "1,0") {
    node.fail(`it transposes [${input.shape}] to the axes [${axes}], expected a matrix to [1,0]`);
  }
  return { ...input, shape: input.shape.toReversed(), isTransposed: !input.isTransposed };
}

function shapeOf(node: GraphNode): Value {
  const input = node.input(0);
  const shape = input.kind === "activation" ? [input.batch, ...input.shape] : input.shape;
  return list(node, shape.slice(node.integer("start", 0), node.integer("end", shape.length)));
}

function gather(node: GraphNode): Value {
  node.allow("axis", 0);
  const { data } = node.sizes(0, "sizes");
  const places = node.sizes(1, "places");
  const picked = places.data.map((place) => {
    const size = place === "batch" ? undefined : data.at(place);
    return size ?? node.fail(`it takes size ${place} of ${data.length}`);
  });
  return { kind: "integers", shape: places.shape, data: picked };
}

function squeeze(node: GraphNode): Value {
  const { data } = node.sizes(0, "size");
  requireFirstAxis(node);
  if (data.length !== 1) node.fail(`it makes a number of ${data.length} sizes, expected one`);
  return { kind: "integers", shape: [], data };
}

function unsqueeze(node: GraphNode): Value {
  const { shape, data } = node.sizes(0, "size");
  requireFirstAxis(node);
  if (shape.length !== 0) node.fail("it makes a list of a list, expected of a number");
  return list(node, data);
}

function requireFirstAxis(node: GraphNode): void {
  const axes = node.inputs[1] ? node.sizes(1, "axes").data : (node.integers("axes") ?? [0]);
  if (axes.join() !== "0") node.fail(`its axes are [${axes}], expected [0]`);
}

function concat(node: GraphNode): Value {
  node.allow("axis", 0);
  return list(
    node,
    node.inputs.flatMap((_, index) => node.sizes(index, "sizes").data),
  );
}

function multiply(node: GraphNode): Value {
  const [a, b] = [node.sizes(0, "size"), node.sizes(1, "size")];
  const [x, y] = [a.data[0], b.data[0]];
  if (a.data.length !== 1 || b.data.length !== 1 || x === "batch" || y === "batch") {
    node.fail(`it multiplies [${a.data}] by [${b.data}], expected two known sizes`);
  }
  return { kind: "integers", shape: a.shape.length > 0 ? a.shape : b.shape, data: [x * y] };
}

function reshape(node: GraphNode): Value {
  const { data } = node.sizes(0, "sizes");
  const shape = node.sizes(1, "shape").data;
  if (shape.join() !== "-1") node.fail(`it reshapes sizes to [${shape}], expected [-1]`);
  return list(node, data);
}

function list(node: GraphNode, data: readonly Size[]): IntegerConstant {
  if (data.length > MOST_INTEGERS)
    node.fail(`it makes a list of ${data.length} sizes, expected ${MOST_INTEGERS} at most`);
  return { kind: "integers", shape: [data.length], data };
}
