import { z } from "zod";
import { parseAxis } from "./grid.js";

/** An axis whose values are what its key takes. */
const axisSchema = z.object({ key: z.string(), values: z.array(z.string()).min(1) }).superRefine((axis, context) => {
  try {
    parseAxis(`${axis.key}=${axis.values.join(axis.key === "augment" ? ";" : ",")}`);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

/** What sweep.config.json holds. */
export const configSchema = z.object({
  /** Versions of what the sweep was started with. */
  versions: z.object({ lenet: z.string(), node: z.string(), v8: z.string() }),
  startedAt: z.string(),
  recipe: z.string(),
  data: z.object({
    name: z.string(),
    checksum: z.string(),
    generated: z.boolean(),
    /** How to open it, its paths whole. */
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
});

/** Everything that a sweep was started with. */
export type SweepConfig = z.infer<typeof configSchema>;
