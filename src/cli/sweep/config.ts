import type { ParsedAugmentation } from "../../data/augmentationText.js";
import { augmentationSchema, MOST_FOLDS, recipeSchema, recipeShape } from "../../formats/recipeSchema.js";
import { RESIZES } from "../../model/index.js";
import { teachersSchema } from "../../runs/configSchema.js";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPES, type RecipeName } from "../../training/recipes/recipes.js";
import * as z from "../../vendor/zod.js";
import { withTeacher } from "../training/teacher.js";
import { type PlannedRun, parseAxis, withCombination } from "./grid.js";

/** An axis whose values are valid for its key. */
const axisSchema = z.object({ key: z.string(), values: z.array(z.string()).min(1) }).superRefine((axis, context) => {
  try {
    parseAxis(`${axis.key}=${axis.values.join(axis.key === "augment" ? ";" : ",")}`);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

const augmentSchema: z.ZodType<ParsedAugmentation> = z.object({
  augmentation: augmentationSchema,
  flipGiven: z.boolean(),
});

const fieldsSchema = z.object({
  /** The versions that started the sweep. */
  versions: z.object({ lenet: z.string(), node: z.string(), v8: z.string() }),
  startedAt: z.string(),
  /** Where its runs are trained. Default: on the processor. */
  device: z.enum(["cpu", "gpu"]).optional(),
  /** The recipe's name. */
  recipe: z.string(),
  /** What all runs have in common, where it is not as in the package's recipe of that name. */
  common: z
    .object({
      /** The recipe, if it is from a file. */
      recipe: recipeSchema.optional(),
      augment: augmentSchema.optional(),
      normalize: z.enum(["tutorial", "dataset"]).optional(),
      epochs: recipeShape.epochs.optional(),
      batchSize: recipeShape.batchSize.optional(),
    })
    .optional(),
  data: z.object({
    name: z.string(),
    /** As in a run's config. */
    checksum: z.string(),
    validationCount: z.number().int().optional(),
    testChecksum: z.string().optional(),
    generated: z.boolean(),
    /** How to open it; paths are absolute. */
    settings: z.object({
      data: z.string(),
      dataDir: z.string().optional(),
      input: z.object({ channels: z.number(), height: z.number(), width: z.number() }).optional(),
      resize: z.enum(RESIZES),
      background: z.literal([0, 255]),
      strict: z.boolean().optional(),
    }),
  }),
  /** What all its runs learn from besides the labels. */
  teachers: teachersSchema.optional(),
  grid: z.array(axisSchema),
  /** The number of folds of a cross-validation; each seed trains a run for each. */
  folds: z.number().int().min(2).max(MOST_FOLDS).optional(),
  seeds: z.array(z.number().int().nonnegative()).min(1),
  /** Draws combinations at random instead of taking all of the grid. */
  sample: z.object({ count: z.number().int().positive(), seed: z.number().int().nonnegative() }).optional(),
  /** Successive halving: one in so many combinations goes on from rung to rung. */
  halving: z.number().int().min(2).optional(),
  /** The arithmetic of all its runs; sweeps of early versions do not say. */
  arithmetic: z.enum(["portable", "fused"]).optional(),
});

/** The schema of sweep.config.json. */
export const configSchema = fieldsSchema.refine(
  ({ recipe, common }) => common?.recipe !== undefined || Object.hasOwn(RECIPES, recipe),
  { path: ["recipe"], error: "there is no recipe of this name" },
);

/** All settings of a sweep. */
export type SweepConfig = z.infer<typeof configSchema>;

/** The settings of a sweep's run, before its data are known. */
export function requestOf(
  { recipe: name, common = {}, teachers }: Pick<SweepConfig, "recipe" | "common" | "teachers">,
  { combination, seed, fold }: Pick<PlannedRun, "combination" | "seed" | "fold">,
): TrainingRequest {
  const { recipe = RECIPES[name as RecipeName], augment, normalize, epochs, batchSize } = common;
  const changed = { recipe, augment, normalize, seed, changes: { epochs, batchSize, fold } };
  const request = withCombination(changed, combination);
  return teachers ? withTeacher(request) : request;
}
