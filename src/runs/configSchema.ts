import { Mistake } from "../formats/checks.js";
import { checkModel } from "../formats/modelMetadata.js";
import { recipeSchema } from "../formats/recipeSchema.js";
import { type Model, RESIZES } from "../model/index.js";
import * as z from "../vendor/zod.js";
import type { RecordedTeacher, RunConfig } from "./config.js";

const cardSchema = z.object({ name: z.string(), driver: z.string().optional() });

const teacherSchema: z.ZodType<RecordedTeacher> = z.object({
  type: z.enum(["network", "softLabels"]),
  path: z.string(),
  checksum: z.string(),
});

/** A run's teacher: networks whose logits are averaged, or a file of soft labels. */
export const teachersSchema = z
  .array(teacherSchema)
  .min(1)
  .refine((teachers) => teachers.length === 1 || teachers.every(({ type }) => type === "network"), {
    error: "soft labels must be the only teacher",
  });

const modelSchema: z.ZodType<Model> = z.unknown().transform((value, context) => {
  try {
    return checkModel(value, []);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    context.addIssue({ code: "custom", path: [...error.path], message: error.complaint });
    return z.NEVER;
  }
});

const configSchema: z.ZodType<RunConfig> = z.object({
  versions: z.object({
    lenet: z.string(),
    node: z.string().optional(),
    v8: z.string().optional(),
    browser: z.string().optional(),
  }),
  startedAt: z.string(),
  recipe: recipeSchema,
  scheduleRestarts: z.array(z.number().int().positive()).default([]),
  epochsBefore: z.array(z.number().int().positive()).optional(),
  seed: z.number().int().nonnegative(),
  model: modelSchema,
  parameterCount: z.number().int(),
  keepBatchNorm: z.boolean().optional(),
  data: z.object({
    name: z.string(),
    path: z.string().optional(),
    directory: z.string().optional(),
    resize: z.enum(RESIZES).default("contain"),
    background: z.literal([0, 255]).default(0),
    checksum: z.string(),
    validationCount: z.number().int().optional(),
    testChecksum: z.string().optional(),
    images: z.number().int(),
    classes: z.array(z.string()),
    generated: z.boolean(),
  }),
  teachers: teachersSchema.optional(),
  threads: z.number().int().positive(),
  card: cardSchema.optional(),
  arithmetic: z.string(),
  kernels: z.number().int().positive().optional(),
  earlierDevices: z
    .array(
      z.object({
        lastEpoch: z.number().int().nonnegative(),
        card: cardSchema.optional(),
        arithmetic: z.string(),
        kernels: z.number().int().positive().optional(),
      }),
    )
    .optional(),
});

/** The schema of config.json. Version 0.1 only saved whether multiply-add was fused. */
export const anyConfigSchema = z.preprocess((value) => {
  if (typeof value !== "object" || value === null || !("fusedArithmetic" in value)) return value;
  const { fusedArithmetic, ...config } = value;
  return { ...config, arithmetic: fusedArithmetic ? "wasm-fused" : "wasm-portable" };
}, configSchema);
