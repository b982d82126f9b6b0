import type { NamedTensors } from "../model/index.js";

/** LeNet-5's layers, as PyTorch's tutorials name them. */
const CONVOLUTIONS = ["conv1", "conv2"] as const;
const LINEAR_LAYERS = ["fc1", "fc2", "fc3"] as const;

/** A layer under the name that a file has for it, and the shape of its weights. */
interface NamedLayer {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * The tensors of a LeNet-5 whose layers have other names, as `0.weight` and `3.weight` of an nn.Sequential or
 * `features.0.weight` and `classifier.1.weight`, under LeNet-5's own: which is which follows from the shapes. Others, and
 * those where several ways would fit, come back as they are.
 */
export function withLeNet5Names(tensors: NamedTensors): NamedTensors {
  const layers = [...tensors].flatMap(([name, { shape }]) => {
    return name.endsWith("weight") ? [{ name: name.slice(0, -"weight".length), shape }] : [];
  });
  const convolutions = orders(layers.filter(({ shape }) => shape.length === 4)).filter(areConvolutions);
  const linearLayers = orders(layers.filter(({ shape }) => shape.length === 2)).filter(areLinearLayers);
  if (convolutions.length !== 1 || linearLayers.length !== 1) return tensors;
  const found = [...convolutions[0], ...linearLayers[0]];
  const parts = [...CONVOLUTIONS, ...LINEAR_LAYERS].flatMap((layer, index) =>
    ["weight", "bias"].map((part) => [`${layer}.${part}`, tensors.get(found[index].name + part)] as const),
  );
  const renamed = new Map(parts.flatMap(([name, tensor]) => (tensor ? [[name, tensor] as const] : [])));
  return renamed.size === tensors.size && renamed.size === parts.length ? renamed : tensors;
}

/** Each takes as many channels as the one before it gives. */
function areConvolutions([first, second, ...others]: readonly NamedLayer[]): boolean {
  return second !== undefined && others.length === 0 && second.shape[1] === first.shape[0];
}

/** Each takes as many features as the one before it gives. */
function areLinearLayers([first, second, third, ...others]: readonly NamedLayer[]): boolean {
  return (
    third !== undefined &&
    others.length === 0 &&
    second.shape[1] === first.shape[0] &&
    third.shape[1] === second.shape[0]
  );
}

/** All orders of a few things; none of more than LeNet-5 has, which would be many. */
function orders<Thing>(things: readonly Thing[]): Thing[][] {
  if (things.length > LINEAR_LAYERS.length) return [];
  if (things.length < 2) return [[...things]];
  return things.flatMap((first, index) => orders(things.toSpliced(index, 1)).map((others) => [first, ...others]));
}
