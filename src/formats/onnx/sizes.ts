import { elementCount } from "../../model/index.js";
import type { GraphNode } from "./node.js";
import { MOST_INTEGERS } from "./tensors.js";
import type { IntegerConstant, Size } from "./values.js";

/** Arithmetic on sizes, which exporters add to graphs: the shape to flatten to, and the amounts of a Pad. */
export const SIZE_EVALUATIONS: Readonly<Record<string, (node: GraphNode) => IntegerConstant>> = {
  Gather: gather,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  ConstantOfShape: zeros,
  Reshape: reshape,
  Slice: reverse,
  Mul: (node) => combine(node, (a, b) => a * b),
  Sub: (node) => combine(node, (a, b) => a - b),
};

/** A list of sizes. */
export function list(node: GraphNode, data: readonly Size[]): IntegerConstant {
  if (data.length > MOST_INTEGERS) node.fail(`it makes a list of ${data.length}, expected at most ${MOST_INTEGERS}`);
  return { kind: "integers", shape: [data.length], data };
}

function gather(node: GraphNode): IntegerConstant {
  node.allow("axis", 0);
  const { data } = node.list(0, "sizes");
  const places = node.sizes(1, "places");
  const picked = places.data.map((place) => {
    const size = place === "batch" ? undefined : data.at(place);
    return size ?? node.fail(`it takes the size at ${place} of ${data.length}`);
  });
  return { kind: "integers", shape: places.shape, data: picked };
}

function squeeze(node: GraphNode): IntegerConstant {
  const { data } = node.list(0, "size");
  requireFirstAxis(node, axesOf(node) ?? [0]);
  if (data.length !== 1) node.fail(`it makes a number of ${data.length} sizes, expected one`);
  return { kind: "integers", shape: [], data };
}

function unsqueeze(node: GraphNode): IntegerConstant {
  const { shape, data } = node.sizes(0, "size");
  requireFirstAxis(node, axesOf(node) ?? node.fail("it has no axes"));
  if (shape.length !== 0) node.fail(`it makes a list of [${shape}], expected a number`);
  return list(node, data);
}

function axesOf(node: GraphNode): readonly Size[] | undefined {
  return node.inputs[1] ? node.sizes(1, "axes").data : node.integers("axes");
}

function requireFirstAxis(node: GraphNode, axes: readonly Size[]): void {
  if (axes.join() !== "0") node.fail(`its axes are [${axes}], expected [0]`);
}

function concat(node: GraphNode): IntegerConstant {
  node.allow("axis", 0);
  const parts = node.inputs.map((_, index) => node.list(index, "sizes").data);
  return list(node, parts.flat());
}

function zeros(node: GraphNode): IntegerConstant {
  const { data } = node.list(0, "shape");
  const count = data.length === 1 ? Number(data[0]) : Number.NaN;
  if (!(count >= 0 && count <= MOST_INTEGERS)) node.fail(`its shape is [${data}], expected at most [${MOST_INTEGERS}]`);
  const value = node.tensor("value");
  if (value?.kind !== "integers" || value.data.join() !== "0") node.fail("its value is not the integer 0");
  return list(node, Array(count).fill(0));
}

/** Reshapes to a list, or to rows with a given number of columns. */
function reshape(node: GraphNode): IntegerConstant {
  const { data } = node.sizes(0, "sizes");
  const target = node.list(1, "shape").data;
  const [first, columns] = target;
  if (target.join() === "-1") return list(node, data);
  if (target.length !== 2 || first !== -1 || !(Number(columns) > 0) || data.length % Number(columns) !== 0) {
    node.fail(`it reshapes ${data.length} sizes to [${target}], expected [-1] or rows`);
  }
  return { kind: "integers", shape: [data.length / Number(columns), Number(columns)], data };
}

/** Exporters use one kind of slice only: all rows in reverse order. */
function reverse(node: GraphNode): IntegerConstant {
  const { shape, data } = node.sizes(0, "sizes");
  const slice = [1, 2, 3, 4].map((index) => node.list(index, "place").data);
  const [start, end, axis, step] = slice.map((place) => (place.length === 1 ? Number(place[0]) : Number.NaN));
  if (shape.length === 0 || start !== -1 || !(end < -data.length) || axis !== 0 || step !== -1) {
    node.fail(`it slices by [${slice.join("; ")}], expected all rows in reverse order`);
  }
  const columns = elementCount(shape.slice(1));
  const rows = Array.from({ length: shape[0] }, (_, row) => data.slice(row * columns, (row + 1) * columns));
  return { kind: "integers", shape, data: rows.toReversed().flat() };
}

function combine(node: GraphNode, operation: (a: number, b: number) => number): IntegerConstant {
  const [a, b] = [node.sizes(0, "size"), node.sizes(1, "size")];
  const [x, y] = [a.data[0], b.data[0]];
  if (a.data.length !== 1 || b.data.length !== 1 || x === "batch" || y === "batch") {
    node.fail(`it combines [${a.data}] and [${b.data}], expected two known sizes`);
  }
  return { kind: "integers", shape: a.shape.length > 0 ? a.shape : b.shape, data: [operation(x, y)] };
}
