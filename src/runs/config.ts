import { z } from "zod";
import { parseJson } from "../formats/json.js";
import { modelSchema } from "../formats/modelMetadata.js";
import { recipeSchema } from "../formats/recipeSchema.js";
import type { Weights } from "../model/index.js";
import type { Best } from "../training/epochs.js";
import { RUN_FILES } from "./runFolderFiles.js";

const configSchema = z.object({
  /** The versions used for the run. */
  versions: z.object({
    lenet: z.string(),
    /** For a run in Node. */
    node: z.string().optional(),
    v8: z.string().optional(),
    /** The user agent, for a run in a browser. */
    browser: z.string().optional(),
  }),
  startedAt: z.string(),
  /** `epochs` includes extensions of the run. */
  recipe: recipeSchema,
  /**
   * The epochs after which the finished run was extended. The schedule restarts there, over the epochs up to the next
   * end.
   */
  scheduleRestarts: z.array(z.number().int().positive()).default([]),
  seed: z.number().int().nonnegative(),
  model: modelSchema,
  parameterCount: z.number().int(),
  data: z.object({
    name: z.string(),
    /** Its path, if it is not a known data set. */
    path: z.string().optional(),
    /** The folder named with --data-dir, if any. */
    directory: z.string().optional(),
    /** How its images were fitted to the model's input. */
    resize: z.enum(["contain", "cover", "stretch"]).default("contain"),
    background: z.literal([0, 255]).default(0),
    checksum: z.string(),
    images: z.number().int(),
    classes: z.array(z.string()),
    generated: z.boolean(),
  }),
  threads: z.number().int().positive(),
  /** The arithmetic on which the run's bits depend, see `Engine.arithmetic`. */
  arithmetic: z.string(),
});

/** Version 0.1 only saved whether multiply-add was fused. */
const anyConfigSchema = z.preprocess((value) => {
  if (typeof value !== "object" || value === null || !("fusedArithmetic" in value)) return value;
  const { fusedArithmetic, ...config } = value;
  return { ...config, arithmetic: fusedArithmetic ? "wasm-fused" : "wasm-portable" };
}, configSchema);

/** Everything needed to repeat a run. */
export type RunConfig = z.infer<typeof configSchema>;

/** Parses a run's config.json. @throws FormatError if it is invalid */
export function parseRunConfig(text: string): RunConfig {
  return parseJson(text, anyConfigSchema, RUN_FILES.config);
}

/** A run's best weights with the metadata for their files. */
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
