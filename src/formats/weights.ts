import {
  classCount,
  elementCount,
  inferShapes,
  type LeNet5Options,
  lenet5FromTensors,
  type Model,
  type ModelMetadata,
  type NamedTensors,
  parameterSpecs,
  requireParameters,
  type ShapedLayer,
  ShapeError,
  type Tensor,
  type Weights,
} from "../model/index.js";
import { TUTORIAL_NORMALIZATION } from "../training/recipes/index.js";
import { FormatError, UnknownLayersError } from "./errors.js";
import { withLeNet5Names } from "./layerNames.js";
import { readModelMetadata, writeModelMetadata } from "./modelMetadata.js";
import { isOnnx, type OnnxFile, type OnnxOptions, readOnnx, writeOnnx } from "./onnx/index.js";
import { isPth, readPth, writePth } from "./pth/pth.js";
import { isSafetensors, readSafetensors, writeSafetensors } from "./safetensors.js";
import type { TensorFile } from "./tensorFile.js";

/** The formats that weights are written in. */
export const WEIGHTS_FORMATS = ["pth", "safetensors", "onnx"] as const;
/** One of {@link WEIGHTS_FORMATS}. */
export type WeightsFormat = (typeof WEIGHTS_FORMATS)[number];

/** What is read of a file of weights: a LeNet-5 for 3x128x128 images takes 7 MB, with its optimiser 21. */
export const MOST_WEIGHTS_BYTES = 32e6;

/** The layers without parameters, which leave no trace in a file of tensors. */
export type ParameterFreeLayers = Pick<LeNet5Options, "activation" | "pooling" | "dropout">;

// A LeNet-5 on 3x128x128 images has a fiftieth of the one and a third of the other.
const MOST_MULTIPLY_ADDS = 2 ** 30;
/** Of one sample, the input among them. */
const MOST_ACTIVATIONS = 2 ** 20;

/**
 * Reads the bytes of a .pth, .safetensors or .onnx file; the format is told from the content. The model is read from the
 * metadata where there is any or from the graph, else inferred from the tensors' shapes, whatever its layers are called.
 *
 * @param parameterFree the layers without parameters, for files without metadata
 * @throws FormatError if the file is damaged, refused, or not a LeNet-5; UnknownLayersError if `parameterFree` is needed and
 *   missing
 */
export function readWeights(bytes: Uint8Array, parameterFree?: ParameterFreeLayers): Weights {
  try {
    const file = readFile(bytes);
    const metadata = readModelMetadata(file.metadata);
    const described = metadata?.model ?? file.model;
    const named = described ? file.tensors : withLeNet5Names(file.tensors);
    const model = described ?? inferModel(named, parameterFree);
    const normalization = metadata?.normalization ?? file.normalization ?? TUTORIAL_NORMALIZATION;
    const layers = inferShapes(model);
    requireBounded(model, layers);
    requireParameters(parameterSpecs(layers), named);
    requireFitting(model, layers, metadata);
    return { model, parameters: toFloat32(named), normalization, metadata };
  } catch (error) {
    // Names and shapes in the message are the file's.
    throw error instanceof ShapeError ? new FormatError(error.message) : error;
  }
}

/**
 * Writes weights with all that is known of them, so that they can be used without knowing where they come from.
 *
 * @throws FormatError where a tensor's shape does not fit its data
 */
export function writeWeights(weights: Weights, format: WeightsFormat, onnx?: OnnxOptions): Uint8Array {
  const { model, normalization, parameters, metadata = { model, normalization } } = weights;
  if (format === "onnx") return writeOnnx({ ...weights, metadata }, onnx);
  const texts = writeModelMetadata(metadata);
  if (format === "pth") return writePth(parameters, texts);
  // What tools for safetensors files of PyTorch look for.
  return writeSafetensors(parameters, { format: "pt", ...texts });
}

/** What a file holds; of ONNX the graph, too. */
function readFile(bytes: Uint8Array): TensorFile & Partial<OnnxFile> {
  if (isPth(bytes)) return readPth(bytes);
  if (isSafetensors(bytes)) return readSafetensors(bytes);
  if (isOnnx(bytes)) return readOnnx(bytes);
  throw new FormatError("no weights: the file begins neither as a .pth nor as a .safetensors or .onnx file");
}

function inferModel(tensors: NamedTensors, parameterFree: ParameterFreeLayers | undefined): Model {
  if (!parameterFree) throw new UnknownLayersError();
  const { activation, pooling, dropout } = parameterFree;
  return lenet5FromTensors(tensors, { activation, pooling, dropout });
}

/** @throws FormatError for a model that is endless work, whatever few parameters it has */
function requireBounded({ input }: Model, layers: readonly ShapedLayer[]): void {
  const activations = layers.reduce(
    (sum, { output }) => sum + elementCount(output),
    elementCount([input.channels, input.height, input.width]),
  );
  const multiplyAdds = layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0);
  if (activations > MOST_ACTIVATIONS || multiplyAdds > MOST_MULTIPLY_ADDS) {
    throw new FormatError(
      `refused: the model computes ${activations} values by ${multiplyAdds} multiplications for one image, far more than any LeNet-5`,
    );
  }
}

/** @throws FormatError where the metadata does not fit the model that is in it */
function requireFitting({ input }: Model, layers: readonly ShapedLayer[], metadata: ModelMetadata | undefined): void {
  if (!metadata) return;
  const { classes, normalization } = metadata;
  const outputs = classCount(layers);
  if (classes && classes.length !== outputs) {
    throw new FormatError(`the metadata names ${classes.length} classes, the model has ${outputs}`);
  }
  const { mean, std } = normalization;
  if ([mean, std].some(({ length }) => length !== 1 && length !== input.channels)) {
    throw new FormatError(
      `the metadata's normalization is for ${Math.max(mean.length, std.length)} channels, the model has ${input.channels}`,
    );
  }
}

/** @throws FormatError where a tensor holds integers */
function toFloat32(tensors: NamedTensors): NamedTensors<Float32Array> {
  return new Map(
    [...tensors].map(([name, { shape, data }]): [string, Tensor<Float32Array>] => {
      if (data instanceof Float32Array) return [name, { shape, data }];
      if (data instanceof Float64Array) return [name, { shape, data: Float32Array.from(data) }];
      throw new FormatError(`tensor "${name}" holds integers, not weights`);
    }),
  );
}
