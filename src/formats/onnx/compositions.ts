import {
  type ActivationLayer,
  kindOf,
  type Layer,
  type LayerType,
  type NamedTensors,
  RBF_CENTRES,
  type RbfLayer,
  SCALED_TANH,
  type ShapedLayer,
  type Subsample2dLayer,
  type Tensor,
} from "../../model/index.js";
import { integer, integers, type Link } from "./links.js";

/** Layers that none of ONNX's operators computes. They are written, but not read back. */
type ComposedLayer = (ActivationLayer & { readonly type: "scaledTanh" }) | Subsample2dLayer | RbfLayer;

/** The types of layers that one of ONNX's operators computes. */
export type OperatorType = Exclude<LayerType, ComposedLayer["type"]>;

/** Whether a layer takes several operators, or constants other than its parameters. */
export function isComposed(layer: Layer): layer is ComposedLayer {
  return kindOf(layer).operator === undefined;
}

const SLOPE = "scaled_tanh.slope";
const AMPLITUDE = "scaled_tanh.amplitude";
const CENTRES = "rbf.centres";
const CLASS_AXIS = "rbf.class_axis";
const SHARE = "rbf.share";

/** The operators of a layer, one after the other; the last has the layer's name. */
export function composedLinks(layer: ComposedLayer, { input, output }: ShapedLayer, name: string): Link[] {
  const link = (part: string, operator: string, constants: readonly string[] = []): Link => ({
    name: part === "" ? name : `${name}.${part}`,
    operator,
    attributes: [],
    constants,
    output,
  });
  switch (layer.type) {
    case "scaledTanh":
      return [link("scale", "Mul", [SLOPE]), link("tanh", "Tanh"), link("", "Mul", [AMPLITUDE])];
    case "subsample2d": {
      const { kernel, stride } = layer;
      const attributes = [
        integers("kernel_shape", [kernel, kernel]),
        integers("strides", [stride, stride]),
        integer("group", input[0]),
      ];
      return [{ ...link("", "Conv", [windowsName(layer), `${layer.name}.bias`]), attributes }];
    }
    case "rbf": {
      const differences = [RBF_CENTRES.length, input[0]];
      return [
        { ...link("unsqueeze", "Unsqueeze", [CLASS_AXIS]), output: [1, input[0]] },
        { ...link("differences", "Sub", [CENTRES]), output: differences },
        { ...link("distances", "ReduceSumSquare"), attributes: [integers("axes", [2]), integer("keepdims", 0)] },
        link("", "Mul", [SHARE]),
      ];
    }
  }
}

/** The constants of all composed layers besides their parameters. */
export function composedConstants(layers: readonly ShapedLayer[], parameters: NamedTensors): [string, Tensor][] {
  const constants = layers.flatMap(({ layer, input }) => {
    return isComposed(layer) ? constantsOf(layer, input[0], parameters) : [];
  });
  return [...new Map(constants)];
}

function constantsOf(layer: ComposedLayer, channels: number, parameters: NamedTensors): [string, Tensor][] {
  switch (layer.type) {
    case "scaledTanh":
      return [
        [SLOPE, { shape: [], data: Float32Array.of(SCALED_TANH.slope) }],
        [AMPLITUDE, { shape: [], data: Float32Array.of(SCALED_TANH.amplitude) }],
      ];
    case "subsample2d": {
      // The sum of a window times a coefficient is a convolution of each channel by itself.
      const { kernel, name } = layer;
      const coefficients = parameters.get(`${name}.weight`)!.data as ArrayLike<number>;
      const taps = kernel * kernel;
      const data = Float32Array.from({ length: channels * taps }, (_, tap) => coefficients[Math.floor(tap / taps)]);
      return [[windowsName(layer), { shape: [channels, 1, kernel, kernel], data }]];
    }
    case "rbf": {
      const centres = RBF_CENTRES.flatMap((centre) => [...centre]);
      return [
        [CENTRES, { shape: [RBF_CENTRES.length, channels], data: Float32Array.from(centres) }],
        [CLASS_AXIS, { shape: [1], data: BigInt64Array.of(1n) }],
        [SHARE, { shape: [], data: Float32Array.of(-1 / channels) }],
      ];
    }
  }
}

function windowsName({ name }: Subsample2dLayer): string {
  return `${name}.windows`;
}
