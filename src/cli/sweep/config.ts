import { z } from "zod";
import { parseAxis } from "./grid.js";

/** An axis whose values are valid for its key. */
const axisSchema = z.object({ key: z.string(), values: z.array(z.string()).min(1) }).superRefine((axis, context) => {
  try {
    parseAxis(`${axis.key}=${axis.values.join(axis.key === "augment" ? ";" : ",")}`);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

/** The schema of sweep.config.json. */
export const configSchema = z.object({
  /** The versions that started the sweep. */
  versions: z.object({ lenet: z.string(), node: z.string(), v8: z.string() }),
  startedAt: z.string(),
  /** Where its runs are trained. Default: on the processor. */
  device: z.enum(["cpu", "gpu"]).optional(),
  recipe: z.string(),
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
      resize: z.enum(["contain", "cover", "stretch"]),
      background: z.literal([0, 255]),
      strict: z.boolean().optional(),
    }),
  }),
  grid: z.array(axisSchema),
  seeds: z.array(z.number().int().nonnegative()).min(1),
  /** The arithmetic of all its runs; sweeps of early versions do not say. */
  arithmetic: z.enum(["portable", "fused"]).optional(),
});

/** All settings of a sweep. */
export type SweepConfig = z.infer<typeof configSchema>;
