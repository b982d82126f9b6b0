import type { LayerKind } from "./kind.js";
import { passive } from "./shape.js";

/** In training, zeroes each value with the given probability and scales the others by 1 / (1 − probability). */
export interface DropoutLayer {
  readonly type: "dropout";
  readonly probability: number;
}

export const dropout: LayerKind<DropoutLayer> = {
  moduleName: "Dropout",
  fields: { probability: { type: "fraction", least: 0, below: 1 } },
  shape: (_layer, input) => passive(input),
  reach: () => "itself",
  range: "input",
  isForTraining: true,
  operator: {
    name: "Dropout",
    mostInputs: 3,
    attributes: { ratio: "f", seed: "i" },
    valuesOf: ({ probability }) => ({ ratio: probability }),
  },
};
