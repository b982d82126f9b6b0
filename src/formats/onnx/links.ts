import { kindOf, type Layer, type ShapedLayer } from "../../model/index.js";
import { composedLinks, isComposed } from "./compositions.js";
import { AttributeType, type NewAttribute } from "./messages.js";

/** One operator of a chain; its input is the previous operator's output. */
export interface Link {
  readonly name: string;
  readonly operator: string;
  readonly attributes: readonly NewAttribute[];
  /** The names of its constant inputs. */
  readonly constants: readonly string[];
  /** The shape of its output, without the batch. */
  readonly output: readonly number[];
}

/** The operators of a network, named after its layers; layers without a name are numbered: relu1, pool1 … */
export function networkLinks(layers: readonly ShapedLayer[]): Link[] {
  const counts = new Map<string, number>();
  const count = (kind: string) => {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return `${kind}${counts.get(kind)}`;
  };
  const links: Link[] = [];
  for (const shaped of layers) {
    const { layer, parameters, output } = shaped;
    const kind = kindOf(layer);
    if (kind.isForTraining) continue;
    const name = "name" in layer ? layer.name : count(kind.paperKind === "subsampling" ? "pool" : layer.type);
    if (isComposed(layer)) {
      links.push(...composedLinks(layer, shaped, name));
      continue;
    }
    links.push({
      name,
      operator: kind.operator!.name,
      attributes: attributes(layer),
      constants: parameters.map(({ name }) => name),
      output,
    });
  }
  return links;
}

function attributes(layer: Layer): NewAttribute[] {
  const operator = kindOf(layer).operator!;
  return Object.entries(operator.valuesOf(layer)).map(([name, value]) => {
    if (typeof value !== "number") return integers(name, value);
    return operator.attributes[name] === "f" ? float(name, value) : integer(name, value);
  });
}

/** A FLOAT attribute. */
function float(name: string, f: number): NewAttribute {
  return { name, type: AttributeType.FLOAT, f };
}

/** An INT attribute. */
export function integer(name: string, i: number): NewAttribute {
  return { name, type: AttributeType.INT, i };
}

/** An INTS attribute. */
export function integers(name: string, ints: readonly number[]): NewAttribute {
  return { name, type: AttributeType.INTS, ints };
}
