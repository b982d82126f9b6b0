import { type LayerKind, UNBOUNDED } from "./kind.js";
import { elementCount, type ParameterSpec } from "./shape.js";

/**
 * Batch normalisation with learned scale and shift, as torch.nn.BatchNorm2d of maps and BatchNorm1d of features (Ioffe
 * and Szegedy, "Batch normalization", 2015). In training, each channel is normalised by its mean and variance over the
 * batch; outside training, by the running mean and variance, which training measures.
 */
export interface BatchNormLayer {
  readonly type: "batchNorm";
  /** Prefix of the names: `name.weight`, `name.bias`, `name.running_mean`, `name.running_var`. */
  readonly name: string;
  /** Added to the variance. */
  readonly epsilon: number;
  /** The share of a batch's mean and variance in the running ones, as in PyTorch. ONNX's is 1 minus this. */
  readonly momentum: number;
}

export const batchNorm: LayerKind<BatchNormLayer> = {
  moduleName: (input) => (input.length === 3 ? "BatchNorm2d" : "BatchNorm1d"),
  fields: {
    name: { type: "text" },
    epsilon: { type: "fraction", least: 0, below: 1 },
    momentum: { type: "fraction", least: 0, below: 1 },
  },
  shape: ({ name }, input) => ({
    output: input,
    parameters: tensorsOf(name, [input[0]]),
    multiplyAdds: elementCount(input),
  }),
  reach: () => "itself",
  range: UNBOUNDED,
  operator: {
    name: "BatchNormalization",
    mostInputs: 5,
    attributes: { epsilon: "f", momentum: "f", training_mode: "i" },
    valuesOf: ({ epsilon, momentum }) => ({ epsilon, momentum: 1 - momentum }),
  },
};

function tensorsOf(name: string, shape: readonly number[]): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape, initial: { constant: 1 } },
    { name: `${name}.bias`, shape, initial: { constant: 0 } },
    { name: `${name}.running_mean`, shape, initial: { constant: 0 }, isBuffer: true },
    { name: `${name}.running_var`, shape, initial: { constant: 1 }, isBuffer: true },
  ];
}
