import { z } from "zod";
import { ACTIVATION_TYPES, type Normalization, POOLING_TYPES } from "../model/index.js";
import type { Recipe } from "../training/recipes/index.js";

/** More images a step than this need more memory than WebAssembly has. */
export const LARGEST_BATCH = 16_384;
export const MOST_EPOCHS = 100_000;

const share = z.number().min(0).max(1);
const rate = z.number().nonnegative();

/** An object that has these fields and no others; an unknown one is refused with those that there are. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === "unrecognized_keys"
        ? `there is no field "${(keys as string[])[0]}"; there are ${Object.keys(shape).join(", ")}`
        : undefined,
  });
}

/** One number for every channel is how runs were written at first. */
const perChannel = (value: z.ZodType<number>) => z.union([value.transform((one) => [one]), z.array(value).min(1)]);

/** How bytes become inputs. */
export const normalizationSchema: z.ZodType<Normalization> = fields({
  mean: perChannel(z.number()).describe("Subtracted from byte / 255: one number for all channels, or one for each"),
  std: perChannel(z.number().positive()).describe("Divides what is left: one number, or one for each channel"),
});

/** PyTorch's defaults for what is not given. */
const optimizerSchema = z.discriminatedUnion("type", [
  fields({
    type: z.enum(["adamw", "adam"]),
    beta1: share.default(0.9),
    beta2: share.default(0.999),
    epsilon: z.number().positive().default(1e-8),
    weightDecay: rate.default(0.01),
  }),
  fields({
    type: z.literal("sgd"),
    momentum: share.default(0),
    nesterov: z.boolean().default(false),
    weightDecay: rate.default(0),
  }),
]);

/** PyTorch's defaults for what is not given. */
const scheduleSchema = z.discriminatedUnion("type", [
  fields({ type: z.literal("constant"), learningRate: rate }),
  fields({
    type: z.literal("oneCycle"),
    maximumLearningRate: rate,
    warmupFraction: share.default(0.3).describe("Share of all steps in which the learning rate rises"),
    divisor: z.number().positive().default(25).describe("The first learning rate is the highest divided by this"),
    finalDivisor: z.number().positive().default(1e4).describe("The last learning rate is the first divided by this"),
    annealing: z.enum(["cosine", "linear"]).default("cosine"),
    cycleMomentum: z.boolean().default(true).describe("Whether the momentum runs the opposite way"),
    baseMomentum: share.default(0.85),
    maximumMomentum: share.default(0.95),
    threePhase: z.boolean().default(false),
  }),
  fields({
    type: z.literal("cosine"),
    learningRate: rate,
    finalLearningRate: rate.default(0),
    warmupSteps: z.number().int().nonnegative().default(0).describe("Steps in which the learning rate rises linearly"),
  }),
]);

/** What a run folder of before there was more than crop, flip and rotation lacks is off. */
export const augmentationSchema = fields({
  cropPadding: z.number().int().min(0).max(64).describe("Pixels added on every side before a window is cut out"),
  flip: share.describe("Probability of mirroring left to right"),
  degrees: z.number().min(0).max(180).describe("Turned by an angle of up to ± this"),
  shift: share.default(0).describe("Moved by up to ± this share of the height and the width"),
  scale: z.number().min(0).max(0.9).default(0).describe("Sized by a factor of 1 ± up to this"),
  shear: z.number().min(0).max(80).default(0).describe("Sheared along the rows by up to ± this many degrees"),
  brightness: share.default(0).describe("Bytes multiplied by a factor of 1 ± up to this"),
  erase: share.default(0).describe("Side of an erased square as a share of the shorter side"),
  background: z.literal([0, 255]).default(0).describe("The byte around images; a training takes its --background"),
});

/** The fields of a recipe, as they stand in a run's config.json. */
export const recipeShape = {
  name: z
    .string()
    .regex(/^[\w\u00c0-\uffff][\w\u00c0-\uffff .-]*$/, {
      error: "must begin with a letter or digit, and hold letters, digits, spaces, dots, dashes and underscores alone",
    })
    .describe("What the run and its folder are called after"),
  activation: z.enum(ACTIVATION_TYPES),
  pooling: z.enum(POOLING_TYPES),
  dropout: share.describe("Probability, after the two hidden linear layers"),
  epochs: z.number().int().min(1).max(MOST_EPOCHS).describe("Passes over the training images"),
  batchSize: z.number().int().min(1).max(LARGEST_BATCH).describe("Images a step"),
  optimizer: optimizerSchema,
  schedule: scheduleSchema.describe("How the learning rate runs over all epochs"),
  labelSmoothing: share,
  averaging: fields({ decay: z.number().min(0).lt(1) })
    .nullable()
    .default(null)
    .describe("The exponential moving average of the parameters that is validated, kept and tested; null: none"),
  patience: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Epochs without a better validation accuracy after which the training ends; 0: it never does"),
  augmentation: augmentationSchema,
  augmentValidation: z.boolean().describe("Whether validation images are augmented too"),
  validationFraction: z.number().gt(0).lt(1).describe("Share of the training images held back for validation"),
  normalization: normalizationSchema,
};

/** A recipe as it stands in a run's config.json. */
export const recipeSchema: z.ZodType<Recipe> = fields(recipeShape);
