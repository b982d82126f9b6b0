import type { Dataset, Evaluation, Model, NamedTensors, Normalization, Progress } from "../../../src/index.js";

/** Which network is to be judged by which pictures; one worker judges once. */
export interface EvaluationRequest {
  readonly model: Model;
  readonly parameters: NamedTensors;
  readonly normalization: Normalization;
  readonly dataset: Dataset;
  /** All pictures where left out. */
  readonly indices?: Uint32Array;
}

/** From an evaluation's worker to the page. */
export type EvaluationEvent =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "done"; readonly evaluation: Evaluation }
  | { readonly type: "failed"; readonly message: string };
