import { ACTIVATION_TYPES, type Normalization, POOLING_TYPES } from "../model/index.js";
import { DISTILLATION, type Recipe } from "../training/recipes/recipes.js";
import * as z from "../vendor/zod.js";
import { unknownField } from "./checks.js";

/** A larger batch would need more memory than WebAssembly has. */
export const LARGEST_BATCH = 16_384;
export const MOST_EPOCHS = 100_000;
/** Of a cross-validation. */
export const MOST_FOLDS = 100;
/** The checkpoints of a wider network would be larger than those that are read. */
const WIDEST = 6;
/** The most maps of a convolution in a recipe's stages, and the most convolutions in one. */
const MOST_MAPS = 512;
const MOST_CONVOLUTIONS = 8;

const share = z.number().min(0).max(1);
const rate = z.number().nonnegative();
/** The decay of a moving average; at 1 it would never change. */
const decay = z.number().min(0).lt(1);
/** The smallest normal float32. Anything below counts as 0, by which a parameter without a gradient would be divided. */
const LEAST_EPSILON = 2 ** -126;

/** An object with these fields only. The error for an unknown field lists the known ones. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === "unrecognized_keys" ? unknownField((keys as string[])[0], Object.keys(shape)) : undefined,
  });
}

/** Early versions wrote one number for all channels. */
const perChannel = (value: z.ZodType<number, number>) =>
  z.union([value.transform((one) => [one]), z.array(value).min(1)]);

/** How bytes become inputs. */
export const normalizationSchema: z.ZodType<Normalization> = fields({
  mean: perChannel(z.number()).describe("Subtracted from byte / 255: one number for all channels, or one per channel"),
  std: perChannel(z.number().positive()).describe(
    "Divides the difference: one number for all channels, or one per channel",
  ),
});

/** Omitted fields take PyTorch's defaults. */
const optimizerSchema = z.discriminatedUnion("type", [
  fields({
    type: z.enum(["adamw", "adam"]),
    beta1: decay.default(0.9),
    beta2: decay.default(0.999),
    epsilon: z.number().min(LEAST_EPSILON).default(1e-8),
    weightDecay: rate.default(0.01),
  }),
  fields({
    type: z.literal("muon"),
    layers: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("The layers whose weights Muon updates; default: all but the first and the last"),
    learningRateFactor: z.number().positive().default(1).describe("Multiplies the learning rate of these weights"),
    momentum: decay.default(0.95).describe("Of these weights"),
    weightDecay: rate.default(0.1),
    beta1: decay.default(0.9).describe("Of AdamW, which updates all other parameters"),
    beta2: decay.default(0.999),
    epsilon: z.number().min(LEAST_EPSILON).default(1e-8),
  }),
  fields({
    type: z.literal("sgd"),
    momentum: share.default(0),
    nesterov: z.boolean().default(false),
    weightDecay: rate.default(0),
  }),
  fields({
    type: z.literal("sdlm"),
    damping: z.number().positive().describe("Added to the second derivatives: the paper's μ"),
    samples: z.number().int().min(1).default(500).describe("Images that they are averaged over before each epoch"),
  }),
]);

/** Omitted fields take PyTorch's defaults. */
const scheduleSchema = z.discriminatedUnion("type", [
  fields({ type: z.literal("constant"), learningRate: rate }),
  fields({
    type: z.literal("oneCycle"),
    maximumLearningRate: rate,
    warmupFraction: share.default(0.3).describe("Fraction of all steps during which the learning rate rises"),
    divisor: z.number().positive().default(25).describe("The initial learning rate is the maximum divided by this"),
    finalDivisor: z
      .number()
      .positive()
      .default(1e4)
      .describe("The final learning rate is the initial one divided by this"),
    annealing: z.enum(["cosine", "linear"]).default("cosine"),
    cycleMomentum: z.boolean().default(true).describe("Whether momentum is cycled inversely to the learning rate"),
    baseMomentum: decay.default(0.85),
    maximumMomentum: decay.default(0.95),
    threePhase: z.boolean().default(false),
  }),
  fields({
    type: z.literal("cosine"),
    learningRate: rate,
    finalLearningRate: rate.default(0),
    warmupSteps: z
      .number()
      .int()
      .nonnegative()
      .default(0)
      .describe("Steps during which the learning rate rises linearly"),
  }),
  fields({
    type: z.literal("stepwise"),
    steps: z
      .array(fields({ passes: z.number().int().min(1).max(MOST_EPOCHS), learningRate: rate }))
      .min(1)
      .max(100)
      .describe("Learning rates, and for how many epochs each; of another number of epochs, each takes its share"),
  }),
]);

