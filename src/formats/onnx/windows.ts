import type { Pool2dLayer } from "../../model/index.js";
import type { Network } from "./network.js";
import type { GraphNode } from "./node.js";

/** Convolutions and pooling. */

/** Reads a convolution and gives it a name. */
export function readConvolution(node: GraphNode, network: Network, name: string) {
  node.allow("group", 1);
  const weight = node.floats(1, "weight");
  const bias = node.floats(2, "bias");
  if (weight.shape.length !== 4) node.fail(`its weight "${weight.name}" is [${weight.shape}], expected 4 dimensions`);
  const [outChannels, , ...kernelShape] = weight.shape;
  const window = readWindow(node, kernelShape);
  const padding = window.padding + network.takePadding();
  return network.add(node, { type: "conv2d", name, outChannels, ...window, padding }, weight, bias);
}

/** Reads a pooling of the given type. */
export function readPooling(node: GraphNode, network: Network, type: Pool2dLayer["type"]) {
  node.allow("ceil_mode", 0);
  const { kernel, stride, padding } = readWindow(node, []);
  // Without padding, count_include_pad makes no difference.
  if (padding !== 0) node.fail(`it pads by ${padding}, expected no padding`);
  return network.add(node, { type, kernel, stride });
}

function readWindow(node: GraphNode, kernelShape: readonly number[]) {
  node.allow("auto_pad", "NOTSET");
  const dilation = readEqual(node, "dilations", [1, 1]);
  if (dilation !== 1) node.fail(`its dilations are ${dilation}, expected 1`);
  const kernel = readEqual(node, "kernel_shape", kernelShape);
  if (kernelShape.length > 0 && kernelShape.join() !== [kernel, kernel].join()) {
    node.fail(`its kernel_shape is ${kernel}, expected that of its weight, [${kernelShape}]`);
  }
  return { kernel, stride: readEqual(node, "strides", [1, 1]), padding: readEqual(node, "pads", [0, 0, 0, 0], 4) };
}

/** An attribute with one number per side or axis, which must all be equal. */
function readEqual(node: GraphNode, name: string, otherwise: readonly number[], count = 2): number {
  const numbers = node.integers(name) ?? otherwise;
  if (numbers.length !== count || numbers.some((each) => each !== numbers[0])) {
    node.fail(`its ${name} are [${numbers}], expected ${count} equal numbers`);
  }
  return numbers[0];
}
