import { elementCount } from "../../model/index.js";
import type { Stage } from "./layers.js";

/** Where each stage's part of something lies, and the size of all. */
export interface StageLayout {
  readonly offsets: readonly number[];
  readonly size: number;
}

/** A sample's trace: what the sums over the batch need of it. */
export function layoutTrace(stages: readonly Stage[]): StageLayout {
  return layoutStages(stages, ({ shaped, kernels }) => (shaped && kernels?.parameters?.traceSize(shaped)) ?? 0);
}

/** A network's coefficients: what the joins make of a batch. */
export function layoutCoefficients(stages: readonly Stage[]): StageLayout {
  return layoutStages(stages, ({ shaped, kernels }) => (shaped && kernels?.overBatch?.coefficientCount(shaped)) ?? 0);
}

function layoutStages(stages: readonly Stage[], sizeOf: (stage: Stage) => number): StageLayout {
  let size = 0;
  const offsets = stages.map((stage) => {
    const offset = size;
    size += sizeOf(stage);
    return offset;
  });
  return { offsets, size };
}

/** The parameters of a stage: how many are weights, and how many biases. */
export function parameterCounts({ shaped }: Stage): { readonly weights: number; readonly biases: number } {
  const [weights = 0, biases = 0] = shaped?.parameters.map(({ shape }) => elementCount(shape)) ?? [];
  return { weights, biases };
}
