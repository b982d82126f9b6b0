import {
  inferShapes,
  kindOf,
  type Model,
  type ModelMetadata,
  type NamedTensors,
  type Normalization,
  parameterSpecs,
  requireParameters,
  ShapeError,
} from "../../model/index.js";
import { TensorBudget } from "../elements.js";
import { FormatError } from "../errors.js";
import { checkModel, readModelMetadata } from "../modelMetadata.js";
import { asWritten } from "./batchNorm.js";
import { type NetworkOfGraph, readGraph } from "./graph.js";
import { MODEL, type ModelMessage } from "./messages.js";
import { eachChannel } from "./preprocessing.js";
import { readMessage } from "./protobuf.js";
import { type LayerNames, NAMES } from "./steps.js";

/** The newest version of the format, ONNX's `IR_VERSION`: it says what the fields mean. */
const NEWEST_FORMAT = 14;

/** The operator sets that define all supported operators as they are today. */
const OLDEST_OPERATOR_SET = 7;
const NEWEST_OPERATOR_SET = 28;

/** The tags of the fields that can follow the version: producer_name to opset_import. */
const NEXT_TAGS = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];

/** The content of an ONNX file of a LeNet-5. */
export interface OnnxFile {
  readonly model: Model;
  /** All of the model's parameters, in PyTorch's names, shapes and layout. */
  readonly tensors: NamedTensors;
  /** The file's `metadata_props`. */
  readonly metadata: Record<string, string>;
  /** If the graph takes bytes: how it normalises them. */
  readonly normalization?: Normalization;
}

/** Whether a file begins like an ONNX model: with the IR version and another of the model's fields. */
export function isOnnx(bytes: Uint8Array): boolean {
  const [tag, version, next] = bytes;
  return tag === 0x08 && version > 0 && version < 0x80 && NEXT_TAGS.includes(next);
}

/**
 * Reads an ONNX file of a LeNet-5, as written by this project or by PyTorch's exporters: convolutions, activations,
 * pooling and linear layers in LeNet-5's order. The nodes may differ, but what they compute may not. Weights of other
 * floating-point types are converted to float32. The model is taken from our metadata if there are any, otherwise from
 * the graph.
 *
 * @throws FormatError if the file is damaged, or its graph computes anything else
 */
export function readOnnx(bytes: Uint8Array): OnnxFile {
  if (!isOnnx(bytes)) throw new FormatError("onnx: the file does not begin as an ONNX model");
  const file = readMessage(MODEL, bytes);
  requireKnownVersions(file);
  if (!file.graph) throw new FormatError("onnx: the file has no graph");
  const texts = Object.fromEntries(file.metadata_props.map(({ key = "", value = "" }) => [key, value]));
  const metadata = readModelMetadata(texts);
  try {
    const found = readGraph(file.graph, namesOf(metadata?.model), new TensorBudget(bytes.length));
    if (metadata) requireSame(metadata, found);
    const model = metadata?.model ?? found.model;
    requireParameters(parameterSpecs(inferShapes(model)), found.parameters);
    return { model, tensors: found.parameters, metadata: texts, normalization: found.normalization };
  } catch (error) {
    throw error instanceof ShapeError ? new FormatError(`onnx: ${error.message}`) : error;
  }
}

function requireKnownVersions({ ir_version: format = 0, opset_import: sets, functions }: ModelMessage): void {
  if (format > NEWEST_FORMAT) {
    throw new FormatError(`onnx: the file has version ${format} of the format, expected at most ${NEWEST_FORMAT}`);
  }
  const version = sets.find(({ domain = "" }) => domain === "" || domain === "ai.onnx")?.version ?? 0;
  if (version < OLDEST_OPERATOR_SET || version > NEWEST_OPERATOR_SET) {
    const known = `${OLDEST_OPERATOR_SET} to ${NEWEST_OPERATOR_SET}`;
    throw new FormatError(`onnx: the file is written for operator set ${version}, expected ${known}`);
  }
  if (functions.length > 0) {
    throw new FormatError(`onnx: the file defines ${functions.length} functions, expected only standard operators`);
  }
}

/** The names of a model's layers with parameters. */
function namesOf(model: Model | undefined): readonly LayerNames[] {
  const layers = model?.layers ?? [];
  const names = layers.flatMap((layer, index) => {
    if (!("name" in layer) || layer.type === "batchNorm") return [];
    const next = layers.at(index + 1);
    return [{ name: layer.name, norm: next?.type === "batchNorm" ? next.name : "" }];
  });
  return names.length === NAMES.length ? names : NAMES;
}

/** @throws FormatError if the metadata do not match the graph */
function requireSame({ model, normalization }: ModelMetadata, found: NetworkOfGraph): void {
  const layers = model.layers.filter((layer) => !kindOf(layer).isForTraining);
  const computed = { ...model, layers: layers.map((layer) => (layer.type === "batchNorm" ? asWritten(layer) : layer)) };
  if (canonical(computed) !== canonical(found.model)) {
    throw new FormatError('onnx: the metadata "lenet" describes a different network than the graph');
  }
  if (!found.normalization) return;
  const { mean, std } = eachChannel(normalization, model.input.channels);
  if (mean.join() !== found.normalization.mean.join() || std.join() !== found.normalization.std.join()) {
    throw new FormatError('onnx: the metadata "lenet" has a different normalization than the graph');
  }
}

/** The same text for the same model, regardless of the order of its fields. */
function canonical(model: Model): string {
  return JSON.stringify(checkModel(model, []));
}
