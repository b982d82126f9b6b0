import type { ImageShape } from "../../model/index.js";
import { softmax } from "../../training/evaluate.js";
import * as z from "../../vendor/zod.js";
import { ItemKind } from "./inferenceMessages.js";
import type { Item } from "./inferencePool.js";
import type { ServedModel } from "./models.js";
import { RequestError } from "./requestError.js";

/**
 * The Open Inference Protocol, version 2 (https://github.com/kserve/open-inference-protocol), with its binary tensor
 * extension: the JSON may be followed by the bytes of tensors, little-endian and without padding, and
 * `Inference-Header-Content-Length` gives the length of the JSON.
 */

/** The extensions that the server knows. */
export const EXTENSIONS = ["binary_tensor_data"] as const;

/** The name of the only input: images as bytes (UINT8), or normalised values (FP32). */
const INPUT = "input";

/** The most bytes of JSON in a request. Parsing more would hold up all others. */
const MOST_JSON_BYTES = 2 ** 20;

/** Only the values that we know are looked at. */
const parameters = z
  .custom<Readonly<Record<string, unknown>>>((value) => typeof value === "object" && value !== null, "not an object")
  .optional();
/** The data are checked with the shape and the type. */
const shape = z.custom<readonly number[]>(
  (value) =>
    Array.isArray(value) && value.length <= 16 && value.every((extent) => Number.isSafeInteger(extent) && extent >= 0),
  "not a list of extents",
);
const requestSchema = z.object({
  id: z.string().max(1000).optional(),
  parameters,
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape,
        datatype: z.string(),
        parameters,
        data: z.unknown().optional(),
      }),
    )
    .max(16),
  outputs: z
    .array(z.object({ name: z.string(), parameters }))
    .max(16)
    .optional(),
});
type Request = z.infer<typeof requestSchema>;

/** A requested output, and whether its data follow as bytes. */
interface RequestedOutput {
  readonly output: Output;
  readonly isBinary: boolean;
}

/** A request: its images, and what to answer. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly item: Item;
  readonly outputs: readonly RequestedOutput[];
}

/** A response's body, and the length of its JSON if bytes follow. */
export interface InferResponse {
  readonly body: string | Buffer;
  readonly headerLength?: number;
}

/** The values of an output tensor for the images of a request. */
interface Output {
  readonly name: string;
  readonly datatype: "FP32" | "INT64" | "BYTES";
  /** The extents after the number of images. */
  readonly extents: (classes: number) => readonly number[];
  readonly values: (logits: Float32Array, classes: readonly string[]) => readonly (number | string)[] | Float32Array;
}

const OUTPUTS: readonly Output[] = [
  { name: "logits", datatype: "FP32", extents: (classes) => [classes], values: (logits) => logits },
  {
    name: "probabilities",
    datatype: "FP32",
    extents: (classes) => [classes],
    values: (logits, { length }) =>
      Float32Array.from(rowsOf(logits, length).flatMap((row) => Array.from(softmax(row)))),
  },
  {
    name: "class",
    datatype: "INT64",
    extents: () => [],
    values: (logits, { length }) => rowsOf(logits, length).map(indexOfLargest),
  },
  {
    name: "label",
    datatype: "BYTES",
    extents: () => [],
    values: (logits, classes) => rowsOf(logits, classes.length).map((row) => classes[indexOfLargest(row)]),
  },
];

/** What the protocol's model metadata say of a model. */
export function modelMetadata({ name, loaded: { input, classes } }: ServedModel, versions: readonly string[]) {
  return {
    name,
    versions,
    platform: "lenet",
    inputs: [{ name: INPUT, datatype: "UINT8", shape: [-1, input.channels, input.height, input.width] }],
    outputs: OUTPUTS.map(({ name, datatype, extents }) => ({
      name,
      datatype,
      shape: [-1, ...extents(classes.length)],
    })),
    parameters: { also_accepts: "FP32: normalised values", classes: classes.join(",") },
  };
}