/** Defaults are off: early versions had only crop, flip and rotation, and their run folders omit the rest. */
export const augmentationSchema = fields({
  cropPadding: z.number().int().min(0).max(64).describe("Pixels added on every side before a random crop"),
  flip: share.describe("Probability of a horizontal flip"),
  degrees: z.number().min(0).max(180).describe("Rotated by a random angle of up to ± this"),
  shift: share.default(0).describe("Shifted by up to ± this fraction of the height and the width"),
  scale: z.number().min(0).max(0.9).default(0).describe("Scaled by a factor of 1 ± up to this"),
  shear: z.number().min(0).max(80).default(0).describe("Sheared along the rows by up to ± this many degrees"),
  squeeze: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe("Width multiplied by a factor of 1 ± up to this, height divided by it"),
  brightness: share.default(0).describe("Pixel values multiplied by a factor of 1 ± up to this"),
  erase: share.default(0).describe("Side of an erased square as a fraction of the shorter side"),
  background: z
    .literal([0, 255])
    .default(0)
    .describe("The value of pixels outside the image; a training uses its --background"),
});

/** The fields of a recipe, as in a run's config.json. */
export const recipeShape = {
  name: z
    .string()
    .regex(/^[\w\u00c0-\uffff][\w\u00c0-\uffff .-]*$/, {
      error: "must begin with a letter or digit and contain only letters, digits, spaces, dots, dashes and underscores",
    })
    .describe("The name of the run and its folder"),
  activation: z.enum(ACTIVATION_TYPES),
  pooling: z.enum(POOLING_TYPES),
  padding: z.number().int().min(0).max(2).optional().describe("Of the first convolution; default: 2"),
  connections: z
    .enum(["full", "partial"])
    .optional()
    .describe("Which maps the second convolution takes: all, or those of the paper's table I; default: full"),
  output: z
    .enum(["linear", "rbf"])
    .optional()
    .describe("The last layer: linear, or distances to the bitmaps of the digits; default: linear"),
  input: z
    .strictObject({
      channels: z.literal([1, 3]),
      height: z.number().int().min(12).max(128),
      width: z.number().int().min(12).max(128),
    })
    .optional()
    .describe("The network's input; default: the images' own size"),
  initialization: z
    .enum(["pytorch", "lecun1998"])
    .optional()
    .describe("Uniform in ±1 / √fan-in (pytorch, the default) or ±2.4 / fan-in (lecun1998)"),
  rubbishPenalty: rate
    .optional()
    .describe("The constant j of the loss of LeCun et al. (1998), equation 9; default: none"),
  dropout: share.describe("Probability, after the two hidden linear layers"),
  batchNorm: z
    .boolean()
    .default(false)
    .describe("Batch normalisation in all hidden layers; a run folds it into the weights that it saves"),
  width: z
    .number()
    .int()
    .min(1)
    .max(WIDEST)
    .optional()
    .describe("Multiplies LeNet-5's numbers of maps and of hidden features; default: 1"),
  stages: z
    .array(z.array(z.number().int().min(1).max(MOST_MAPS)).min(1).max(MOST_CONVOLUTIONS))
    .min(1)
    .optional()
    .describe(
      "The maps of the 3×3 convolutions before each pooling, in place of LeNet-5's two 5×5 ones; default: none",
    ),
  epochs: z.number().int().min(1).max(MOST_EPOCHS).describe("Passes over the training images"),
  batchSize: z.number().int().min(1).max(LARGEST_BATCH).describe("Images per step"),
  optimizer: optimizerSchema,
  schedule: scheduleSchema.describe("The learning rate over all epochs"),
  labelSmoothing: share,
  classWeights: z
    .array(z.number().nonnegative())
    .min(1)
    .optional()
    .describe("The weight of each class in the loss; default: 1 each"),
  distillation: fields({
    temperature: z.number().positive().default(DISTILLATION.temperature),
    share: share.default(DISTILLATION.share).describe("The teacher's share of the loss; the rest is the labels'"),
  })
    .optional()
    .describe("How much is learned from the teacher that the training names; default: nothing"),
  averaging: fields({ decay })
    .nullable()
    .default(null)
    .describe("The exponential moving average of the parameters, which is validated, saved and tested; null: none"),
  patience: z
    .number()
    .int()
    .min(0)
    .default(0)
    .describe("Stop after this many epochs without a better validation accuracy; 0: never"),
  augmentation: augmentationSchema,
  augmentValidation: z.boolean().describe("Whether validation images are augmented too"),
  validationFraction: z
    .number()
    .min(0)
    .lt(1)
    .describe("Fraction of the training images held out for validation; 0: train on all, and validate on the same"),
  fold: fields({ number: z.number().int().min(1), of: z.number().int().min(2).max(MOST_FOLDS) })
    .optional()
    .describe("The part of a cross-validation that is held out instead; default: none"),
  normalization: normalizationSchema,
};

/** A recipe, as in a run's config.json. */
export const recipeSchema: z.ZodType<Recipe> = fields(recipeShape);
