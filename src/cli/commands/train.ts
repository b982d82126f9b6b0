import { Command, Option } from "commander";
import type { ParsedAugmentation } from "../../data/augmentationText.js";
import type { ImageShape } from "../../model/index.js";
import {
  augmentOption,
  backgroundByte,
  backgroundOption,
  dataDirOption,
  dataOption,
  fitOption,
  inputOption,
  jsonOption,
  numberBetween,
  type PictureOptions,
  recipeOption,
  seedOption,
  strictOption,
  threadsOption,
  wholeNumber,
} from "../options.js";
import { Terminal } from "../terminal.js";
import { type RunSettings, resumeRun, startRun } from "../trainRun.js";

interface TrainOptions extends PictureOptions {
  readonly recipe: string;
  readonly data: string;
  readonly dataDir?: string;
  readonly input?: ImageShape;
  readonly normalize: "tutorial" | "dataset";
  readonly augment?: ParsedAugmentation;
  readonly strict?: boolean;
  readonly epochs?: number;
  readonly batch?: number;
  readonly lr?: number;
  readonly seed: number;
  readonly threads?: number;
  readonly valSplit?: number;
  readonly augmentVal?: boolean;
  readonly out?: string;
  readonly resume?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const LARGEST_BATCH = 16_384;
const MOST_EPOCHS = 100_000;

/** `lenet train`: trains a network into a run folder. */
export function trainCommand(): Command {
  return new Command("train")
    .description("train LeNet-5 into a run folder")
    .addOption(recipeOption().default("improved"))
    .addOption(dataOption().default("fashion-mnist"))
    .addOption(dataDirOption())
    .addOption(inputOption())
    .addOption(fitOption().default("contain"))
    .addOption(backgroundOption().default("black"))
    .addOption(
      new Option("--normalize <how>", "to -1 … 1 as the tutorial, or by the training images' mean and deviation")
        .choices(["tutorial", "dataset"])
        .default("tutorial"),
    )
    .addOption(augmentOption())
    .addOption(strictOption())
    .addOption(new Option("--epochs <n>", "passes over the training images").argParser(wholeNumber(1, MOST_EPOCHS)))
    .addOption(new Option("--batch <n>", "images a step").argParser(wholeNumber(1, LARGEST_BATCH)))
    .addOption(new Option("--lr <x>", "the (highest) learning rate").argParser(numberBetween(0, 100)))
    .addOption(seedOption())
    .addOption(threadsOption())
    .addOption(
      new Option("--val-split <share>", "share of the training images held back for validation (0.2)").argParser(
        numberBetween(0, 1),
      ),
    )
    .addOption(new Option("--augment-val", "augment the validation images too, as the tutorial did"))
    .addOption(new Option("--out <dir>", "the run folder to make (default: runs/<data>-<recipe>-seed<n>)"))
    .addOption(
      new Option("--resume <run>", "go on with an interrupted run, or with a finished one to more --epochs").conflicts([
        "recipe",
        "data",
        "input",
        "fit",
        "background",
        "normalize",
        "augment",
        "batch",
        "lr",
        "seed",
        "valSplit",
        "augmentVal",
        "out",
      ]),
    )
    .addOption(jsonOption())
    .addOption(new Option("--quiet", "print nothing but the result"))
    .action(async (options: TrainOptions) => {
      const { json = false, quiet = false, epochs, threads, dataDir, strict } = options;
      const terminal = new Terminal(json ? process.stderr : process.stdout, { quiet });
      const output = { terminal, json };
      if (options.resume !== undefined) await resumeRun(options.resume, { epochs, dataDir, threads, strict }, output);
      else await startRun(settingsOf(options), output);
    });
}

function settingsOf(options: TrainOptions): RunSettings {
  return {
    recipe: options.recipe,
    data: {
      data: options.data,
      dataDir: options.dataDir,
      input: options.input,
      fit: options.fit,
      background: backgroundByte(options.background),
      strict: options.strict,
    },
    normalize: options.normalize,
    augment: options.augment,
    seed: options.seed,
    threads: options.threads,
    out: options.out,
    changes: {
      epochs: options.epochs,
      batchSize: options.batch,
      learningRate: options.lr,
      validationShare: options.valSplit,
      augmentValidation: options.augmentVal,
    },
  };
}
