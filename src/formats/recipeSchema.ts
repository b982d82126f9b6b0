import { z } from "zod";
import type { Normalization } from "../model/index.js";
import type { Recipe } from "../training/recipes.js";

const share = z.number().min(0).max(1);
const rate = z.number().nonnegative();

/** One number for every channel is how runs were written at first. */
const perChannel = (value: z.ZodType<number>) => z.union([value.transform((one) => [one]), z.array(value).min(1)]);

/** How bytes become inputs. */
export const normalizationSchema: z.ZodType<Normalization> = z.object({
  mean: perChannel(z.number()),
  deviation: perChannel(z.number().positive()),
});

const optimizerSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.enum(["adamw", "adam"]),
    beta1: share,
    beta2: share,
    epsilon: z.number().positive(),
    weightDecay: rate,
  }),
  z.object({ type: z.literal("sgd"), momentum: share, nesterov: z.boolean(), weightDecay: rate }),
]);

const scheduleSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("constant"), learningRate: rate }),
  z.object({
    type: z.literal("oneCycle"),
    maximumLearningRate: rate,
    warmupShare: share,
    divisor: z.number().positive(),
    finalDivisor: z.number().positive(),
    annealing: z.enum(["cosine", "linear"]),
    cycleMomentum: z.boolean(),
    baseMomentum: share,
    maximumMomentum: share,
    threePhase: z.boolean(),
  }),
  z.object({
    type: z.literal("cosine"),
    learningRate: rate,
    finalLearningRate: rate,
    warmupSteps: z.number().int().nonnegative(),
  }),
]);

/** What a run folder of before there was more than crop, flip and rotation lacks is off. */
const augmentationSchema = z.object({
  cropPadding: z.number().int().nonnegative(),
  flip: share,
  degrees: rate,
  shift: share.default(0),
  scale: z.number().min(0).max(0.9).default(0),
  shear: z.number().min(0).max(80).default(0),
  brightness: share.default(0),
  erase: share.default(0),
  background: z.union([z.literal(0), z.literal(255)]).default(0),
});

/** A recipe as it stands in a run's config.json. */
export const recipeSchema: z.ZodType<Recipe> = z.object({
  name: z.string(),
  activation: z.enum(["sigmoid", "relu", "tanh"]),
  pooling: z.enum(["averagePool2d", "maxPool2d"]),
  dropout: share,
  epochs: z.number().int().positive(),
  batchSize: z.number().int().positive(),
  optimizer: optimizerSchema,
  schedule: scheduleSchema,
  labelSmoothing: share,
  augmentation: augmentationSchema,
  augmentValidation: z.boolean(),
  validationShare: share,
  normalization: normalizationSchema,
});
