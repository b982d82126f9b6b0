import { z } from "zod";
import { parseJson } from "../formats/json.js";
import { modelSchema } from "../formats/modelMetadata.js";
import { recipeSchema } from "../formats/recipeSchema.js";
import type { Weights } from "../model/index.js";
import type { Best } from "../training/epochs.js";
import { RUN_FILES } from "./files.js";

const configSchema = z.object({
  /** Versions of what the run was made with. */
  versions: z.object({
    lenet: z.string(),
    /** Of a run in Node. */
    node: z.string().optional(),
    v8: z.string().optional(),
    /** What the browser says of itself, of a run in one. */
    browser: z.string().optional(),
  }),
  startedAt: z.string(),
  /** With the number of epochs that the run has been extended to. */
  recipe: recipeSchema,
  /** The epochs after which the finished run was extended: the schedule began anew, over the epochs up to the next end. */
  scheduleRestarts: z.array(z.number().int().positive()).default([]),
  seed: z.number().int().nonnegative(),
  model: modelSchema,
  parameterCount: z.number().int(),
  data: z.object({
    name: z.string(),
    /** Where it is, if it is no known data set. */
    path: z.string().optional(),
    /** The folder that was named for it, if one was. */
    directory: z.string().optional(),
    /** How its images were brought to the model's input. */
    resize: z.enum(["contain", "cover", "stretch"]).default("contain"),
    background: z.literal([0, 255]).default(0),
    checksum: z.string(),
    images: z.number().int(),
    classes: z.array(z.string()),
    generated: z.boolean(),
  }),
  threads: z.number().int().positive(),
  /** The arithmetic that the run's bits depend on, see `Engine.arithmetic`. */
  arithmetic: z.string(),
});

/** Version 0.1 kept only whether multiplication and addition were rounded once. */
const anyConfigSchema = z.preprocess((value) => {
  if (typeof value !== "object" || value === null || !("fusedArithmetic" in value)) return value;
  const { fusedArithmetic, ...config } = value;
  return { ...config, arithmetic: fusedArithmetic ? "wasm-fused" : "wasm-portable" };
}, configSchema);

/** Everything that is needed to make a run again. */
export type RunConfig = z.infer<typeof configSchema>;

/** Reads a run's config.json. @throws FormatError with one line where it is not what it should be */
export function parseRunConfig(text: string): RunConfig {
  return parseJson(text, anyConfigSchema, RUN_FILES.config);
}

/** A run's best weights with all that their files say of them. */
export function bestWeights(
  { model, recipe, data }: RunConfig,
  { epoch, validationAccuracy, parameters }: Best,
): Weights {
  const { normalization } = recipe;
  return {
    model,
    parameters,
    normalization,
    metadata: {
      model,
      normalization,
      classes: data.classes,
      framing: { resize: data.resize, background: data.background },
      recipe: recipe.name,
      data: data.name,
      epoch,
      validationAccuracy,
    },
  };
}
