import { Command, Option } from "commander";
import { runFolderOf } from "../../node/runFiles.js";
import { largestLearningRate } from "../../training/recipes/schedules.js";
import {
  addTrainingOptions,
  epochCount,
  isGivenTo,
  jsonOption,
  learningRate,
  logOption,
  patience,
  quietOption,
  recipeDefault,
  softLabelsOption,
  type TrainingOptions,
  teacherOption,
} from "../options.js";
import { Terminal } from "../terminal.js";
import { runRequest } from "../training/request.js";
import { startRun } from "../training/start.js";
import { resumeRun } from "../training/train.js";

interface TrainOptions extends TrainingOptions {
  readonly out?: string;
  readonly resume?: string;
  readonly log?: "tensorboard";
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `lenet train`: trains a network into a run folder. */
export function trainCommand(): Command {
  return addTrainingOptions(new Command("train").description("train LeNet-5 into a run folder"))
    .optionsGroup("Training:")
    .addOption(
      new Option("--epochs <n>", `number of epochs ${recipeDefault(({ epochs }) => epochs)}`).argParser(epochCount),
    )
    .addOption(
      new Option(
        "--lr <x>",
        `learning rate, or its peak in a schedule ${recipeDefault(({ schedule }) => largestLearningRate(schedule))}`,
      ).argParser(learningRate),
    )
    .addOption(
      new Option(
        "--patience <n>",
        `stop after n epochs without a better validation accuracy; 0: never ${recipeDefault((recipe) => recipe.patience)}`,
      ).argParser(patience),
    )
    .addOption(teacherOption())
    .addOption(softLabelsOption())
    .addOption(new Option("--augment-val", "augment the validation images too, as the tutorial does"))
    .addOption(
      new Option("--no-fold", "save the weights with batch normalisation, instead of folding it into their layers"),
    )
    .optionsGroup("Output:")
    .addOption(new Option("--out <dir>", "run folder to create (default: runs/<data>-<recipe>-seed<n>)"))
    .addOption(
      new Option(
        "--resume <run>",
        "resume an interrupted run with its settings, or extend a finished one to more --epochs; --data: where its images are now",
      ).conflicts([
        "recipe",
        "config",
        "input",
        "fit",
        "background",
        "normalize",
        "augment",
        "batch",
        "lr",
        "seed",
        "arithmetic",
        "optimizer",
        "dropout",
        "classWeights",
        "patience",
        "teacher",
        "softLabels",
        "valSplit",
        "augmentVal",
        "fold",
        "out",
      ]),
    )
    .addOption(logOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .action(async (options: TrainOptions, command: Command) => {
      const { json = false, quiet = false, threads, device, epochs, data, dataDir, strict, out } = options;
      const terminal = new Terminal(json ? process.stderr : process.stdout, { quiet });
      const output = { terminal, json, log: options.log };
      if (options.resume !== undefined) {
        const path = await runFolderOf(options.resume);
        await resumeRun(path, { epochs, data, dataDir, device, threads, strict }, output);
        return;
      }
      await startRun({ ...(await runRequest(options, isGivenTo(command), terminal)), out }, output);
    });
}
