import { extname } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { formatAsPreset, type ParsedAugmentation, parseAugmentation } from "../data/augmentationText.js";
import { isSameName } from "../data/catalog.js";
import { LARGEST_BATCH, MOST_EPOCHS, MOST_FOLDS } from "../formats/recipeSchema.js";
import { type ImageShape, RESIZES } from "../model/index.js";
import { DATA_NAMES, type DataSettings, dataMeantBy, INPUT_SIDES } from "../node/openData.js";
import { type Arithmetic, MOST_THREADS } from "../node/threads.js";
import { OPTIMIZERS } from "../training/recipes/optimizers.js";
import { RECIPE_NAMES, RECIPES, type Recipe, type RecipeName } from "../training/recipes/recipes.js";
import { type DeviceChoice, deviceOption } from "./device.js";
import { suggestion } from "./text.js";

export type { Arithmetic };

/** Parses an integer. The parser throws InvalidArgumentError, saying what is allowed. */
export function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be an integer from ${least} to ${most.toLocaleString("en-US")}.`);
    }
    return value;
  };
}

/** Parses a number strictly between two bounds. The parser throws InvalidArgumentError, saying what is allowed. */
export function numberBetween(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value > low && value < high)) {
      throw new InvalidArgumentError(`It must be a number above ${low} and below ${high}.`);
    }
    return value;
  };
}

/** Parses a number with least ≤ number < bound. The parser throws InvalidArgumentError, saying what is allowed. */
function numberFrom(least: number, bound: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= least && value < bound)) {
      throw new InvalidArgumentError(`It must be a number of at least ${least} and below ${bound}.`);
    }
    return value;
  };
}

/** Parses one of several names. The parser throws InvalidArgumentError, saying what is allowed. */
export function oneOf<Name extends string>(names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const name = names.find((one) => one === text);
    if (name === undefined) {
      const list = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(names);
      throw new InvalidArgumentError(`It must be ${list}.`);
    }
    return name;
  };
}

// The numbers of a recipe.
export const epochCount = integer(1, MOST_EPOCHS);
export const batchSize = integer(1, LARGEST_BATCH);
export const learningRate = numberBetween(0, 100);
export const validationFraction = numberFrom(0, 1);
export const dropout = numberFrom(0, 1);
export const labelSmoothing = numberFrom(0, 1);
export const weightDecay = numberFrom(0, 100);

export const foldCount = integer(2, MOST_FOLDS);
export const patience = integer(0, MOST_EPOCHS);
export const optimizer = oneOf(Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[]);

/** Parses "balanced" or a number for each class. @throws InvalidArgumentError, saying what is allowed */
export function classWeights(text: string): "balanced" | readonly number[] {
  if (text === "balanced") return text;
  const weights = text.split(",").map((weight) => (weight.trim() === "" ? Number.NaN : Number(weight)));
  if (weights.every((weight) => weight >= 0 && Number.isFinite(weight))) return weights;
  throw new InvalidArgumentError("It must be balanced, or a number from 0 for each class, such as 1,2,0.5.");
}

/** The seed of all random draws of a run. */
export const seed = integer(0, Number.MAX_SAFE_INTEGER);

/** Parses CxHxW. @throws InvalidArgumentError, saying what is allowed */
export function inputSize(text: string): ImageShape {
  const match = /^(\d+)x(\d+)x(\d+)$/.exec(text);
  const [channels, height, width] = (match ?? []).slice(1).map(Number);
  const sides = [height, width];
  if (
    !match ||
    (channels !== 1 && channels !== 3) ||
    sides.some((side) => side < INPUT_SIDES.least || side > INPUT_SIDES.most)
  ) {
    throw new InvalidArgumentError(
      `It must be CxHxW, such as 1x28x28 or 3x32x32, with 1 or 3 channels and ${INPUT_SIDES.least} to ${INPUT_SIDES.most} rows and columns.`,
    );
  }
  return { channels, height, width };
}

/** Data sets with similar names, which are not meant by them: they are opened by their path. */
const OTHER_DATA = ["emnist", "kmnist", "qmnist", "notmnist", "cifar100"];

/** Parses the name or path of a data set. @throws InvalidArgumentError, saying what is allowed */
export function dataName(text: string): string {
  const meant = dataMeantBy(text);
  if (meant !== undefined) return meant;
  const similar = OTHER_DATA.some((name) => isSameName(name, text)) ? "" : suggestion(text, DATA_NAMES);
  throw new InvalidArgumentError(`It must be ${DATA_NAMES.join(", ")} or the path of a folder${similar}.`);
}

/** Parses an augmentation. @throws InvalidArgumentError, saying what is allowed */
export function augmentation(text: string): ParsedAugmentation {
  try {
    return parseAugmentation(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** Accepts the path of an SVG or PNG file. @throws InvalidArgumentError if it is another type */
export function imageFile(path: string): string {
  if (![".svg", ".png"].includes(extname(path).toLowerCase())) {
    throw new InvalidArgumentError("It must end in .svg or .png.");
  }
  return path;
}

/** The options for resizing images to the network's input. */
export interface ImageOptions {
  readonly fit: DataSettings["resize"];
  readonly background: "black" | "white";
}

/** The background as a pixel value. */
export function backgroundByte(background: ImageOptions["background"]): DataSettings["background"] {
  return background === "white" ? 255 : 0;
}

/** A description that names the default, for defaults that are not a fixed value. */
function withDefault(description: string, defaultText: string | undefined): string {
  return defaultText === undefined ? description : `${description} (default: ${defaultText})`;
}

// Functions, because commander keeps state in its options: each command needs its own.
export const recipeOption = () => new Option("--recipe <name>", "network and training settings").choices(RECIPE_NAMES);
export const configOption = () =>
  new Option(
    "--config <file>",
    "recipe file (JSON), or a run folder's config.json; other options override its fields",
  ).conflicts("recipe");
export const weightsRecipeOption = () =>
  new Option("--recipe <name>", "activation and pooling, for weights that do not specify them").choices(RECIPE_NAMES);
export const dataOption = (defaultText?: string) =>
  new Option(
    "--data <name>",
    withDefault(`data set: ${DATA_NAMES.join(", ")} or the path of a folder`, defaultText),
  ).argParser(dataName);
export const dataDirOption = () =>
  new Option("--data-dir <dir>", "folder with the data set's files; nowhere else is searched");
export const inputOption = () =>
  new Option(
    "--input <CxHxW>",
    "input size of the network: channels (1 or 3), height, width (default: the images' size; 3x32x32 for an image folder)",
  ).argParser(inputSize);
export const fitOption = (defaultText?: string) =>
  new Option(
    "--fit <how>",
    withDefault(
      "how to resize images: contain pads, cover crops, stretch distorts, digit frames a handwritten digit as MNIST does",
      defaultText,
    ),
  ).choices(RESIZES);
export const backgroundOption = (defaultText?: string) =>
  new Option(
    "--background <colour>",
    withDefault("colour for padding and behind transparent pixels", defaultText),
  ).choices(["black", "white"]);
export const augmentOption = (defaultText: string) =>
  new Option(
    "--augment <how>",
    withDefault("augmentation: none, tutorial, light, strong or crop=2,flip=0.5,degrees=10,…", defaultText),
  ).argParser(augmentation);
export const teacherOption = () =>
  new Option(
    "--teacher <weights...>",
    "learn from this network too: a run folder or a file of weights; of several, the logits are averaged",
  ).conflicts("softLabels");
export const softLabelsOption = () =>
  new Option(
    "--soft-labels <file>",
    "learn from these logits or probabilities too: .npy or safetensors, [images, classes] for the training images",
  );
export const strictOption = () => new Option("--strict", "fail if a file in an image folder cannot be used");
export const seedOption = () => new Option("--seed <n>", "seed of all random numbers").argParser(seed).default(0);
export const threadsOption = () =>
  new Option(
    "--threads <n>",
    "number of threads (default: as many as are the fastest, at most one per core)",
  ).argParser(integer(1, MOST_THREADS));
export const arithmeticOption = () =>
  new Option(
    "--arithmetic <how>",
    "portable: the same bits on every engine; fused: faster, where multiply-add rounds once (default: fused where that is real)",
  ).choices(["portable", "fused"]);
export const logOption = () =>
  new Option("--log <what>", "also write an event file into the run folder, for TensorBoard").choices(["tensorboard"]);
export const quietOption = () => new Option("--quiet", "print only the result");
export const jsonOption = () =>
  new Option("--json", "print JSON to standard output, everything else to standard error");

/** Whether the user gave an option, by its name in the options. */
export type IsGiven = (option: string) => boolean;

/** Looks up whether the user gave an option of a command. */
export function isGivenTo(command: Command): IsGiven {
  return (option) => command.getOptionValueSource(option) === "cli";
}

/** The recipe without `--recipe`. */
const DEFAULT_RECIPE = RECIPES.improved;

/** A default that is the recipe's, with its value in the default recipe. */
export function recipeDefault(value: (recipe: Recipe) => string | number): string {
  return `(default: the recipe's; ${DEFAULT_RECIPE.name}: ${value(DEFAULT_RECIPE)})`;
}

