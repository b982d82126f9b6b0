import { type LayerKind, UNBOUNDED } from "./kind.js";
import { formatShape, ShapeError, weightAndBias } from "./shape.js";

/** Fully connected layer with bias, as torch.nn.Linear. */
export interface LinearLayer {
  readonly type: "linear";
  /** Prefix of the parameter names: `name.weight`, `name.bias`. */
  readonly name: string;
  readonly outFeatures: number;
}

export const linear: LayerKind<LinearLayer> = {
  moduleName: "Linear",
  fields: { name: { type: "text" }, outFeatures: { type: "whole", least: 1, most: 16_384 } },
  shape({ name, outFeatures }, input, where) {
    if (input.length !== 1) {
      throw new ShapeError(
        `${where}: expected input [features], got ${formatShape(input)}; add a flatten layer before it`,
      );
    }
    return {
      output: [outFeatures],
      parameters: weightAndBias(name, [outFeatures, input[0]], input[0]),
      multiplyAdds: outFeatures * input[0],
    };
  },
  reach: () => ({ channels: "all" }),
  range: UNBOUNDED,
  paperKind: "fullConnection",
  operator: {
    name: "Gemm",
    mostInputs: 3,
    attributes: { alpha: "f", beta: "f", transA: "i", transB: "i" },
    // Weights are [out, in], as in PyTorch.
    valuesOf: () => ({ transB: 1 }),
  },
};
