import { FormatError } from "../errors.js";
import type { Weights } from "../weights.js";

/** How an ONNX file is written. */
export interface OnnxOptions {
  /** The graph takes pictures as bytes (NHWC) and gives probabilities. */
  readonly withPreprocessing?: boolean;
}

/** Writes an ONNX file. */
export function writeOnnx(_weights: Weights, _options: OnnxOptions = {}): Uint8Array {
  throw new FormatError("onnx: not written yet");
}
