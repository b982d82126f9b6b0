import { type ParsedAugmentation, parseAugmentation } from "../data/augmentationText.js";
import { TUTORIAL_NORMALIZATION } from "../training/recipes/improvedNetwork.js";
import { RECIPE_NAMES, RECIPES, type Recipe } from "../training/recipes/recipes.js";
import * as z from "../vendor/zod.js";
import { FormatError } from "./errors.js";
import { withNewNames } from "./json.js";
import { mistakesOf } from "./mistakes.js";
import { augmentationSchema, fields, normalizationSchema, recipeShape } from "./recipeSchema.js";

/** What a recipe file says about a training. */
export interface RecipeFile {
  readonly recipe: Recipe;
  /** The recipe's augmentation, and whether the file itself sets `flip`. */
  readonly augmentation: ParsedAugmentation;
  /** Whether to replace the recipe's normalization by the mean and std measured on the training images. */
  readonly measureNormalization: boolean;
}

const augmentationText = z.string().superRefine((text, context) => {
  try {
    parseAugmentation(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

/** A file with all fields. If it extends a recipe, this applies after the merge. */
const completeSchema = fields({
  ...recipeShape,
  name: recipeShape.name.optional(),
  augmentation: z
    .union([augmentationText, augmentationSchema])
    .describe('A preset\'s name, text such as "light,degrees=5", or an object'),
  normalization: z
    .union([z.literal("dataset"), normalizationSchema])
    .describe('How bytes become inputs. "dataset": the mean and standard deviation of the training images'),
});

const LINKS = {
  $schema: z.string().optional(),
  extends: z.enum(RECIPE_NAMES).optional().describe("The recipe that supplies the fields the file omits"),
};

/**
 * Reads a recipe from JSON: either all its fields, or `extends` with the name of a built-in recipe and the fields to
 * change. Objects are merged field by field; an optimizer or schedule of another `type` replaces the recipe's entirely.
 *
 * @param name the recipe's name if the file has none
 * @throws FormatError if the text is not a JSON object, AggregateError with one FormatError per mistake in its fields
 *
 * @example
 * ```ts
 * import { readRecipeFile } from "lenet/formats";
 *
 * const { recipe } = readRecipeFile('{ "extends": "improved", "epochs": 40 }', "longer");
 * console.log(recipe.name, recipe.epochs);
 * ```
 */
export function readRecipeFile(text: string, name: string): RecipeFile {
  const { $schema, extends: extended, ...changes } = parseObject(text);
  const links = check(fields(LINKS), { $schema, extends: extended });
  const base = links.extends === undefined ? {} : RECIPES[links.extends];
  const complete = check(completeSchema, merged({ ...base, name }, changes));
  const augmentation =
    typeof complete.augmentation === "string"
      ? parseAugmentation(complete.augmentation)
      : {
          augmentation: complete.augmentation,
          flipGiven: isObject(changes.augmentation) && "flip" in changes.augmentation,
        };
  const measureNormalization = complete.normalization === "dataset";
  const recipe: Recipe = {
    ...complete,
    name: complete.name ?? name,
    augmentation: augmentation.augmentation,
    normalization: complete.normalization === "dataset" ? TUTORIAL_NORMALIZATION : complete.normalization,
  };
  return { recipe, augmentation, measureNormalization };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    // Editors on Windows begin a file with a byte-order mark.
    value = withNewNames(JSON.parse(text.replace(/^\uFEFF/, "")));
  } catch (error) {
    throw new FormatError(`it is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw new FormatError("it is not a JSON object");
  return value;
}

function check<Result>(schema: z.ZodType<Result>, value: unknown): Result {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const mistakes = withMissingTogether(mistakesOf(parsed.error));
  throw new AggregateError(
    mistakes.map((mistake) => new FormatError(mistake)),
    mistakes[0],
  );
}

/** The mistakes, with all missing fields in one: such a file holds changes, but does not say of which recipe. */
function withMissingTogether(mistakes: readonly string[]): string[] {
  const missing = mistakes.flatMap((line) => /^(\w+): is missing: /.exec(line)?.[1] ?? []);
  if (missing.length < 2) return [...mistakes];
  const list = new Intl.ListFormat("en-GB", { type: "conjunction" }).format(missing);
  return [
    `${list} are missing: name the recipe that has them, such as "extends": "improved"`,
    ...mistakes.filter((line) => !/^\w+: is missing: /.test(line)),
  ];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Applies changes to a base. Objects are merged field by field unless their `type` differs. */
function merged(base: unknown, changes: unknown): unknown {
  if (!isObject(base) || !isObject(changes)) return changes;
  if (changes.type !== undefined && changes.type !== base.type) return changes;
  const both = Object.entries(changes).map(([key, value]) => [key, merged(base[key], value)] as const);
  return { ...base, ...Object.fromEntries(both) };
}

/** JSON Schema as plain data. */
interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** The JSON Schema (draft 2020-12) of the files that {@link readRecipeFile} reads. */
export function recipeFileJsonSchema(): JsonSchema {
  const { $schema, ...complete } = z.toJSONSchema(completeSchema, { io: "input" });
  const { properties: links } = z.toJSONSchema(fields(LINKS), { io: "input" }) as { properties: JsonSchema };
  const changes = loosened(complete) as { properties: JsonSchema };
  return {
    $schema,
    title: "A recipe of lenet",
    anyOf: [
      { ...complete, properties: { $schema: links.$schema, ...complete.properties } },
      { ...changes, properties: { ...links, ...changes.properties }, required: ["extends"] },
    ],
  };
}

/** A schema for changes: nothing is required and there are no defaults, as the extended recipe supplies them. */
function loosened(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(loosened);
  if (!isObject(schema)) return schema;
  const { required, default: standard, oneOf, ...rest } = schema;
  // Without its `type`, an object may match several alternatives.
  const kept = oneOf === undefined ? rest : { ...rest, anyOf: oneOf };
  return Object.fromEntries(Object.entries(kept).map(([key, value]) => [key, loosened(value)]));
}
