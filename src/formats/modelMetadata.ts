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
import {
  byType,
  type Check,
  checked,
  list,
  number,
  object,
  oneOf,
  oneOrMore,
  optional,
  text,
  whole,
} from "./checks.js";
import { FormatError } from "./errors.js";
import { parsedJson } from "./json.js";

// Far more than a LeNet-5 has, yet small enough to compute with whatever the file says.
const extent = whole({ most: 1024 });
const name = text(1000);
const MOST_LAYERS = 64;
const MOST_CLASSES = 4096;
const MOST_CHANNELS = 16_384;
const LONGEST_TEXT = 1_000_000;

const layer: Check<Layer> = byType(
  Object.fromEntries(
    LAYER_TYPES.map((type) => {
      const fields = Object.entries<Field>(LAYER_KINDS[type].fields).map(([key, field]) => [key, checkOf(field)]);
      return [type, object({ type: oneOf([type]), ...Object.fromEntries(fields) })];
    }),
  ),
);

/** Bounds that also hold for models made in code are left to `inferShapes`, which names the layer. */
function checkOf(field: Field): Check<unknown> {
  switch (field.type) {
    case "text":
      return name;
    case "whole":
      return whole({ most: field.most });
    case "fraction":
      return number();
    case "connections": {
      const inputs = list(whole({ most: MOST_CHANNELS }), { most: MOST_CHANNELS });
      return optional(list(inputs, { most: MOST_CHANNELS }));
    }
  }
}

/** A model as plain data. */
export const checkModel: Check<Model> = object<Model>({
  input: object({ channels: extent, height: extent, width: extent }),
  layers: list(layer, { most: MOST_LAYERS }),
});

/** How bytes become inputs. Early versions wrote one number for all channels. */
const normalization: Check<Normalization> = object<Normalization>(
  { mean: oneOrMore(number()), std: oneOrMore(number({ above: 0 })) },
  true,
);

const checkMetadata: Check<ModelMetadata> = object<ModelMetadata>({
  model: checkModel,
  normalization,
  classes: optional(list(name, { most: MOST_CLASSES })),
  framing: optional(object({ resize: oneOf(RESIZES), background: oneOf([0, 255]) })),
  recipe: optional(name),
  data: optional(name),
  epoch: optional(whole()),
  validationAccuracy: optional(number({ least: 0, most: 1 })),
  run: optional(name),
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
  const what = `the metadata "${KEY}"`;
  return checked(checkMetadata, parsedJson(metadata[KEY], what), what);
}
