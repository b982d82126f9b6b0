import { FLATTEN, linear } from "./linear.js";
import type { Step } from "./network.js";
import { byOperator } from "./operators.js";
import { convolution, POOLING } from "./windows.js";

const ACTIVATIONS = byOperator("relu", "sigmoid", "tanh");

const ACTIVATION: Step = {
  expected: "an activation (Relu, Sigmoid or Tanh)",
  operators: [...ACTIVATIONS.keys()],
  read: (node, network) => network.add(node, { type: ACTIVATIONS.get(node.operator)! }),
};

/** The names of the layers with parameters where a file does not tell. */
export const NAMES: readonly string[] = ["conv1", "conv2", "fc1", "fc2", "fc3"];

/** A LeNet-5, node by node. */
export function networkSteps([conv1, conv2, fc1, fc2, fc3]: readonly string[]): Step[] {
  return [
    convolution(conv1),
    ACTIVATION,
    POOLING,
    convolution(conv2),
    ACTIVATION,
    POOLING,
    FLATTEN,
    linear(fc1),
    ACTIVATION,
    linear(fc2),
    ACTIVATION,
    linear(fc3),
  ];
}
