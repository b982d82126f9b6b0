import type { NamedTensors } from "../model/parameters.js";

/** The content of a file of tensors. */
export interface TensorFile {
  readonly tensors: NamedTensors;
  /** Strings by name. */
  readonly metadata: Readonly<Record<string, string>>;
}
