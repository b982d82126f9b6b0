import type { BatchNormLayer } from "../../model/index.js";
import type { Network, Step } from "./network.js";
import type { GraphNode } from "./node.js";

/** Batch normalisation behind a convolution or linear layer, which a LeNet-5 may have. */
export function normalizationStep(name: string): Step {
  return {
    expected: `the batch normalisation ${name} (BatchNormalization)`,
    operators: ["BatchNormalization"],
    isOptional: true,
    read: (node, network) => readNormalization(node, network, name),
  };
}

function readNormalization(node: GraphNode, network: Network, name: string) {
  node.allow("training_mode", 0);
  const layer = asWritten({
    type: "batchNorm",
    name,
    epsilon: node.float("epsilon", 1e-5),
    momentum: 1 - node.float("momentum", 0.9),
  });
  const constants = ["scale", "bias", "mean", "variance"].map((part, index) => node.floats(index + 1, part));
  return network.add(node, layer, ...constants);
}

/** The digits that a float32, as which ONNX stores both numbers, holds for certain. */
const DIGITS = 6;

/** A layer with its numbers as a file gives them back. */
export function asWritten(layer: BatchNormLayer): BatchNormLayer {
  const rounded = (value: number) => Number(value.toPrecision(DIGITS));
  return { ...layer, epsilon: rounded(layer.epsilon), momentum: rounded(layer.momentum) };
}
