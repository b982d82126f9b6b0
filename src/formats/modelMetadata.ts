import {
  type Field,
  LAYER_KINDS,
  LAYER_TYPES,
  type Layer,
  type Model,
  type ModelMetadata,
  type Normalization,
  RESIZES,
} from "../model/index.js";
import * as z from "../vendor/zodMini.js";
import { FormatError } from "./errors.js";
import { parseJson } from "./json.js";

const wholeUpTo = (most: number) => z.int().check(z.nonnegative(), z.maximum(most));
// Far more than a LeNet-5 has, yet small enough to compute with whatever the file says.
const extent = wholeUpTo(1024);
const name = z.string().check(z.maxLength(1000));
const MOST_LAYERS = 64;
const MOST_CLASSES = 4096;
const MOST_CHANNELS = 16_384;
const LONGEST_TEXT = 1_000_000;

const [firstSchema, ...otherSchemas] = LAYER_TYPES.map((type) =>
  z.object({ type: z.literal(type), ...fieldSchemas(LAYER_KINDS[type].fields) }),
);
// The compiler cannot derive the layers' fields from a list of kinds. The registry guarantees them.
const layerSchema = z.discriminatedUnion("type", [firstSchema, ...otherSchemas]) as unknown as z.ZodMiniType<Layer>;

function fieldSchemas(fields: Readonly<Record<string, Field>>): Record<string, z.ZodMiniType> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, fieldSchema(field)]));
}

/** Bounds that also hold for models made in code are left to `inferShapes`, which names the layer. */
function fieldSchema(field: Field): z.ZodMiniType {
  switch (field.type) {
    case "text":
      return name;
    case "whole":
      return wholeUpTo(field.most);
    case "fraction":
      return z.number();
    case "connections":
      return z.optional(listUpTo(MOST_CHANNELS, listUpTo(MOST_CHANNELS, wholeUpTo(MOST_CHANNELS))));
  }
}

function listUpTo<Item>(most: number, item: z.ZodMiniType<Item>) {
  return z.array(item).check(z.maxLength(most));
}

/** A model as plain data. */
export const modelSchema: z.ZodMiniType<Model> = z.object({
  input: z.object({ channels: extent, height: extent, width: extent }),
  layers: listUpTo(MOST_LAYERS, layerSchema),
});

/** What a schema says of an unknown field: the message lists the known ones. */
export function unknownField(shape: object) {
  return {
    error: ({ code, keys }: { readonly code?: string; readonly keys?: unknown }) =>
      code === "unrecognized_keys"
        ? `there is no field "${(keys as string[])[0]}"; there are ${Object.keys(shape).join(", ")}`
        : undefined,
  };
}

/** Early versions wrote one number for all channels. */
const perChannel = (value: z.ZodMiniType<number, number>) =>
  z.union([
    z.pipe(
      value,
      z.transform((one) => [one]),
    ),
    z.array(value).check(z.minLength(1)),
  ]);

const normalizationShape = {
  mean: perChannel(z.number()).check(
    z.describe("Subtracted from byte / 255: one number for all channels, or one per channel"),
  ),
  std: perChannel(z.number().check(z.positive())).check(
    z.describe("Divides the difference: one number for all channels, or one per channel"),
  ),
};

/** How bytes become inputs. */
export const normalizationSchema: z.ZodMiniType<Normalization> = z.strictObject(
  normalizationShape,
  unknownField(normalizationShape),
);

const metadataSchema: z.ZodMiniType<ModelMetadata> = z.object({
  model: modelSchema,
  normalization: normalizationSchema,
  classes: z.optional(listUpTo(MOST_CLASSES, name)),
  framing: z.optional(z.object({ resize: z.enum(RESIZES), background: z.literal([0, 255]) })),
  recipe: z.optional(name),
  data: z.optional(name),
  epoch: z.optional(z.int().check(z.nonnegative())),
  validationAccuracy: z.optional(z.number().check(z.minimum(0), z.maximum(1))),
  run: z.optional(name),
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
