import {
  classCount,
  elementCount,
  inferShapes,
  type LeNet5Options,
  lenet5FromTensors,
  type Model,
  type ModelMetadata,
  type NamedTensors,
  type Normalization,
  parameterSpecs,
  requireParameters,
  type ShapedLayer,
  ShapeError,
  type Tensor,
  type Weights,
} from "../model/index.js";
import { TUTORIAL_NORMALIZATION } from "../training/recipes/improvedNetwork.js";
import { VARIANCE, withBatchCounts, withoutBatchCounts } from "./batchCounts.js";
import { FormatError, UnknownLayersError } from "./errors.js";
import { withLeNet5Names } from "./layerNames.js";
import { readModelMetadata, writeModelMetadata } from "./modelMetadata.js";
import { isOnnx, type OnnxFile, type OnnxOptions, readOnnx, writeOnnx } from "./onnx/index.js";
import { isPth, readPth, writePth } from "./pth/pth.js";
import { isSafetensors, readSafetensors, writeSafetensors } from "./safetensors.js";
import type { TensorFile } from "./tensorFile.js";

/** The formats in which weights can be written. */
export const WEIGHTS_FORMATS = ["pth", "safetensors", "onnx"] as const;
/** One of {@link WEIGHTS_FORMATS}. */
export type WeightsFormat = (typeof WEIGHTS_FORMATS)[number];

/** The largest weights file that is read. A LeNet-5 for 3x128x128 images takes 7 MB, 21 MB with its optimizer state. */
export const MOST_WEIGHTS_BYTES = 32e6;

/** What a file of tensors does not show of the layers. */
export interface ParameterFreeLayers extends Omit<LeNet5Options, "input" | "classes" | "width" | "stages"> {
  /** Default: the tutorial's. */
  readonly normalization?: Normalization;
}

// A LeNet-5 for 3x128x128 images needs a fiftieth of these multiply-adds and a third of these activations.
const MOST_MULTIPLY_ADDS = 2 ** 30;
/** Per sample, including the input. */
const MOST_ACTIVATIONS = 2 ** 20;

/**
 * Reads a .pth, .safetensors or .onnx file, recognised by its content. The model comes from the metadata or the graph
 * if there is one; otherwise it is inferred from the tensors' shapes, whatever the layers are called.
 *
 * @param parameterFree the layers without parameters, for files without metadata
 * @throws FormatError if the file is damaged, refused, or not a LeNet-5; UnknownLayersError if `parameterFree` is
 *   needed and missing
 */
export function readWeights(bytes: Uint8Array, parameterFree?: ParameterFreeLayers): Weights {
  try {
    const file = readFile(bytes);
    const metadata = readModelMetadata(file.metadata);
    const described = metadata?.model ?? file.model;
    const tensors = withoutBatchCounts(file.tensors);
    const named = described ? tensors : withLeNet5Names(tensors);
    const model = described ?? inferModel(named, parameterFree);
    const normalization =
      metadata?.normalization ?? file.normalization ?? parameterFree?.normalization ?? TUTORIAL_NORMALIZATION;
    const layers = inferShapes(model);
    requireBounded(model, layers);
    requireParameters(parameterSpecs(layers), named);
    requireFitting(model, layers, metadata);
    return { model, parameters: toFloat32(named), normalization, metadata };
  } catch (error) {
    // The file caused it: names and shapes in the message are the file's.
    throw error instanceof ShapeError ? new FormatError(error.message) : error;
  }
}

/**
 * Writes weights with all their metadata, so that nothing else is needed to use them.
 *
 * @throws RangeError if the format is unknown, FormatError if a tensor's shape does not fit its data
 */
export function writeWeights(weights: Weights, format: WeightsFormat, onnx?: OnnxOptions): Uint8Array {
  if (!WEIGHTS_FORMATS.includes(format)) {
    const formats = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(WEIGHTS_FORMATS);
    throw new RangeError(`weights are written as ${formats}, not ${JSON.stringify(format)}`);
  }
  const { model, normalization, parameters, metadata = { model, normalization } } = weights;
  if (format === "onnx") return writeOnnx({ ...weights, metadata }, onnx);
  const texts = writeModelMetadata(metadata);
  const tensors = withBatchCounts(parameters);
  if (format === "pth") return writePth(tensors, texts);
  // Tools look for this in PyTorch's safetensors files.
  return writeSafetensors(tensors, { format: "pt", ...texts });
}

/** Reads a file of any format; from ONNX the graph, too. */
function readFile(bytes: Uint8Array): TensorFile & Partial<OnnxFile> {
  if (isPth(bytes)) return readPth(bytes);
  if (isSafetensors(bytes)) return readSafetensors(bytes);
  if (isOnnx(bytes)) return readOnnx(bytes);
  throw new FormatError("the file is not a .pth, .safetensors or .onnx file");
}

function inferModel(tensors: NamedTensors, parameterFree: ParameterFreeLayers | undefined): Model {
  if (!parameterFree) throw new UnknownLayersError();
  const { activation, pooling, dropout, padding, connections, output } = parameterFree;
  return lenet5FromTensors(tensors, { activation, pooling, dropout, padding, connections, output });
}

/** @throws FormatError if the model computes far more than any LeNet-5, however few its parameters */
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

/** @throws FormatError if the metadata does not fit the model in it */
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

/**
 * @throws FormatError if a tensor holds integers, NaN or infinity, or a variance is negative: no prediction of such a
 *   network means anything
 */
function toFloat32(tensors: NamedTensors): NamedTensors<Float32Array> {
  return new Map(
    [...tensors].map(([name, { shape, data }]): [string, Tensor<Float32Array>] => {
      if (!(data instanceof Float32Array || data instanceof Float64Array)) {
        throw new FormatError(`tensor "${name}" holds integers, not weights`);
      }
      const floats = data instanceof Float32Array ? data : new Float32Array(data);
      const wrong = floats.find((value) => !Number.isFinite(value));
      if (wrong !== undefined) throw new FormatError(`tensor "${name}" holds ${wrong}: its training has diverged`);
      const negative = name.endsWith(`.${VARIANCE}`) ? floats.find((value) => value < 0) : undefined;
      if (negative !== undefined) {
        throw new FormatError(`tensor "${name}" holds ${negative}: a variance is never negative`);
      }
      return [name, { shape, data: floats }];
    }),
  );
}
