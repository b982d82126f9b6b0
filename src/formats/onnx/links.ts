import type { Layer, ShapedLayer } from "../../model/index.js";
import { AttributeType, type NewAttribute } from "./messages.js";
import { OPERATOR_OF } from "./operators.js";

/** One operator of a chain: it takes what the one before it gives. */
export interface Link {
  readonly name: string;
  readonly operator: string;
  readonly attributes: readonly NewAttribute[];
  /** The constant tensors that it takes, too. */
  readonly constants: readonly string[];
  /** The shape that it gives, without the batch. */
  readonly output: readonly number[];
}

/** The operators of a network, named as its layers are, else counted: conv1, relu1, pool1 … */
export function networkLinks(layers: readonly ShapedLayer[]): Link[] {
  const counts = new Map<string, number>();
  const count = (kind: string) => {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return `${kind}${counts.get(kind)}`;
  };
  const links: Link[] = [];
  for (const { layer, parameters, output } of layers) {
    if (layer.type === "dropout") continue;
    links.push({
      name: "name" in layer ? layer.name : count(layer.type.endsWith("Pool2d") ? "pool" : layer.type),
      operator: OPERATOR_OF[layer.type],
      attributes: attributes(layer),
      constants: parameters.map(({ name }) => name),
      output,
    });
  }
  return links;
}

function attributes(layer: Layer): NewAttribute[] {
  switch (layer.type) {
    case "conv2d":
      return [
        integers("kernel_shape", [layer.kernel, layer.kernel]),
        integers("pads", Array(4).fill(layer.padding)),
        integers("strides", [layer.stride, layer.stride]),
      ];
    case "averagePool2d":
    case "maxPool2d":
      return [
        integers("kernel_shape", [layer.kernel, layer.kernel]),
        integers("strides", [layer.stride, layer.stride]),
      ];
    case "linear":
      // Weights are [out, in], as PyTorch has them.
      return [integer("transB", 1)];
    case "flatten":
      return [integer("axis", 1)];
    default:
      return [];
  }
}

/** An attribute that is a whole number. */
export function integer(name: string, i: number): NewAttribute {
  return { name, type: AttributeType.INT, i };
}

/** An attribute that is a list of whole numbers. */
export function integers(name: string, ints: readonly number[]): NewAttribute {
  return { name, type: AttributeType.INTS, ints };
}
