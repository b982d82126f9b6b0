import type { Dataset } from "../../../src/data/dataset.js";
import type { Model, NamedTensors, Normalization } from "../../../src/model/index.js";
import type { Evaluation } from "../../../src/training/metrics.js";
import type { Progress } from "../../../src/training/passes.js";

/** Which network is to be judged by which images; one worker judges once. */
export interface EvaluationRequest {
  readonly model: Model;
  readonly parameters: NamedTensors;
  readonly normalization: Normalization;
  readonly dataset: Dataset;
  /** All images where left out. */
  readonly indices?: Uint32Array;
}

/** From an evaluation's worker to the page. */
export type EvaluationEvent =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "done"; readonly evaluation: Evaluation }
  | { readonly type: "failed"; readonly message: string };