/** The options of every command that trains. */
export interface TrainingOptions extends ImageOptions {
  readonly recipe: RecipeName;
  /** The path of a recipe file, used instead of `recipe`. */
  readonly config?: string;
  readonly normalize?: "tutorial" | "dataset";
  readonly augment?: ParsedAugmentation;
  readonly epochs?: number;
  readonly batch?: number;
  readonly lr?: number;
  readonly optimizer?: keyof typeof OPTIMIZERS;
  readonly dropout?: number;
  readonly patience?: number;
  readonly classWeights?: "balanced" | readonly number[];
  readonly teacher?: readonly string[];
  readonly softLabels?: string;
  readonly valSplit?: number;
  readonly augmentVal?: boolean;
  /** Whether to fold batch normalisation into the saved weights. */
  readonly fold?: boolean;
  readonly data?: string;
  readonly dataDir?: string;
  readonly input?: ImageShape;
  readonly strict?: boolean;
  readonly seed: number;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly arithmetic?: Arithmetic;
}

/** Adds the options for recipe, data and threads to a command that trains. */
export function addTrainingOptions(command: Command): Command {
  return command
    .optionsGroup("Recipe:")
    .addOption(recipeOption().default(DEFAULT_RECIPE.name))
    .addOption(configOption())
    .optionsGroup("Data:")
    .addOption(dataOption("fashion-mnist"))
    .addOption(dataDirOption())
    .addOption(inputOption())
    .addOption(fitOption().default("contain"))
    .addOption(backgroundOption().default("black"))
    .addOption(
      new Option(
        "--normalize <how>",
        "tutorial: to -1 … 1; dataset: by mean and standard deviation of the training images (default: the recipe's; improved: tutorial)",
      ).choices(["tutorial", "dataset"]),
    )
    .addOption(augmentOption(`the recipe's; ${DEFAULT_RECIPE.name}: ${formatAsPreset(DEFAULT_RECIPE.augmentation)}`))
    .addOption(strictOption())
    .optionsGroup("Training:")
    .addOption(
      new Option("--batch <n>", `images per training step ${recipeDefault(({ batchSize }) => batchSize)}`).argParser(
        batchSize,
      ),
    )
    .addOption(
      new Option(
        "--optimizer <name>",
        `${Object.keys(OPTIMIZERS).join(", ")}, with PyTorch's settings unless it is the recipe's ${recipeDefault(({ optimizer }) => optimizer.type)}`,
      ).argParser(optimizer),
    )
    .addOption(
      new Option(
        "--dropout <p>",
        `dropout after the hidden linear layers ${recipeDefault((recipe) => recipe.dropout)}`,
      ).argParser(dropout),
    )
    .addOption(
      new Option(
        "--class-weights <weights>",
        `weight of each class in the loss, such as 1,2,1, or balanced: by the number of images ${recipeDefault(() => "1 each")}`,
      ).argParser(classWeights),
    )
    .addOption(
      new Option(
        "--val-split <fraction>",
        `fraction of the training images held out for validation; 0: train on all, and validate on the same ${recipeDefault((recipe) => recipe.validationFraction)}`,
      ).argParser(validationFraction),
    )
    .addOption(seedOption())
    .optionsGroup("Processor or graphics card:")
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(arithmeticOption());
}

/** The data settings in the options. */
export function dataSettings(
  options: Omit<TrainingOptions, "recipe" | "seed">,
): Omit<DataSettings, "data"> & Partial<Pick<DataSettings, "data">> {
  const { data, dataDir, input, fit, background, strict } = options;
  return { data, dataDir, input, resize: fit, background: backgroundByte(background), strict };
}
