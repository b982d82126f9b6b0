import { elementCount } from "../../model/index.js";
import type { Network, Step } from "./network.js";
import type { GraphNode } from "./node.js";
import { type FloatConstant, transposed } from "./values.js";

/** Flattening and linear layers. */

/** Reads a Flatten or an equivalent Reshape. */
export function readFlattening(node: GraphNode, network: Network) {
  if (node.operator === "Reshape") {
    requireFlattening(node, network);
  } else {
    node.allow("axis", 1, -3);
  }
  return network.add(node, { type: "flatten" });
}

/** In a Reshape's target, 0 keeps the size of that axis and −1 infers it. */
function requireFlattening(node: GraphNode, { head }: Network): void {
  const { data } = node.sizes(1, "shape");
  const [rows, columns] = data;
  const features = elementCount(head.shape);
  const keepsRows = rows === head.batch || (rows === 0 && node.integer("allowzero", 0) === 0);
  const keepsColumns = columns === features;
  const isRight = (keepsRows && (keepsColumns || columns === -1)) || (rows === -1 && keepsColumns);
  if (data.length !== 2 || !isRight) {
    node.fail(`it reshapes to [${data}], expected [${head.batch},${features}]`);
  }
}

/** Reads a linear layer and gives it a name. */
export function readLinear(node: GraphNode, network: Network, name: string) {
  const matrix = node.floats(1, "weight");
  if (matrix.shape.length !== 2) node.fail(`its weight "${matrix.name}" is [${matrix.shape}], expected a matrix`);
  node.allow("transA", 0);
  const weight = node.integer("transB", 0) === 0 ? transposed(matrix) : matrix;
  const layer = { type: "linear", name, outFeatures: weight.shape[0] } as const;
  const scaledWeight = rowMajor(scaled(weight, node.float("alpha", 1)));
  if (node.operator === "MatMul") {
    network.expect(bias(name));
    return network.add(node, layer, scaledWeight);
  }
  return network.add(node, layer, scaledWeight, scaled(asVector(node.floats(2, "bias")), node.float("beta", 1)));
}

/** The Add after a MatMul. */
const bias = (name: string): Step => ({
  expected: `the bias of ${name} (Add)`,
  operators: ["Add"],
  read(node, network) {
    const index = node.inputs[0]?.kind === "floats" ? 0 : 1;
    const { shape } = network.head;
    network.addParameter(node, `${name}.bias`, shape, asVector(node.floats(index, "bias")));
    return shape;
  },
});

/** Turns a matrix with one row into a vector. */
function asVector(constant: FloatConstant): FloatConstant {
  const [rows, ...columns] = constant.shape;
  return rows === 1 && columns.length === 1 ? { ...constant, shape: columns } : constant;
}

function scaled(constant: FloatConstant, factor: number): FloatConstant {
  return factor === 1 ? constant : { ...constant, data: constant.data.map((value) => value * factor) };
}

/** A matrix with its data in row-major order. */
function rowMajor(matrix: FloatConstant): FloatConstant {
  if (!matrix.isTransposed) return matrix;
  const [rows, columns] = matrix.shape;
  const data = new Float32Array(matrix.data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      data[row * columns + column] = matrix.data[column * rows + row];
    }
  }
  return { ...matrix, data, isTransposed: false };
}
