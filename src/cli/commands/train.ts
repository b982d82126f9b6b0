import { Command, Option } from "commander";
import {
  dataDirOption,
  dataOption,
  jsonOption,
  numberBetween,
  recipeOption,
  threadsOption,
  wholeNumber,
} from "../options.js";
import { Terminal } from "../terminal.js";
import { type RunSettings, resumeRun, startRun } from "../trainRun.js";

interface TrainOptions {
  readonly recipe: string;
  readonly data: string;
  readonly dataDir?: string;
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
    .addOption(new Option("--epochs <n>", "passes over the training images").argParser(wholeNumber(1, MOST_EPOCHS)))
    .addOption(new Option("--batch <n>", "images a step").argParser(wholeNumber(1, LARGEST_BATCH)))
    .addOption(new Option("--lr <x>", "the (highest) learning rate").argParser(numberBetween(0, 100)))
    .addOption(
      new Option("--seed <n>", "all randomness comes from it")
        .argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER))
        .default(0),
    )
    .addOption(threadsOption())
    .addOption(
      new Option("--val-split <share>", "share of the training images held back for validation (0.2)").argParser(
        numberBetween(0, 1),
      ),
    )
    .addOption(new Option("--augment-val", "augment the validation images too, as the tutorial did"))
    .addOption(new Option("--out <dir>", "the run folder to make (default: runs/<data>-<recipe>-seed<n>)"))
    .addOption(
      new Option("--resume <run>", "go on with an interrupted run; its settings are in its folder").conflicts([
        "recipe",
        "data",
        "epochs",
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
      const { json = false, quiet = false, threads, dataDir } = options;
      const terminal = new Terminal(json ? process.stderr : process.stdout, { quiet });
      const output = { terminal, json };
      if (options.resume !== undefined) await resumeRun(options.resume, { dataDir, threads }, output);
      else await startRun(settingsOf(options), output);
    });
}

function settingsOf(options: TrainOptions): RunSettings {
  return {
    recipe: options.recipe,
    data: options.data,
    dataDir: options.dataDir,
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
