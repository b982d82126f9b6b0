import type { LayerKind } from "./kind.js";
import { passive } from "./shape.js";

/** [channels, height, width] to [features], channels first. */
export interface FlattenLayer {
  readonly type: "flatten";
}

export const flatten: LayerKind<FlattenLayer> = {
  moduleName: "Flatten",
  fields: {},
  shape: (_layer, [channels, height = 1, width = 1]) => passive([channels * height * width]),
  reach: () => "itself",
  range: "input",
  operator: { name: "Flatten", mostInputs: 1, attributes: { axis: "i" }, valuesOf: () => ({ axis: 1 }) },
};
