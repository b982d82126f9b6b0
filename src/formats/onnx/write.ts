import { classCount, inferShapes, parameterSpecs, requireParameters } from "../../model/index.js";
import { VERSION } from "../../version.js";
import { writeModelMetadata } from "../modelMetadata.js";
import type { Weights } from "../weights.js";
import { type Link, networkLinks } from "./links.js";
import { DataType, type GRAPH, MODEL, type NewValue } from "./messages.js";
import { preprocessingConstants, preprocessingLinks, softmaxLink } from "./preprocessing.js";
import { type NewMessage, writeMessage } from "./protobuf.js";
import { writeFloats } from "./tensors.js";

/**
 * Those of ONNX 1.8 (2020), the oldest in which all operators used here are defined as they are today: every runtime
 * made since then reads the file.
 */
const OPERATOR_SET = 13;
const IR_VERSION = 7;

/** How an ONNX file is written. */
export interface OnnxOptions {
  /** The graph takes pictures of the network's size as they are, and gives probabilities. */
  readonly withPreprocessing?: boolean;
}

/**
 * Writes an ONNX file, the same bytes for the same weights: from `input`, normalised float32
 * [batch, channels, height, width], to `logits` [batch, classes]; with preprocessing from `pictures`, uint8
 * [batch, height, width, channels], to `probabilities`. Dropout is left out, as it is for training alone.
 *
 * @throws ShapeError where the parameters are not those of the model
 */
export function writeOnnx(weights: Weights, { withPreprocessing = false }: OnnxOptions = {}): Uint8Array {
  const { model, parameters, normalization } = weights;
  const layers = inferShapes(model);
  const specs = parameterSpecs(layers);
  requireParameters(specs, parameters);

  const classes = classCount(layers);
  const network = networkLinks(layers);
  const links = withPreprocessing ? [...preprocessingLinks(model.input), ...network, softmaxLink(classes)] : network;
  const constants = [
    ...specs.map(({ name }) => [name, parameters.get(name)!] as const),
    ...(withPreprocessing ? preprocessingConstants(model.input, normalization) : []),
  ];
  const { channels, height, width } = model.input;
  const input = withPreprocessing
    ? value("pictures", DataType.UINT8, [height, width, channels], "pictures: batch, height, width, channels")
    : value(
        "input",
        DataType.FLOAT,
        [channels, height, width],
        "(byte / 255 - mean) / std: batch, channels, height, width",
      );
  return writeMessage(MODEL, {
    ir_version: IR_VERSION,
    producer_name: "lenet",
    producer_version: VERSION,
    doc_string: `LeNet-5 for pictures of ${channels}x${height}x${width}, ${classes} classes`,
    graph: {
      name: "lenet5",
      ...chain(input, links, withPreprocessing ? "probabilities" : "logits"),
      initializer: constants.map(([name, tensor]) => writeFloats(name, tensor)),
    },
    opset_import: [{ domain: "", version: OPERATOR_SET }],
    metadata_props: Object.entries(describe(weights)).map(([key, value]) => ({ key, value })),
  });
}

/** The nodes of a chain of operators, and the values that go from one to the next. */
function chain(input: NewValue, links: readonly Link[], output: string): NewMessage<typeof GRAPH> {
  const outputs = links.map(({ name }, index) => (index === links.length - 1 ? output : `${name}.output`));
  const values = links.map(({ output }, index) => value(outputs[index], DataType.FLOAT, output));
  return {
    node: links.map(({ name, operator, attributes, constants }, index) => ({
      input: [index === 0 ? input.name! : outputs[index - 1], ...constants],
      output: [outputs[index]],
      name,
      op_type: operator,
      attribute: attributes,
    })),
    input: [input],
    output: values.slice(-1),
    value_info: values.slice(0, -1),
  };
}

/** @param shape of one sample */
function value(name: string, type: number, shape: readonly number[], description?: string): NewValue {
  const dim = [{ dim_param: "batch" }, ...shape.map((extent) => ({ dim_value: extent }))];
  return { name, type: { tensor_type: { elem_type: type, shape: { dim } } }, doc_string: description };
}

/** Our own metadata, and what others need as lists in JSON. */
function describe({ metadata, normalization }: Weights): Record<string, string> {
  const { mean, deviation } = normalization;
  return {
    ...(metadata && writeModelMetadata(metadata)),
    ...(metadata?.classes && { class_names: JSON.stringify(metadata.classes) }),
    mean: JSON.stringify(mean),
    std: JSON.stringify(deviation),
  };
}