/**
 * Parses the body of an inference request.
 *
 * @param headerLength the header Inference-Header-Content-Length, if there is one. "0": the body is the bytes of images.
 * @throws RequestError 400 saying what is wrong
 */
export function parseInferRequest(
  body: Buffer,
  headerLength: string | undefined,
  { loaded }: ServedModel,
): InferRequest {
  const length = headerLength === undefined ? body.length : lengthOf(headerLength, body.length);
  if (headerLength !== undefined && length === 0) {
    const item = pixelItem(body, wholeImages(body.length, loaded.input));
    return { id: undefined, item, outputs: OUTPUTS.map((output) => ({ output, isBinary: false })) };
  }
  const request = parseHeader(body.subarray(0, length));
  return {
    id: request.id,
    item: inputItem(request, body.subarray(length), loaded.input),
    outputs: requestedOutputs(request),
  };
}

/** Writes the response to an inference request. @throws RequestError 400 if a logit is not finite */
export function writeInferResponse(
  { id, outputs }: InferRequest,
  model: ServedModel,
  logits: Float32Array,
): InferResponse {
  const { name, version, loaded } = model;
  if (!logits.every(Number.isFinite)) {
    throw new RequestError(400, "the network's outputs are not finite; are all inputs finite?");
  }
  const images = logits.length / loaded.classes.length;
  const tails: Buffer[] = [];
  const written = outputs.map(({ output, isBinary }) => {
    const values = output.values(logits, loaded.classes);
    const described = {
      name: output.name,
      datatype: output.datatype,
      shape: [images, ...output.extents(loaded.classes.length)],
    };
    if (!isBinary) return { ...described, data: Array.from<number | string>(values) };
    const bytes = toBytes(output.datatype, values);
    tails.push(bytes);
    return { ...described, parameters: { binary_data_size: bytes.length } };
  });
  const json = JSON.stringify({ model_name: name, model_version: version, id, outputs: written });
  if (tails.length === 0) return { body: json };
  const header = Buffer.from(json);
  return { body: Buffer.concat([header, ...tails]), headerLength: header.length };
}

function lengthOf(text: string, most: number): number {
  const length = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(length <= most)) {
    throw new RequestError(400, `Inference-Header-Content-Length must be a number up to the body's ${most} bytes`);
  }
  return length;
}

function parseHeader(bytes: Buffer): Request {
  if (bytes.length > MOST_JSON_BYTES) {
    throw new RequestError(413, `the JSON has more than ${MOST_JSON_BYTES} bytes; send tensors as binary data`);
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw new RequestError(400, "the request is not JSON");
  }
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw new RequestError(400, `${path.join(".") || "the request"}: ${message}`);
}

/** The one input, from JSON or from the bytes after it. */
function inputItem({ inputs }: Request, tail: Buffer, shape: ImageShape): Item {
  const [input] = inputs;
  if (inputs.length !== 1 || input.name !== INPUT) {
    const names = inputs.map(({ name }) => name).join(", ");
    throw new RequestError(400, `the model takes one input, "${INPUT}", not ${shortened(names) || "none"}`);
  }
  const images = imagesIn(input.shape, shape);
  const count = input.shape.reduce((product, extent) => product * extent, 1);
  const { binary_data_size: bytes } = input.parameters ?? {};
  if (bytes === undefined) {
    if (tail.length > 0)
      throw new RequestError(400, `${tail.length} bytes follow the JSON, but no input has binary_data_size`);
    return fromJson(input.datatype, flatten(input.data), count, images);
  }
  if (input.data !== undefined) throw new RequestError(400, "the input has both data and binary_data_size");
  if (bytes !== tail.length) {
    throw new RequestError(400, `binary_data_size is ${bytes}, but ${tail.length} bytes follow the JSON`);
  }
  const width = input.datatype === "UINT8" ? 1 : input.datatype === "FP32" ? 4 : unknownType(input.datatype);
  if (tail.length !== width * count) {
    throw new RequestError(
      400,
      `the input's shape needs ${width * count} bytes of ${input.datatype}, not ${tail.length}`,
    );
  }
  return width === 1 ? pixelItem(tail, images) : { kind: ItemKind.values, bytes: tail, images };
}

