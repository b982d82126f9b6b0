import {
  classCount,
  type ImageShape,
  inferShapes,
  parameterSpecs,
  requireParameters,
  type Weights,
} from "../../model/index.js";
import { VERSION } from "../../version.js";
import { writeModelMetadata } from "../modelMetadata.js";
import { composedConstants } from "./compositions.js";
import { type Link, networkLinks } from "./links.js";
import { DataType, type GRAPH, MODEL, type NewValue } from "./messages.js";
import { preprocessingConstants, preprocessingLinks, softmaxLink } from "./preprocessing.js";
import { type NewMessage, writeMessage } from "./protobufWriter.js";
import { writeTensor } from "./tensors.js";

/**
 * The versions of ONNX 1.8 (2020), the oldest that defines all operators used here as they are today. Every runtime
 * since then reads the file.
 */
const OPERATOR_SET = 13;
const IR_VERSION = 7;

/** How an ONNX file is written. */
export interface OnnxOptions {
  /** The graph takes bytes, images of the input size, and returns probabilities. */
  readonly withPreprocessing?: boolean;
}

/**
 * Writes an ONNX file, the same bytes for the same weights. The graph maps `input`, normalised float32 [batch,
 * channels, height, width], to `logits` [batch, classes]; with preprocessing it maps `images`, uint8 [batch, height,
 * width, channels], to `probabilities`. Dropout is omitted, as it only matters in training.
 *
 * @throws ShapeError if the parameters are not those of the model
 * @throws FormatError if the normalization is for another number of channels
 */
export function writeOnnx(weights: Weights, { withPreprocessing = false }: OnnxOptions = {}): Uint8Array {
  const { model, parameters, normalization } = weights;
  const layers = inferShapes(model);
  const specs = parameterSpecs(layers);
  requireParameters(specs, parameters);

  const classes = classCount(layers);
  const network = networkLinks(layers);
  const links = withPreprocessing ? [...preprocessingLinks(model.input), ...network, softmaxLink(classes)] : network;
  const used = new Set(links.flatMap(({ constants }) => constants));
  const constants = [
    ...specs.flatMap(({ name }) => (used.has(name) ? [[name, parameters.get(name)!] as const] : [])),
    ...composedConstants(layers, parameters),
    ...(withPreprocessing ? preprocessingConstants(model.input, normalization) : []),
  ];
  const { channels, height, width } = model.input;
  const [input, output] = withPreprocessing ? endsWithPreprocessing(model.input, classes) : ends(model.input, classes);
  return writeMessage(MODEL, {
    ir_version: IR_VERSION,
    producer_name: "lenet",
    producer_version: VERSION,
    doc_string: `LeNet-5 for images of ${channels}x${height}x${width}, ${classes} classes`,
    graph: {
      name: "lenet5",
      ...chain(input, links, output),
      initializer: constants.map(([name, tensor]) => writeTensor(name, tensor)),
    },
    opset_import: [{ domain: "", version: OPERATOR_SET }],
    metadata_props: Object.entries(describe(weights)).map(([key, value]) => ({ key, value })),
  });
}

/** The graph's input and output. */
function ends({ channels, height, width }: ImageShape, classes: number): [NewValue, NewValue] {
  return [
    {
      ...value("input", DataType.FLOAT, [channels, height, width]),
      doc_string: "Images [batch, channels, height, width], normalised: (byte / 255 - mean) / std",
    },
    { ...value("logits", DataType.FLOAT, [classes]), doc_string: "One logit for each class" },
  ];
}

function endsWithPreprocessing({ channels, height, width }: ImageShape, classes: number): [NewValue, NewValue] {
  return [
    {
      ...value("images", DataType.UINT8, [height, width, channels]),
      doc_string: "Images [batch, height, width, channels], from 0 to 255",
    },
    { ...value("probabilities", DataType.FLOAT, [classes]), doc_string: "One probability for each class" },
  ];
}

/** The nodes of a chain of operators, and the values between them. */
function chain(input: NewValue, links: readonly Link[], output: NewValue): NewMessage<typeof GRAPH> {
  const between = links.slice(0, -1).map(({ name, output }) => value(`${name}.output`, DataType.FLOAT, output));
  const names = [input, ...between, output].map(({ name }) => name!);
  return {
    node: links.map(({ name, operator, attributes, constants }, index) => ({
      input: [names[index], ...constants],
      output: [names[index + 1]],
      name,
      op_type: operator,
      attribute: attributes,
    })),
    input: [input],
    output: [output],
    value_info: between,
  };
}

/** @param shape without the batch */
function value(name: string, type: number, shape: readonly number[]): NewValue {
  const dim = [{ dim_param: "batch" }, ...shape.map((extent) => ({ dim_value: extent }))];
  return { name, type: { tensor_type: { elem_type: type, shape: { dim } } } };
}

/** Our metadata, and what other programs need as JSON lists. */
function describe({ metadata, normalization }: Weights): Record<string, string> {
  const { mean, std } = normalization;
  return {
    ...(metadata && writeModelMetadata(metadata)),
    ...(metadata?.classes && { class_names: JSON.stringify(metadata.classes) }),
    mean: JSON.stringify(mean),
    std: JSON.stringify(std),
  };
}
