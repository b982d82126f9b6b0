import { z } from "zod";
import { parseJson } from "../formats/json.js";
import { modelSchema } from "../formats/modelMetadata.js";
import { recipeSchema } from "../formats/recipeSchema.js";
import { RUN_FILES } from "./runFolderFiles.js";

/** The graphics card that computed, and its driver where it is known. */
const cardSchema = z.object({ name: z.string(), driver: z.string().optional() });

const teacherSchema = z.object({
  type: z.enum(["network", "softLabels"]),
  path: z.string(),
  /** Of the network's model and parameters, or of the soft labels. */
  checksum: z.string(),
});

/** A run's teacher: networks whose logits are averaged, or a file of soft labels. */
export const teachersSchema = z.array(teacherSchema).min(1);

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
  /** The saved weights keep batch normalisation, instead of having it folded into their layers. */
  keepBatchNorm: z.boolean().optional(),
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
  /** What the network learns from besides the labels. */
  teachers: teachersSchema.optional(),
  threads: z.number().int().positive(),
  /** The graphics card; absent if the processor computes. */
  card: cardSchema.optional(),
  /** The arithmetic on which the run's bits depend, see `Engine.arithmetic`. */
  arithmetic: z.string(),
  /** The revision of its kernels, see `Engine.kernels`. Runs of version 0.1 do not say: theirs was 1. */
  kernels: z.number().int().positive().optional(),
  /** What computed the epochs before, if the run was resumed on another device. */
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

/** Version 0.1 only saved whether multiply-add was fused. */
const anyConfigSchema = z.preprocess((value) => {
  if (typeof value !== "object" || value === null || !("fusedArithmetic" in value)) return value;
  const { fusedArithmetic, ...config } = value;
  return { ...config, arithmetic: fusedArithmetic ? "wasm-fused" : "wasm-portable" };
}, configSchema);

/** Everything needed to repeat a run. */
export type RunConfig = z.infer<typeof configSchema>;

/** A teacher of a run. */
export type RecordedTeacher = z.infer<typeof teacherSchema>;

/** What a run's bits depend on besides its settings: the arithmetic, its kernels, and the card with its driver. */
export type RunDevice = Pick<RunConfig, "card" | "arithmetic" | "kernels">;

/** The first revision of the kernels, in runs that do not say. */
const FIRST_KERNELS = 1;

/** Whether two devices compute the same bits. */
export function isSameDevice(one: RunDevice, other: RunDevice): boolean {
  return (
    one.arithmetic === other.arithmetic &&
    (one.kernels ?? FIRST_KERNELS) === (other.kernels ?? FIRST_KERNELS) &&
    one.card?.name === other.card?.name &&
    one.card?.driver === other.card?.driver
  );
}

/** Whether a graphics card computes. */
export function isOnCard({ arithmetic }: Pick<RunDevice, "arithmetic">): boolean {
  return arithmetic.startsWith("webgpu");
}

/** A device in words, such as "wasm-fused arithmetic", "wasm-fused arithmetic (kernels 2)" or "h100 (driver 5.0)". */
export function describeDevice({ card, arithmetic, kernels = FIRST_KERNELS }: RunDevice): string {
  const details = [card?.driver, kernels === FIRST_KERNELS ? undefined : `kernels ${kernels}`].filter(Boolean);
  const name = card?.name ?? `${arithmetic} arithmetic`;
  return details.length === 0 ? name : `${name} (${details.join(", ")})`;
}

/** A run's settings after it moved to another device between two epochs; the earlier one is noted. */
export function withDevice(config: RunConfig, lastEpoch: number, device: RunDevice): RunConfig {
  const { card, arithmetic, kernels, earlierDevices = [] } = config;
  const before = { lastEpoch, arithmetic, kernels, ...(card && { card }) };
  return { ...config, card: undefined, ...device, earlierDevices: [...earlierDevices, before] };
}

/** Parses a run's config.json. @throws FormatError if it is invalid */
export function parseRunConfig(text: string): RunConfig {
  return parseJson(text, anyConfigSchema, RUN_FILES.config);
}