function fromJson(datatype: string, data: readonly unknown[], count: number, images: number): Item {
  if (data.length !== count) {
    throw new RequestError(400, `the input's shape needs ${count} elements, but there are ${data.length}`);
  }
  const isByte = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
  if (datatype === "UINT8") {
    if (!data.every(isByte)) throw new RequestError(400, "the input's data are not all integers from 0 to 255");
    return pixelItem(Uint8Array.from(data as number[]), images);
  }
  if (datatype !== "FP32") unknownType(datatype);
  if (!data.every(Number.isFinite)) throw new RequestError(400, "the input's data are not all numbers");
  return { kind: ItemKind.values, bytes: new Uint8Array(Float32Array.from(data as number[]).buffer), images };
}

function unknownType(datatype: string): never {
  throw new RequestError(400, `the input's datatype must be UINT8 or FP32, not ${shortened(datatype)}`);
}

function pixelItem(bytes: Uint8Array, images: number): Item {
  return { kind: ItemKind.pixels, bytes, images };
}

/** A tensor's elements, which JSON may nest like its shape. */
function flatten(data: unknown): readonly unknown[] {
  if (!Array.isArray(data)) throw new RequestError(400, "the input has neither data nor binary_data_size");
  return Array.isArray(data[0]) ? data.flat(3) : data;
}

/** @throws RequestError if a tensor of this shape is not at least one image */
function imagesIn(shape: readonly number[], { channels, height, width }: ImageShape): number {
  const [images, ...extents] = shape;
  if (!(images >= 1) || extents.join() !== [channels, height, width].join()) {
    throw new RequestError(
      400,
      `the input's shape must be [n, ${channels}, ${height}, ${width}], not [${shape.join(", ")}]`,
    );
  }
  return images;
}

function wholeImages(bytes: number, { channels, height, width }: ImageShape): number {
  const images = bytes / (channels * height * width);
  if (!(Number.isInteger(images) && images >= 1)) {
    throw new RequestError(400, `${bytes} bytes are not whole images of ${channels}x${height}x${width}`);
  }
  return images;
}

function requestedOutputs({ outputs, parameters }: Request): RequestedOutput[] {
  const byDefault = parameters?.binary_data_output === true;
  if (!outputs) return OUTPUTS.map((output) => ({ output, isBinary: byDefault }));
  return outputs.map(({ name, parameters }) => {
    const output = OUTPUTS.find((known) => known.name === name);
    if (!output) throw new RequestError(400, `the model has no output ${shortened(name)}`);
    return { output, isBinary: (parameters?.binary_data ?? byDefault) === true };
  });
}

function toBytes(datatype: Output["datatype"], values: readonly (number | string)[] | Float32Array): Buffer {
  switch (datatype) {
    case "FP32": {
      const { buffer, byteOffset, byteLength } = values as Float32Array;
      return Buffer.from(buffer, byteOffset, byteLength);
    }
    case "INT64":
      return Buffer.from(BigInt64Array.from(values as number[], BigInt).buffer);
    case "BYTES":
      return Buffer.concat(
        (values as string[]).flatMap((text) => {
          const bytes = Buffer.from(text);
          const length = Buffer.alloc(4);
          length.writeUInt32LE(bytes.length);
          return [length, bytes];
        }),
      );
  }
}

function rowsOf(logits: Float32Array, classes: number): Float32Array[] {
  return Array.from({ length: logits.length / classes }, (_, row) =>
    logits.subarray(row * classes, (row + 1) * classes),
  );
}

function indexOfLargest(row: Float32Array): number {
  return row.indexOf(row.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY));
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
