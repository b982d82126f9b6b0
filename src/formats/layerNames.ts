import type { NamedTensors } from "../model/index.js";

/** LeNet-5's layers, as PyTorch's tutorials name them. */
const CONVOLUTIONS = ["conv1", "conv2"] as const;
const LINEAR_LAYERS = ["fc1", "fc2", "fc3"] as const;
/** The batch normalisations behind the hidden layers. */
const NORMS = ["bn1", "bn2", "bn3", "bn4"] as const;

/** A layer's name in the file, and the shape of its weights. */
interface NamedLayer {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Renames the tensors of a LeNet-5 whose layers have other names, such as `0.weight` and `3.weight` of an
 * nn.Sequential, or `features.0.weight` and `classifier.1.weight`. The shapes show which layer is which. Returns the
 * tensors unchanged if they are not a LeNet-5's or the shapes are ambiguous.
 */
export function withLeNet5Names(tensors: NamedTensors): NamedTensors {
  const layers = [...tensors].flatMap(([name, { shape }]) => {
    return name.endsWith("weight") ? [{ name: name.slice(0, -"weight".length), shape }] : [];
  });
  const norms = layers.filter(({ name }) => tensors.has(`${name}running_var`));
  const convolutions = orders(layers.filter(({ shape }) => shape.length === 4)).filter(areConvolutions);
  const linearLayers = orders(layers.filter(({ shape }) => shape.length === 2)).filter(areLinearLayers);
  if (convolutions.length !== 1 || linearLayers.length !== 1) return tensors;
  const found = [...convolutions[0], ...linearLayers[0]];
  const partsOf = (layer: string, prefix: string, parts: readonly string[]) =>
    parts.map((part) => [`${layer}.${part}`, tensors.get(prefix + part)] as const);
  const parts = [...CONVOLUTIONS, ...LINEAR_LAYERS].flatMap((layer, index) => [
    ...partsOf(layer, found[index].name, ["weight", "bias"]),
    ...(norms.length > 0 && index < NORMS.length
      ? partsOf(NORMS[index], normBehind(found, index, norms), ["weight", "bias", "running_mean", "running_var"])
      : []),
  ]);
  const renamed = new Map(parts.flatMap(([name, tensor]) => (tensor ? [[name, tensor] as const] : [])));
  return renamed.size === tensors.size && renamed.size === parts.length ? renamed : tensors;
}

/**
 * The prefix of the batch normalisation behind a hidden layer: the first with as many channels that no earlier layer has.
 */
function normBehind(hidden: readonly NamedLayer[], index: number, norms: readonly NamedLayer[]): string {
  const [width] = hidden[index].shape;
  const earlier = hidden.slice(0, index).filter(({ shape }) => shape[0] === width).length;
  return norms.filter(({ shape }) => shape[0] === width).at(earlier)?.name ?? "";
}

/** Each layer's input channels must equal the previous layer's output channels. */
function areConvolutions([first, second, ...others]: readonly NamedLayer[]): boolean {
  return second !== undefined && others.length === 0 && second.shape[1] === first.shape[0];
}

/** Each layer's input features must equal the previous layer's output features. */
function areLinearLayers([first, second, third, ...others]: readonly NamedLayer[]): boolean {
  return (
    third !== undefined &&
    others.length === 0 &&
    second.shape[1] === first.shape[0] &&
    third.shape[1] === second.shape[0]
  );
}

/** All orders of a few things; none if there are more than LeNet-5 has, as their number grows fast. */
function orders<Thing>(things: readonly Thing[]): Thing[][] {
  if (things.length > LINEAR_LAYERS.length) return [];
  if (things.length < 2) return [[...things]];
  return things.flatMap((first, index) => orders(things.toSpliced(index, 1)).map((others) => [first, ...others]));
}
