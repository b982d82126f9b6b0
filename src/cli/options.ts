import { type Command, InvalidArgumentError, Option } from "commander";
import { type ParsedAugmentation, parseAugmentation } from "../data/augmentationText.js";
import { LARGEST_BATCH, MOST_EPOCHS } from "../formats/recipeSchema.js";
import type { ImageShape } from "../model/index.js";
import { DATA_NAMES, type DataSettings, INPUT_SIDES, isData } from "../node/openData.js";
import { RECIPES } from "../training/recipes/recipes.js";

/** A parser of whole numbers. @throws InvalidArgumentError saying what is allowed */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most.toLocaleString("en-US")}.`);
    }
    return value;
  };
}

/** A parser of numbers strictly between two bounds. @throws InvalidArgumentError saying what is allowed */
export function numberBetween(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value > low && value < high)) {
      throw new InvalidArgumentError(`It must be a number above ${low} and below ${high}.`);
    }
    return value;
  };
}

/** A parser of numbers from a least one to below a bound. @throws InvalidArgumentError saying what is allowed */
function numberFrom(least: number, bound: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= least && value < bound)) {
      throw new InvalidArgumentError(`It must be a number from ${least} to below ${bound}.`);
    }
    return value;
  };
}

/** A parser of one of some names. @throws InvalidArgumentError saying what is allowed */
export function oneOf<Name extends string>(names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const name = names.find((one) => one === text);
    if (name === undefined) throw new InvalidArgumentError(`It must be ${names.join(" or ")}.`);
    return name;
  };
}

// The numbers of a recipe.
export const epochCount = wholeNumber(1, MOST_EPOCHS);
export const batchSize = wholeNumber(1, LARGEST_BATCH);
export const learningRate = numberBetween(0, 100);
export const validationFraction = numberBetween(0, 1);
export const dropout = numberFrom(0, 1);
export const labelSmoothing = numberFrom(0, 1);
export const weightDecay = numberFrom(0, 100);

/** What all randomness of a run comes from. */
export const seed = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** Parses CxHxW. @throws InvalidArgumentError saying what is allowed */
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
      `It must be CxHxW as 1x28x28 or 3x32x32: 1 or 3 channels, ${INPUT_SIDES.least} to ${INPUT_SIDES.most} rows and columns.`,
    );
  }
  return { channels, height, width };
}

/** Takes what names a data set. @throws InvalidArgumentError saying what does */
export function dataName(text: string): string {
  if (!isData(text)) throw new InvalidArgumentError(`It must be ${DATA_NAMES.join(", ")} or the path of a folder.`);
  return text;
}

/** Parses an augmentation. @throws InvalidArgumentError saying what is allowed */
export function augmentation(text: string): ParsedAugmentation {
  try {
    return parseAugmentation(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** How images are brought to the network's input, as the options say it. */
export interface ImageOptions {
  readonly fit: DataSettings["resize"];
  readonly background: "black" | "white";
}

/** The byte of a background. */
export function backgroundByte(background: ImageOptions["background"]): DataSettings["background"] {
  return background === "white" ? 255 : 0;
}

// Options are made anew for each command: commander keeps state in them.
export const recipeOption = () => new Option("--recipe <name>", "what to train and how").choices(Object.keys(RECIPES));
export const weightsRecipeOption = () =>
  new Option(
    "--recipe <name>",
    "the recipe of weights that do not say which activation and pooling they are for",
  ).choices(Object.keys(RECIPES));
export const dataOption = () =>
  new Option("--data <name>", `the data set: ${DATA_NAMES.join(", ")} or the path of a folder`).argParser(dataName);
export const dataDirOption = () =>
  new Option("--data-dir <dir>", "the folder that holds the data set's files; the only place looked in");
export const inputOption = () =>
  new Option("--input <CxHxW>", "the network's input, 1 or 3 channels (default: as the images are)").argParser(
    inputSize,
  );
export const fitOption = () =>
  new Option("--fit <how>", "how images of other sizes are brought to the input").choices([
    "contain",
    "cover",
    "stretch",
  ]);
export const backgroundOption = () =>
  new Option("--background <colour>", "what lies around and behind the images").choices(["black", "white"]);
export const augmentOption = () =>
  new Option("--augment <how>", "none, tutorial, light, strong, or crop=2,flip=0.5,degrees=10,…").argParser(
    augmentation,
  );
export const strictOption = () => new Option("--strict", "fail where a file of a folder of images cannot be used");
export const seedOption = () => new Option("--seed <n>", "all randomness comes from it").argParser(seed).default(0);
export const threadsOption = () =>
  new Option("--threads <n>", "threads to compute with (default: one a core)").argParser(wholeNumber(1, 64));
export const quietOption = () => new Option("--quiet", "print nothing but the result");
export const jsonOption = () =>
  new Option("--json", "print JSON on standard output, everything else on standard error");

/** What every command that trains takes. */
export interface TrainingOptions extends ImageOptions {
  readonly recipe: string;
  /** The path of a file that takes the place of the recipe's name. */
  readonly config?: string;
  readonly normalize?: "tutorial" | "dataset";
  readonly augment?: ParsedAugmentation;
  readonly epochs?: number;
  readonly batch?: number;
  readonly lr?: number;
  readonly valSplit?: number;
  readonly augmentVal?: boolean;
  readonly data?: string;
  readonly dataDir?: string;
  readonly input?: ImageShape;
  readonly strict?: boolean;
  readonly seed: number;
  readonly threads?: number;
}

/** Adds the options of the recipe, the data and the machine to a command that trains. */
export function addTrainingOptions(command: Command): Command {
  return command
    .addOption(recipeOption().default("improved"))
    .addOption(
      new Option("--config <file>", "a recipe as JSON, of which the other options change what they name").conflicts(
        "recipe",
      ),
    )
    .addOption(dataOption())
    .addOption(dataDirOption())
    .addOption(inputOption())
    .addOption(fitOption().default("contain"))
    .addOption(backgroundOption().default("black"))
    .addOption(
      new Option(
        "--normalize <how>",
        "to -1 … 1 as the tutorial, or by the training images' mean and standard deviation (default: as the recipe says)",
      ).choices(["tutorial", "dataset"]),
    )
    .addOption(augmentOption())
    .addOption(strictOption())
    .addOption(new Option("--batch <n>", "images a step").argParser(batchSize))
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(
      new Option("--val-split <share>", "share of the training images held back for validation").argParser(
        validationFraction,
      ),
    );
}

/** The data that the options name. */
export function dataSettings(
  options: Omit<TrainingOptions, "recipe" | "seed">,
): Omit<DataSettings, "data"> & Partial<Pick<DataSettings, "data">> {
  const { data, dataDir, input, fit, background, strict } = options;
  return { data, dataDir, input, resize: fit, background: backgroundByte(background), strict };
}
