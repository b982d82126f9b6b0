import { isActivation, kindOf } from "./layers/index.js";
import type { ShapedLayer } from "./shapes.js";

/** A layer as LeCun et al. (1998) count them: one that sums or pools, together with its activation. */
export interface PaperLayer {
  /** `C1`, `S2`, `C3`, `S4`, `C5`, `F6`: the kind's letter and the position; `Output` for the last layer. */
  readonly term: string;
  readonly kind: "convolution" | "subsampling" | "fullConnection" | "output";
  /** The index in the model of the layer that sums or pools. */
  readonly main: number;
  /** The index of its activation; `main` if it has none. */
  readonly last: number;
}

const LETTERS = { convolution: "C", subsampling: "S", fullConnection: "F" } as const;

/**
 * A model's layers in the paper's terms. The paper treats a linear layer that takes maps as a convolution whose kernel
 * covers the entire map: C5. Batch normalisation, dropout and flattening do not count as layers.
 */
export function paperLayers(layers: readonly ShapedLayer[]): PaperLayer[] {
  const mains = layers.flatMap((_, index) => (paperKind(layers, index) ? [index] : []));
  return mains.map((main, position) => {
    const last = activationAfter(layers, main) ?? main;
    if (position === mains.length - 1 && layers[main].output.length === 1) {
      return { term: "Output", kind: "output", main, last };
    }
    const kind = paperKind(layers, main)!;
    return { term: `${LETTERS[kind]}${position + 1}`, kind, main, last };
  });
}

/** Undefined for layers that the paper does not count. */
function paperKind(layers: readonly ShapedLayer[], index: number): keyof typeof LETTERS | undefined {
  const kind = kindOf(layers[index].layer).paperKind;
  return kind === "fullConnection" && takesMaps(layers, index) ? "convolution" : kind;
}

/** Whether a full connection takes the flattened maps of an earlier layer. */
function takesMaps(layers: readonly ShapedLayer[], fullConnection: number): boolean {
  for (let index = fullConnection - 1; index >= 0; index--) {
    const { layer, input, output } = layers[index];
    if (kindOf(layer).paperKind === "fullConnection") return false;
    if (input.length === 3 && output.length === 1) {
      return layers.slice(0, index).some(({ layer: before }) => kindOf(before).paperKind !== undefined);
    }
  }
  return false;
}

function activationAfter(layers: readonly ShapedLayer[], main: number): number | undefined {
  for (let index = main + 1; index < layers.length; index++) {
    const { layer } = layers[index];
    if (isActivation(layer)) return index;
    if (!kindOf(layer).isForTraining && layer.type !== "batchNorm") return undefined;
  }
  return undefined;
}
