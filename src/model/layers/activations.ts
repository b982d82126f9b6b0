import { type LayerKind, UNBOUNDED, type ValueBounds } from "./kind.js";
import { passive } from "./shape.js";

/** An elementwise activation. */
export interface ActivationLayer {
  readonly type: "sigmoid" | "relu" | "leakyRelu" | "tanh" | "scaledTanh";
}

/** The factor applied to negative values. */
export const LEAKY_RELU_SLOPE = 0.01;

/** LeCun et al. (1998), appendix A: f(a) = amplitude · tanh(slope · a), so that f(±1) = ±1. */
export const SCALED_TANH = { amplitude: 1.7159, slope: 2 / 3 } as const;

/** The activations that recipes choose from. */
export const ACTIVATIONS: Readonly<Record<ActivationLayer["type"], LayerKind<ActivationLayer>>> = {
  sigmoid: activation("Sigmoid", "Sigmoid", [0, 1]),
  relu: activation("ReLU", "Relu", [0, Infinity]),
  /** torch.nn.LeakyReLU with its default slope. */
  leakyRelu: activation("LeakyReLU", "LeakyRelu", UNBOUNDED, { alpha: LEAKY_RELU_SLOPE }),
  tanh: activation("Tanh", "Tanh", [-1, 1]),
  scaledTanh: elementwise("ScaledTanh", [-SCALED_TANH.amplitude, SCALED_TANH.amplitude]),
};

function activation(
  moduleName: string,
  operator: string,
  range: ValueBounds,
  constants: Readonly<Record<string, number>> = {},
): LayerKind<ActivationLayer> {
  return {
    ...elementwise(moduleName, range),
    operator: {
      name: operator,
      mostInputs: 1,
      attributes: Object.fromEntries(Object.keys(constants).map((name) => [name, "f"] as const)),
      valuesOf: () => constants,
    },
  };
}

function elementwise(moduleName: string, range: ValueBounds): LayerKind<ActivationLayer> {
  return { moduleName, fields: {}, shape: (_layer, input) => passive(input), reach: () => "itself", range };
}
