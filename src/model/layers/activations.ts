import type { LayerKind, ValueBounds } from "./kind.js";
import { passive } from "./shape.js";

/** An elementwise activation. */
export interface ActivationLayer {
  readonly type: "sigmoid" | "relu" | "tanh";
}

/** The activations that recipes choose from. */
export const ACTIVATIONS: Readonly<Record<ActivationLayer["type"], LayerKind<ActivationLayer>>> = {
  sigmoid: activation("Sigmoid", "Sigmoid", [0, 1]),
  relu: activation("ReLU", "Relu", [0, Infinity]),
  tanh: activation("Tanh", "Tanh", [-1, 1]),
};

function activation(moduleName: string, operator: string, range: ValueBounds): LayerKind<ActivationLayer> {
  return {
    moduleName,
    fields: {},
    shape: (_layer, input) => passive(input),
    reach: () => "itself",
    range,
    operator: { name: operator, mostInputs: 1, attributes: {}, valuesOf: () => ({}) },
  };
}
