import type { Model, NamedTensors, Normalization } from "../../model/index.js";
import { FormatError } from "../errors.js";

/** What an ONNX file of a LeNet-5 holds. */
export interface OnnxFile {
  readonly model: Model;
  /** All of the model's parameters, in PyTorch's names, shapes and layout. */
  readonly tensors: NamedTensors;
  /** The file's `metadata_props`. */
  readonly metadata: Record<string, string>;
  /** What the graph does to the bytes of a picture before the network, where it takes bytes. */
  readonly normalization?: Normalization;
}

/** Whether a file begins as an ONNX model does. */
export function isOnnx(_bytes: Uint8Array): boolean {
  return false;
}

/** Reads an ONNX file. */
export function readOnnx(_bytes: Uint8Array): OnnxFile {
  throw new FormatError("onnx: not read yet");
}
