import {
  inferShapes,
  type LeNet5Options,
  lenet5FromTensors,
  type Model,
  type NamedTensors,
  parameterSpecs,
  requireParameters,
  type Weights,
} from "../model/index.js";
import { TUTORIAL_NORMALIZATION } from "../training/recipes/index.js";
import { FormatError } from "./errors.js";
import { readModelMetadata } from "./modelMetadata.js";
import { isPth, readPth } from "./pth.js";
import { isSafetensors, readSafetensors, type SafetensorsFile } from "./safetensors.js";

/** What tensors alone do not tell of a model. */
export type UnseenInTensors = Pick<LeNet5Options, "activation" | "pooling" | "dropout">;

/**
 * Reads the bytes of a .pth or .safetensors file; the format is told from the content. The model is read from the
 * metadata where there is any, else inferred from the tensors' shapes.
 *
 * @param unseen for files without metadata: what leaves no trace in tensors, as a recipe has it
 * @throws FormatError where the file is damaged, refused, or no LeNet-5's; where `unseen` is needed and left out
 */
export function readWeights(bytes: Uint8Array, unseen?: UnseenInTensors): Weights {
  const { tensors, metadata: texts } = readFile(bytes);
  const metadata = readModelMetadata(texts);
  const model = metadata?.model ?? inferModel(tensors, unseen);
  requireParameters(parameterSpecs(inferShapes(model)), tensors);
  const normalization = metadata?.normalization ?? TUTORIAL_NORMALIZATION;
  return { model, parameters: tensors, normalization, metadata };
}

function readFile(bytes: Uint8Array): SafetensorsFile {
  if (isPth(bytes)) return { tensors: readPth(bytes), metadata: {} };
  if (isSafetensors(bytes)) return readSafetensors(bytes);
  throw new FormatError("no weights: the file begins neither as a .pth nor as a .safetensors file");
}

function inferModel(tensors: NamedTensors, unseen: UnseenInTensors | undefined): Model {
  if (!unseen) {
    throw new FormatError(
      "the file does not say which activation and pooling its model has; name its recipe with --recipe",
    );
  }
  const { activation, pooling, dropout } = unseen;
  return lenet5FromTensors(tensors, { activation, pooling, dropout });
}
