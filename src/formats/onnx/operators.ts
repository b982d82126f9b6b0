import type { Layer } from "../../model/index.js";

/** The operator that computes a layer. */
export const OPERATOR_OF = {
  conv2d: "Conv",
  averagePool2d: "AveragePool",
  maxPool2d: "MaxPool",
  linear: "Gemm",
  sigmoid: "Sigmoid",
  relu: "Relu",
  tanh: "Tanh",
  flatten: "Flatten",
} as const satisfies Record<Exclude<Layer["type"], "dropout">, string>;

/** The layers of these types by their operators. */
export function byOperator<Type extends keyof typeof OPERATOR_OF>(
  ...types: readonly Type[]
): ReadonlyMap<string, Type> {
  return new Map(types.map((type) => [OPERATOR_OF[type], type]));
}

/** The fields of an attribute that can hold its value. */
export type AttributeField = "f" | "i" | "s" | "t" | "floats" | "ints";

/** What nodes of an operator may have. */
export interface Operator {
  readonly mostInputs: number;
  readonly attributes: Readonly<Record<string, AttributeField>>;
}

const WINDOW = { auto_pad: "s", dilations: "ints", kernel_shape: "ints", pads: "ints", strides: "ints" } as const;

const NOTHING: Operator = { mostInputs: 1, attributes: {} };
const TWO_INPUTS: Operator = { mostInputs: 2, attributes: {} };

/** All operators that are read: of the network, around it, and those that compute sizes. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Conv: { mostInputs: 3, attributes: { ...WINDOW, group: "i" } },
  AveragePool: { mostInputs: 1, attributes: { ...WINDOW, ceil_mode: "i", count_include_pad: "i" } },
  MaxPool: { mostInputs: 1, attributes: { ...WINDOW, ceil_mode: "i", storage_order: "i" } },
  Relu: NOTHING,
  Sigmoid: NOTHING,
  Tanh: NOTHING,
  Flatten: { mostInputs: 1, attributes: { axis: "i" } },
  Reshape: { mostInputs: 2, attributes: { allowzero: "i" } },
  Gemm: { mostInputs: 3, attributes: { alpha: "f", beta: "f", transA: "i", transB: "i" } },
  MatMul: TWO_INPUTS,
  Add: TWO_INPUTS,
  Dropout: { mostInputs: 3, attributes: { ratio: "f", seed: "i" } },
  Identity: NOTHING,
  Pad: { mostInputs: 4, attributes: { mode: "s", pads: "ints", value: "f" } },
  Cast: { mostInputs: 1, attributes: { to: "i", saturate: "i", round_mode: "s" } },
  Div: TWO_INPUTS,
  Sub: TWO_INPUTS,
  Transpose: { mostInputs: 1, attributes: { perm: "ints" } },
  Softmax: { mostInputs: 1, attributes: { axis: "i" } },
  Constant: {
    mostInputs: 0,
    attributes: { value: "t", value_int: "i", value_ints: "ints", value_float: "f", value_floats: "floats" },
  },
  Shape: { mostInputs: 1, attributes: { start: "i", end: "i" } },
  Gather: { mostInputs: 2, attributes: { axis: "i" } },
  Squeeze: { mostInputs: 2, attributes: { axes: "ints" } },
  Unsqueeze: { mostInputs: 2, attributes: { axes: "ints" } },
  Concat: { mostInputs: 8, attributes: { axis: "i" } },
  ConstantOfShape: { mostInputs: 1, attributes: { value: "t" } },
  Slice: { mostInputs: 5, attributes: {} },
  Mul: TWO_INPUTS,
};
