import { z } from "zod";
import { parseJson } from "../formats/json.js";
import { modelSchema } from "../formats/modelMetadata.js";
import { recipeSchema } from "../formats/recipeSchema.js";
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
  /** The recipe's epochs before each of these extensions; later than the restart if the run had stopped early. */
  epochsBefore: z.array(z.number().int().positive()).optional(),
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
    /** Of the training and validation images. */
    checksum: z.string(),
    /** How many of them, at the end, are for validation, if the data set says so. */
    validationCount: z.number().int().optional(),
    /** Of the test images, if there are any. Runs of early versions do not say. */
    testChecksum: z.string().optional(),
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
