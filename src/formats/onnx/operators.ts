import { LAYER_KINDS, type OnnxAttribute } from "../../model/index.js";

/** The fields that can hold an attribute's value. */
export type AttributeField = OnnxAttribute | "t" | "floats";

/** The inputs and attributes that an operator's nodes may have. */
export interface Operator {
  readonly mostInputs: number;
  readonly attributes: Readonly<Record<string, AttributeField>>;
}

/** How many outputs an operator can have, if not one: Dropout's mask and the places of MaxPool, which must not be used. */
export const MOST_OUTPUTS: Readonly<Record<string, number>> = { Dropout: 2, MaxPool: 2 };

const NOTHING: Operator = { mostInputs: 1, attributes: {} };
const TWO_INPUTS: Operator = { mostInputs: 2, attributes: {} };

/** All supported operators: those of the layers and their equivalents, preprocessing, and computing sizes. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  ...Object.fromEntries(
    Object.values(LAYER_KINDS).flatMap(({ operator }) => (operator ? [[operator.name, operator]] : [])),
  ),
  Reshape: { mostInputs: 2, attributes: { allowzero: "i" } },
  MatMul: TWO_INPUTS,
  Add: TWO_INPUTS,
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
