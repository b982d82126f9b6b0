import { z } from "zod";
import type { Model, ModelMetadata } from "../model/index.js";
import { FormatError } from "./errors.js";
import { parseJson } from "./json.js";
import { normalizationSchema } from "./recipeSchema.js";

const whole = z.number().int().nonnegative();
// Far more than a LeNet-5 has, and little enough to be worked with whatever a file says.
const extent = whole.max(1024);
const window = whole.max(256);
const width = whole.max(16_384);
const name = z.string().max(1000);
const MOST_LAYERS = 64;
const MOST_CLASSES = 4096;
const LONGEST_TEXT = 1_000_000;

const layerSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("conv2d"),
    name,
    outChannels: width,
    kernel: window,
    stride: window,
    padding: window,
  }),
  z.object({ type: z.enum(["averagePool2d", "maxPool2d"]), kernel: window, stride: window }),
  z.object({ type: z.literal("linear"), name, outFeatures: width }),
  z.object({ type: z.enum(["sigmoid", "relu", "tanh"]) }),
  z.object({ type: z.literal("dropout"), probability: z.number() }),
  z.object({ type: z.literal("flatten") }),
]);

/** A model as plain data. */
export const modelSchema: z.ZodType<Model> = z.object({
  input: z.object({ channels: extent, height: extent, width: extent }),
  layers: z.array(layerSchema).max(MOST_LAYERS),
});

const metadataSchema: z.ZodType<ModelMetadata> = z.object({
  model: modelSchema,
  normalization: normalizationSchema,
  classes: z.array(name).max(MOST_CLASSES).optional(),
  pictures: z.object({ fit: z.enum(["contain", "cover", "stretch"]), background: z.literal([0, 255]) }).optional(),
  recipe: name.optional(),
  data: name.optional(),
  epoch: whole.optional(),
  validationAccuracy: z.number().min(0).max(1).optional(),
});

const KEY = "lenet";

/** The metadata of a file of weights: texts by name; ours is JSON under "lenet". */
export function writeModelMetadata(metadata: ModelMetadata): Record<string, string> {
  return { [KEY]: JSON.stringify(metadata) };
}

/**
 * Reads our part of a file's metadata; undefined where it has none.
 *
 * @throws FormatError where it is there and not what it should be
 */
export function readModelMetadata(metadata: Readonly<Record<string, string>>): ModelMetadata | undefined {
  if (metadata[KEY] === undefined) return undefined;
  if (metadata[KEY].length > LONGEST_TEXT) {
    throw new FormatError(`the metadata "${KEY}" has ${metadata[KEY].length} characters, more than ${LONGEST_TEXT}`);
  }
  return parseJson(metadata[KEY], metadataSchema, `the metadata "${KEY}"`);
}
