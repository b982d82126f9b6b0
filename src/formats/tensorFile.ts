import type { NamedTensors } from "../model/tensor.js";

/** What a file of tensors holds. */
export interface TensorFile {
  readonly tensors: NamedTensors;
  /** Texts by their names. */
  readonly metadata: Readonly<Record<string, string>>;
}
