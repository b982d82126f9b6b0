import { elementCount } from "../../model/index.js";
import type { Stage } from "./layers.js";

/** Where each stage's part of a sample's trace lies: what the sums over the batch need of it. */
export interface TraceLayout {
  readonly offsets: readonly number[];
  readonly size: number;
}

export function layoutTrace(stages: readonly Stage[]): TraceLayout {
  let size = 0;
  const offsets = stages.map(({ shaped, kernels }) => {
    const offset = size;
    if (shaped && kernels?.parameters) size += kernels.parameters.traceSize(shaped);
    return offset;
  });
  return { offsets, size };
}

/** The parameters of a stage: how many are weights, and how many biases. */
export function parameterCounts({ shaped }: Stage): { readonly weights: number; readonly biases: number } {
  const [weights = 0, biases = 0] = shaped?.parameters.map(({ shape }) => elementCount(shape)) ?? [];
  return { weights, biases };
}
