import type { Dataset } from "../../../src/data/dataset.js";
import type { Model, NamedTensors, Normalization } from "../../../src/model/index.js";
import type { Evaluation } from "../../../src/training/metrics.js";
import type { Progress } from "../../../src/training/passes.js";

/** The network to evaluate and the images to evaluate it on; each worker does one evaluation. */
export interface EvaluationRequest {
  readonly model: Model;
  readonly parameters: NamedTensors;
  readonly normalization: Normalization;
  readonly dataset: Dataset;
  /** Default: all images. */
  readonly indices?: Uint32Array;
}

/** Messages from an evaluation worker to the page. */
export type EvaluationEvent =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "done"; readonly evaluation: Evaluation }
  | { readonly type: "failed"; readonly message: string };
