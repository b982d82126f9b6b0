import { z } from "zod";
import { type Field, LAYER_KINDS, LAYER_TYPES, type Layer, type Model, type ModelMetadata } from "../model/index.js";
import { FormatError } from "./errors.js";
import { parseJson } from "./json.js";
import { normalizationSchema } from "./recipeSchema.js";

const whole = z.number().int().nonnegative();
// Far more than a LeNet-5 has, yet small enough to compute with whatever the file says.
const extent = whole.max(1024);
const name = z.string().max(1000);
const MOST_LAYERS = 64;
const MOST_CLASSES = 4096;
const MOST_CHANNELS = 16_384;
const LONGEST_TEXT = 1_000_000;

const [firstSchema, ...otherSchemas] = LAYER_TYPES.map((type) =>
  z.object({ type: z.literal(type), ...fieldSchemas(LAYER_KINDS[type].fields) }),
);
// The compiler cannot derive the layers' fields from a list of kinds. The registry guarantees them.
const layerSchema = z.discriminatedUnion("type", [firstSchema, ...otherSchemas]) as unknown as z.ZodType<Layer>;

function fieldSchemas(fields: Readonly<Record<string, Field>>): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, fieldSchema(field)]));
}

/** Bounds that also hold for models made in code are left to `inferShapes`, which names the layer. */
function fieldSchema(field: Field): z.ZodType {
  switch (field.type) {
    case "text":
      return name;
    case "whole":
      return whole.max(field.most);
    case "fraction":
      return z.number();
    case "connections":
      return z
        .array(z.array(whole.max(MOST_CHANNELS)).max(MOST_CHANNELS))
        .max(MOST_CHANNELS)
        .optional();
  }
}

/** A model as plain data. */
export const modelSchema: z.ZodType<Model> = z.object({
  input: z.object({ channels: extent, height: extent, width: extent }),
  layers: z.array(layerSchema).max(MOST_LAYERS),
});

const metadataSchema: z.ZodType<ModelMetadata> = z.object({
  model: modelSchema,
  normalization: normalizationSchema,
  classes: z.array(name).max(MOST_CLASSES).optional(),
  framing: z.object({ resize: z.enum(["contain", "cover", "stretch"]), background: z.literal([0, 255]) }).optional(),
  recipe: name.optional(),
  data: name.optional(),
  epoch: whole.optional(),
  validationAccuracy: z.number().min(0).max(1).optional(),
  run: name.optional(),
});

const KEY = "lenet";

/** The metadata of a weights file as strings by name. Ours is JSON under "lenet". */
export function writeModelMetadata(metadata: ModelMetadata): Record<string, string> {
  return { [KEY]: JSON.stringify(metadata) };
}

/**
 * Reads our part of a file's metadata; undefined if it has none.
 *
 * @throws FormatError if it is there but invalid
 */
export function readModelMetadata(metadata: Readonly<Record<string, string>>): ModelMetadata | undefined {
  if (metadata[KEY] === undefined) return undefined;
  if (metadata[KEY].length > LONGEST_TEXT) {
    throw new FormatError(`the metadata "${KEY}" has ${metadata[KEY].length} characters, more than ${LONGEST_TEXT}`);
  }
  return parseJson(metadata[KEY], metadataSchema, `the metadata "${KEY}"`);
}
