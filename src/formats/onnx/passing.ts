import type { GraphNode } from "./node.js";
import { isFloatType } from "./tensors.js";
import type { Size } from "./values.js";

/** Whether a node returns its input unchanged, except for rounding, outside of training. */
export function passesThrough(node: GraphNode): boolean {
  switch (node.operator) {
    case "Identity":
      return true;
    case "Cast":
      return isFloatType(node.integer("to", 0));
    case "Dropout":
      return requireEvaluation(node);
    case "Pad":
      return padsOf(node).every((pad) => pad === 0);
    default:
      return false;
  }
}

function requireEvaluation(node: GraphNode): true {
  const isTraining = node.inputs[2] !== undefined && node.sizes(2, "training mode").data.join() !== "0";
  return isTraining ? node.fail("it is in training mode, expected a model in evaluation mode") : true;
}

/**
 * How many zeros a Pad node adds on each side of images.
 *
 * @throws FormatError if it does not add zeros, or not equally many on all sides
 */
export function readPadding(node: GraphNode): number {
  const pads = padsOf(node);
  const padding = pads[2];
  if (
    typeof padding !== "number" ||
    padding < 0 ||
    pads.join() !== [0, 0, padding, padding, 0, 0, padding, padding].join()
  ) {
    node.fail(`its pads are [${pads}], expected equal padding on all sides of an image`);
  }
  const [value, ...others] = node.inputs[2] ? node.floats(2, "value").data : [node.float("value", 0)];
  if (value !== 0 || others.length > 0) node.fail(`it pads with ${value}, expected 0`);
  return padding;
}

/** The number of elements added before each axis, then after each. */
function padsOf(node: GraphNode): readonly Size[] {
  node.allow("mode", "constant");
  const [image] = node.inputs;
  const rank = image?.kind === "activation" ? 1 + image.shape.length : 0;
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const pads = node.inputs[1] ? node.sizes(1, "pads").data : (node.integers("pads") ?? []);
  const listed = node.inputs[3] ? node.sizes(3, "axes").data : all;
  const axes = listed.map((axis) => (Number(axis) < 0 ? Number(axis) + rank : axis));
  if (!axes.every((axis, index) => all.includes(Number(axis)) && axes.indexOf(axis) === index)) {
    node.fail(`its axes are [${listed}], expected different ones of ${rank}`);
  }
  if (pads.length !== 2 * axes.length) node.fail(`it has ${pads.length} pads, expected ${2 * axes.length}`);
  const at = (axis: number, end: number) => {
    const index = axes.indexOf(axis);
    return index < 0 ? 0 : pads[index + end * axes.length];
  };
  return [0, 1].flatMap((end) => all.map((axis) => at(axis, end)));
}
