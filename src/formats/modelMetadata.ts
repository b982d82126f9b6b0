import { z } from "zod";
import type { Model, ModelMetadata } from "../model/index.js";
import { parseJson } from "./json.js";
import { normalizationSchema } from "./recipeSchema.js";

const whole = z.number().int().nonnegative();

const layerSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("conv2d"),
    name: z.string(),
    outChannels: whole,
    kernel: whole,
    stride: whole,
    padding: whole,
  }),
  z.object({ type: z.enum(["averagePool2d", "maxPool2d"]), kernel: whole, stride: whole }),
  z.object({ type: z.literal("linear"), name: z.string(), outFeatures: whole }),
  z.object({ type: z.enum(["sigmoid", "relu", "tanh"]) }),
  z.object({ type: z.literal("dropout"), probability: z.number() }),
  z.object({ type: z.literal("flatten") }),
]);

/** A model as plain data. */
export const modelSchema: z.ZodType<Model> = z.object({
  input: z.object({ channels: whole, height: whole, width: whole }),
  layers: z.array(layerSchema),
});

const metadataSchema: z.ZodType<ModelMetadata> = z.object({
  model: modelSchema,
  classes: z.array(z.string()),
  normalization: normalizationSchema,
  pictures: z.object({ fit: z.enum(["contain", "cover", "stretch"]), background: z.literal([0, 255]) }).optional(),
  recipe: z.string().optional(),
  data: z.string().optional(),
  epoch: whole.optional(),
  validationAccuracy: z.number().optional(),
});

const KEY = "lenet";

/** The metadata of a safetensors file: strings by name; ours is JSON under "lenet". */
export function writeModelMetadata(metadata: ModelMetadata): Record<string, string> {
  return { format: "pt", [KEY]: JSON.stringify(metadata) };
}

/**
 * Reads our part of a safetensors file's metadata; undefined where it has none.
 *
 * @throws FormatError where it is there and not what it should be
 */
export function readModelMetadata(metadata: Readonly<Record<string, string>>): ModelMetadata | undefined {
  if (metadata[KEY] === undefined) return undefined;
  return parseJson(metadata[KEY], metadataSchema, 'the metadata "lenet"');
}
