import { type LayerKind, UNBOUNDED, type ValueBounds } from "./kind.js";
import { passive } from "./shape.js";

/** An elementwise activation. */
export interface ActivationLayer {
  readonly type: "sigmoid" | "relu" | "leakyRelu" | "tanh";
}

/** The factor applied to negative values. */
export const LEAKY_RELU_SLOPE = 0.01;

/** The activations that recipes choose from. */
export const ACTIVATIONS: Readonly<Record<ActivationLayer["type"], LayerKind<ActivationLayer>>> = {
  sigmoid: activation("Sigmoid", "Sigmoid", [0, 1]),
  relu: activation("ReLU", "Relu", [0, Infinity]),
  /** torch.nn.LeakyReLU with its default slope. */
  leakyRelu: activation("LeakyReLU", "LeakyRelu", UNBOUNDED, { alpha: LEAKY_RELU_SLOPE }),
  tanh: activation("Tanh", "Tanh", [-1, 1]),
};

function activation(
  moduleName: string,
  operator: string,
  range: ValueBounds,
  constants: Readonly<Record<string, number>> = {},
): LayerKind<ActivationLayer> {
  return {
    moduleName,
    fields: {},
    shape: (_layer, input) => passive(input),
    reach: () => "itself",
    range,
    operator: {
      name: operator,
      mostInputs: 1,
      attributes: Object.fromEntries(Object.keys(constants).map((name) => [name, "f"] as const)),
      valuesOf: () => constants,
    },
  };
}
