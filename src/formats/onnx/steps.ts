import {
  ACTIVATION_TYPES,
  type BatchNormLayer,
  type DropoutLayer,
  kindOf,
  LAYER_KINDS,
  LAYER_TYPES,
  type Layer,
  type LayerType,
} from "../../model/index.js";
import { normalizationStep } from "./batchNorm.js";
import type { OperatorType } from "./compositions.js";
import { readFlattening, readLinear } from "./linear.js";
import type { Network, Step } from "./network.js";
import type { GraphNode } from "./node.js";
import { readConvolution, readPooling } from "./windows.js";

/** Adds a node's layer to the network, named if it has parameters, and returns the shape of a sample after it. */
type Read = (node: GraphNode, network: Network, name: string) => readonly number[];

/** Layers without fields: the operator says everything about them. */
type PlainType = {
  [Type in OperatorType]: keyof (typeof LAYER_KINDS)[Type]["fields"] extends never ? Type : never;
}[OperatorType];

/**
 * The layers whose nodes need more than a check of fixed attributes. Dropout is skipped (passing.ts), batch normalisation
 * is optional (batchNorm.ts).
 */
type ReadType = Exclude<OperatorType, PlainType | DropoutLayer["type"] | BatchNormLayer["type"]> | "flatten";

const READERS = {
  conv2d: readConvolution,
  averagePool2d: (node, network) => readPooling(node, network, "averagePool2d"),
  maxPool2d: (node, network) => readPooling(node, network, "maxPool2d"),
  flatten: readFlattening,
  linear: readLinear,
} satisfies Record<ReadType, Read>;

/** Further operators that compute a layer. */
const OTHER_OPERATORS: Partial<Record<LayerType, readonly string[]>> = { flatten: ["Reshape"], linear: ["MatMul"] };

/** A node that computes a layer of one of these types. */
function layerStep(expected: string, types: readonly LayerType[], name = ""): Step {
  const readers = new Map(
    types.flatMap((type) => {
      const read: Read = (READERS as Partial<Record<LayerType, Read>>)[type] ?? readPlain(type as PlainType);
      return [operatorOf(type), ...(OTHER_OPERATORS[type] ?? [])].map((operator) => [operator, read] as const);
    }),
  );
  return {
    expected,
    operators: [...readers.keys()],
    read: (node, network) => readers.get(node.operator)!(node, network, name),
  };
}

/** The attributes must have the values that we write, which must be ONNX's defaults. */
function readPlain(type: PlainType): Read {
  const layer: Layer = { type };
  return (node, network) => {
    for (const [name, value] of Object.entries(kindOf(layer).operator!.valuesOf(layer)))
      node.allow(name, Number(value));
    return network.add(node, layer);
  };
}

function operatorOf(type: LayerType): string {
  return LAYER_KINDS[type].operator!.name;
}

/** For messages: `Relu, Sigmoid or Tanh`. */
function listed(types: readonly LayerType[]): string {
  const operators = types.map(operatorOf).sort();
  return `${operators.slice(0, -1).join(", ")} or ${operators.at(-1)}`;
}

const withOperator = (types: readonly LayerType[]) => types.filter((type) => LAYER_KINDS[type].operator);
const SUBSAMPLING_TYPES = withOperator(LAYER_TYPES.filter((type) => LAYER_KINDS[type].paperKind === "subsampling"));
const READ_ACTIVATIONS = withOperator(ACTIVATION_TYPES);

const ACTIVATION = layerStep(`an activation (${listed(READ_ACTIVATIONS)})`, READ_ACTIVATIONS);
const POOLING = layerStep(`pooling (${listed(SUBSAMPLING_TYPES)})`, SUBSAMPLING_TYPES);
const FLATTEN = layerStep("its flattening (Flatten or Reshape)", ["flatten"]);
const convolution = (name: string) => layerStep(`the convolution ${name} (Conv)`, ["conv2d"], name);
const linear = (name: string) => layerStep(`the linear layer ${name} (Gemm, or MatMul and Add)`, ["linear"], name);

/** The name of a layer that sums, and of the batch normalisation behind it, if there is one. */
export interface LayerNames {
  readonly name: string;
  readonly norm: string;
}

/** The names of the layers with parameters if the file has none. */
export const NAMES: readonly LayerNames[] = [
  { name: "conv1", norm: "bn1" },
  { name: "conv2", norm: "bn2" },
  { name: "fc1", norm: "bn3" },
  { name: "fc2", norm: "bn4" },
  { name: "fc3", norm: "bn5" },
];

/** A LeNet-5, node by node. */
export function networkSteps([conv1, conv2, fc1, fc2, fc3]: readonly LayerNames[]): Step[] {
  return [
    convolution(conv1.name),
    normalizationStep(conv1.norm),
    ACTIVATION,
    POOLING,
    convolution(conv2.name),
    normalizationStep(conv2.norm),
    ACTIVATION,
    POOLING,
    FLATTEN,
    linear(fc1.name),
    normalizationStep(fc1.norm),
    ACTIVATION,
    linear(fc2.name),
    normalizationStep(fc2.norm),
    ACTIVATION,
    linear(fc3.name),
  ];
}
