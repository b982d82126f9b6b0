import type { LayerKind } from "./kind.js";
import { passive, requireImage } from "./shape.js";

/** The mean of each channel, as torch.nn.AdaptiveAvgPool2d(1). */
export interface GlobalAveragePool2dLayer {
  readonly type: "globalAveragePool2d";
}

export const globalAveragePool2d: LayerKind<GlobalAveragePool2dLayer> = {
  moduleName: "AdaptiveAvgPool2d",
  fields: {},
  shape: (_layer, input, where) => passive([requireImage(input, where)[0], 1, 1]),
  reach: () => ({ channels: "own" }),
  range: "input",
  paperKind: "subsampling",
  operator: { name: "GlobalAveragePool", mostInputs: 1, attributes: {}, valuesOf: () => ({}) },
};
