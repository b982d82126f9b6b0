import { createHash } from "node:crypto";
import { FormatError } from "../../../formats/errors.js";
import { formatJson } from "../../../formats/json.js";
import { mistakesOf } from "../../../formats/mistakes.js";
import { recipeSchema } from "../../../formats/recipeSchema.js";
import { RESIZES } from "../../../model/index.js";
import { teachersSchema } from "../../../runs/configSchema.js";
import * as z from "../../../vendor/zod.js";
import type { SweepConfig } from "../config.js";

const MOST_TEACHERS = 100;
const checksum = z.string().min(1).max(200);
const side = z.number().int().min(1).max(128);

/** What a sweep needs of a worker. A worker reads it before it takes a job, so that it takes only those it can do. */
const needsSchema = z.strictObject({
  /** As runs record it. Its networks or labels are on the queue's server, by checksum; no path of it is opened. */
  teachers: teachersSchema.max(MOST_TEACHERS).optional(),
  arithmetic: z.enum(["portable", "fused"]),
  /** The revision of the kernels that the submitter has: others compute other bits. */
  kernels: z.number().int().positive(),
  data: z.strictObject({
    name: z.string().min(1).max(200),
    checksum,
    validationCount: z.number().int().nonnegative().optional(),
    testChecksum: checksum.optional(),
    /** How the submitter opened it, for the run's config. A worker opens nothing but what it knows by name itself. */
    settings: z.strictObject({
      data: z.string().max(4096),
      dataDir: z.string().max(4096).optional(),
      input: z.strictObject({ channels: z.literal([1, 3]), height: side, width: side }).optional(),
      resize: z.enum(RESIZES),
      background: z.literal([0, 255]),
      strict: z.boolean().optional(),
    }),
  }),
});

/**
 * What a job asks of a worker: data only, nothing that is executed, and no path that a worker opens. It is checked as
 * anything from a stranger.
 */
const jobSchema = z.strictObject({
  /** The run's name in its sweep. */
  run: z.string().min(1).max(1000),
  /** Complete: nothing in it depends on the data any more. */
  recipe: recipeSchema,
  seed: z.number().int().nonnegative(),
  /** Pause after this epoch. Default: train to the end. */
  pauseAfter: z.number().int().positive().optional(),
  log: z.literal("tensorboard").optional(),
});

/** What a sweep needs of a worker. */
export type SweepNeeds = z.infer<typeof needsSchema>;
/** A run of a sweep as a job. */
export type RunJob = z.infer<typeof jobSchema>;

/** The limits of a worker. */
export interface JobLimits {
  /** The most epochs of a run. */
  readonly epochs: number;
}

/** Checks a job from the queue. @throws FormatError if it is invalid, or asks for more than the limits allow */
export function parseJob(value: unknown, { epochs }: JobLimits): RunJob {
  const parsed = jobSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) throw new FormatError(`the job is invalid: ${mistakesOf(parsed.error)[0]}`);
  const recipe = inOrderOf((value as RunJob).recipe, parsed.data.recipe);
  if (recipe.epochs <= epochs) return { ...parsed.data, recipe };
  throw new FormatError(`the job asks for ${recipe.epochs} epochs, but the worker's limit is ${epochs} (--max-epochs)`);
}

/** Puts an object's keys in the order of another's: a run's config is the same to the byte wherever it is trained. */
function inOrderOf<Value extends object>(order: object, value: Value): Value {
  const keys = Object.keys(order).filter((key) => key in value);
  return Object.assign(Object.fromEntries(keys.map((key) => [key, undefined])), value);
}

/** Checks what a sweep says that it needs, as JSON. @throws FormatError if it is invalid */
export function parseNeeds(text: string): SweepNeeds {
  const parsed = needsSchema.safeParse(parseJson(text), { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new FormatError(`what the sweep needs is invalid: ${mistakesOf(parsed.error)[0]}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names a sweep in the queue, in any folder and on any machine: by what it was started with. */
export function sweepId({
  startedAt,
  recipe,
  common,
  grid,
  sample,
  arithmetic,
  data: { checksum: images },
}: SweepConfig): string {
  const text = formatJson({ startedAt, recipe, common, grid, sample, arithmetic, images });
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** Names a job of a sweep: a run, up to an epoch. */
export function jobName({ run, pauseAfter }: Pick<RunJob, "run" | "pauseAfter">): string {
  return pauseAfter === undefined ? run : `${run}@${pauseAfter}`;
}
