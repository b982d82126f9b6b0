import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import type { ParsedAugmentation } from "../../data/augmentationText.js";
import type { ImageShape } from "../../model/index.js";
import { RECIPES, type RecipeName } from "../../training/recipes/recipes.js";
import { type DeviceChoice, deviceOption } from "../device.js";
import {
  type Arithmetic,
  arithmeticOption,
  augmentOption,
  backgroundByte,
  backgroundOption,
  batchSize,
  configOption,
  dataDirOption,
  dataOption,
  epochCount,
  fitOption,
  foldCount,
  type ImageOptions,
  inputOption,
  integer,
  jsonOption,
  logOption,
  quietOption,
  recipeOption,
  seed,
  softLabelsOption,
  strictOption,
  teacherOption,
} from "../options.js";
import { collectSweep } from "../sweep/collect.js";
import { type Axis, combinationsOf, GRID_KEYS, isRange, parseAxis, parseSeeds } from "../sweep/grid.js";
import { openQueue } from "../sweep/queue/client.js";
import { QueueTrainer } from "../sweep/queue/submit.js";
import { joinSweep, resumeSweep, type SweepOptions, startSweep, trainRunOf } from "../sweep/sweep.js";
import { Terminal } from "../terminal.js";
import { type ConfigFile, readConfig } from "../training/request.js";
import { queueNameOption, queueUrl } from "./queueOptions.js";

interface SweepCommandOptions extends ImageOptions {
  readonly recipe: RecipeName;
  /** The path of a recipe file, used instead of `recipe`. */
  readonly config?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly augment?: ParsedAugmentation;
  readonly data: string;
  readonly dataDir?: string;
  readonly input?: ImageShape;
  readonly strict?: boolean;
  readonly seeds: readonly number[];
  readonly set: readonly Axis[];
  readonly folds?: number;
  readonly teacher?: readonly string[];
  readonly softLabels?: string;
  readonly sample?: number;
  readonly sampleSeed: number;
  readonly halving?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly index?: number;
  readonly collect?: readonly string[];
  readonly device?: DeviceChoice;
  readonly jobs: number;
  readonly queue?: string;
  readonly queueName: string;
  readonly arithmetic?: Arithmetic;
  readonly log?: "tensorboard";
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const MOST_RUNS = 10_000;
const MOST_JOBS = 1024;

/** The options that make a sweep what it is. */
const SETTINGS = [
  ...["recipe", "config", "epochs", "batch", "augment", "set", "sample", "sampleSeed", "halving", "arithmetic"],
  ...["teacher", "softLabels", "folds"],
  ...["input", "fit", "background"],
];

/** `lenet sweep`: trains with several seeds and settings in parallel and compares the results. */
export function sweepCommand(): Command {
  return new Command("sweep")
    .description("train with several seeds and settings in parallel and compare the results")
    .optionsGroup("What to compare:")
    .addOption(
      new Option("--seeds <n|list>", "number of seeds, counting from 0, or a list such as 3,7 or 1-5")
        .argParser(parseSeeds)
        .default(parseSeeds("5"), "5"),
    )
    .addOption(
      new Option(
        "--set <key=values>",
        `values to compare, such as lr=1e-3,3e-3 or "augment=none;light", or with --sample a range, such as lr=1e-4..1e-2:log; repeat it to train all combinations; keys: ${GRID_KEYS.join(", ")}`,
      )
        .argParser(addAxis)
        .default([], "none"),
    )
    .addOption(
      new Option(
        "--folds <k>",
        "cross-validation: train k runs per seed, each of which holds out another of k equal parts (default with it: 1 seed)",
      )
        .argParser(foldCount)
        .conflicts("halving"),
    )
    .addOption(
      new Option(
        "--sample <n>",
        "train so many combinations, drawn at random from lists and ranges of --set",
      ).argParser(integer(1, MOST_RUNS)),
    )
    .addOption(new Option("--sample-seed <n>", "seed of that draw").argParser(seed).default(0))
    .addOption(
      new Option(
        "--halving <n>",
        "stop combinations early: one in n, the best so far, goes on for n times the epochs, and so on",
      )
        .argParser(integer(2, 100))
        .conflicts("index"),
    )
    .optionsGroup("Recipe:")
    .addOption(recipeOption().default("improved"))
    .addOption(configOption())
    .addOption(new Option("--epochs <n>", "number of epochs (default: the recipe's)").argParser(epochCount))
    .addOption(new Option("--batch <n>", "images per training step (default: the recipe's)").argParser(batchSize))
    .addOption(augmentOption("the recipe's"))
    .addOption(teacherOption())
    .addOption(softLabelsOption())
    .optionsGroup("Data:")
    .addOption(dataOption().default("fashion-mnist"))
    .addOption(dataDirOption())
    .addOption(inputOption())
    .addOption(fitOption().default("contain"))
    .addOption(backgroundOption().default("black"))
    .addOption(strictOption())
    .optionsGroup("Processor, graphics card or many machines:")
    .addOption(deviceOption())
    .addOption(arithmeticOption())
    .addOption(
      new Option("--jobs <n>", "number of runs to train in parallel on the processor")
        .argParser(integer(1, MOST_JOBS))
        .default(availableParallelism(), "one per core"),
    )
    .addOption(
      new Option(
        "--queue <url>",
        "have the runs trained by the workers of a queue: redis://HOST or rediss://HOST (TLS), password from $LENET_QUEUE_PASSWORD; see lenet worker",
      )
        .argParser(queueUrl)
        .conflicts(["device", "jobs", "index", "collect"]),
    )
    .addOption(queueNameOption())
    .addOption(
      new Option(
        "--index <i>",
        "train only this run of the sweep, counting from 0; the first process creates the folder",
      ).argParser(integer(0, MOST_RUNS - 1)),
    )
    .addOption(
      new Option(
        "--collect <sweep...>",
        "write the report of a sweep whose runs were trained with --index; runs in other folders are copied into the first",
      ).conflicts([...SETTINGS, "data", "out", "seeds", "dataDir", "strict", "resume", "index", "device", "log"]),
    )
    .optionsGroup("Output:")
    .addOption(new Option("--out <dir>", "sweep folder to create (default: sweeps/<data>-<recipe>)"))
    .addOption(
      new Option(
        "--resume <sweep>",
        "resume an interrupted sweep with its settings; with --seeds, train these seeds too; --data: where its images are now",
      ).conflicts([...SETTINGS, "out"]),
    )
    .addOption(logOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .action(runSweep);
}

async function runSweep(given: SweepCommandOptions, command: Command): Promise<void> {
  const isSeeded = given.folds === undefined || command.getOptionValueSource("seeds") === "cli";
  const options = isSeeded ? given : { ...given, seeds: [0] };
  const { seeds, set: grid, jobs, json = false, quiet = false } = options;
  requireSettable(command, grid);
  requireSample(command, options);
  if (options.folds !== undefined && grid.some(({ key }) => key === "val-split")) {
    command.error("option '--folds <k>' cannot be used with option '--set val-split=…'");
  }
  const combinations = options.sample ?? grid.reduce((product, { values }) => product * values.length, 1);
  const runs = combinations * seeds.length * (options.folds ?? 1);
  if (runs > MOST_RUNS) {
    command.error(
      `all combinations and seeds make ${runs.toLocaleString("en-US")} runs, but the limit is ${MOST_RUNS.toLocaleString("en-US")}`,
    );
  }
  const terminal = new Terminal(json ? process.stderr : process.stdout, { quiet });
  if (options.collect) return collectSweep(options.collect, { terminal, json });
  const { log, device, queue: url, queueName: name } = options;
  if (url === undefined) return train(options, { terminal, json, log, device, jobs }, command);
  const client = await openQueue({ url, name }, { onLost: (line) => terminal.warn(line) });
  const remote = new QueueTrainer(client, terminal);
  try {
    // Also for data and settings, the machine of the submitter is only a processor.
    await train(options, { terminal, json, log, device: "cpu", jobs, remote }, command);
  } finally {
    await remote.close();
  }
}

/** Starts a sweep, resumes it, or trains one of its runs. */
async function train(options: SweepCommandOptions, sweepOptions: SweepOptions, command: Command): Promise<void> {
  const { data, dataDir, input, fit, background, strict, seeds, set: grid, out, index, resume, arithmetic } = options;
  if (resume !== undefined) {
    const given = <Value>(name: string, value: Value) =>
      command.getOptionValueSource(name) === "cli" ? value : undefined;
    const changes = { data: given("data", data), dataDir, strict, seeds: given("seeds", seeds) };
    return index === undefined
      ? resumeSweep(resume, changes, sweepOptions)
      : trainRunOf(resume, index, changes, sweepOptions);
  }
  const { input: ofRecipe, ...recipe } = await recipeOf(options);
  const size = { input: input ?? ofRecipe, resize: fit, background: backgroundByte(background) };
  const teacher = { networks: options.teacher, softLabels: options.softLabels };
  const { sample: count, sampleSeed, halving } = options;
  const sample = count === undefined ? undefined : { count, seed: sampleSeed };
  const settings = {
    ...recipe,
    data: { data, dataDir, ...size, strict },
    ...{ grid, seeds, folds: options.folds, sample, halving, teacher, arithmetic },
  };
  if (index === undefined) return startSweep({ ...settings, out }, sweepOptions);
  if (out === undefined) return command.error("option '--index <i>' needs '--out <dir>' or '--resume <sweep>'");
  await joinSweep({ ...settings, out }, index, sweepOptions);
}

/** Refuses ranges without a sample, and a sample of nothing or of too few combinations. */
function requireSample(command: Command, { set: grid, sample: count, sampleSeed }: SweepCommandOptions): void {
  const range = grid.find(isRange);
  if (range && count === undefined) {
    command.error(
      `option '--set ${range.key}=${range.values[0]}' needs '--sample <n>', as a range has no list of values`,
    );
  }
  if (count === undefined) return;
  if (grid.length === 0) command.error("option '--sample <n>' needs '--set <key=values>'");
  try {
    combinationsOf({ grid, sample: { count, seed: sampleSeed } });
  } catch (error) {
    command.error(`option '--sample <n>' argument '${count}' is invalid. ${(error as Error).message}`);
  }
}

/** Refuses an option for all runs if its values are compared. */
function requireSettable(command: Command, grid: readonly Axis[]): void {
  for (const name of ["recipe", "epochs", "batch", "augment"]) {
    if (!grid.some(({ key }) => key === name)) continue;
    const given = (name === "recipe" ? ["recipe", "config"] : [name]).find(
      (option) => command.getOptionValueSource(option) === "cli",
    );
    const flags = command.options.find((option) => option.attributeName() === given)?.flags;
    if (flags) command.error(`option '${flags}' cannot be used with option '--set ${name}=…'`);
  }
}

/** The recipe of all runs, what the options change in it, and its input, if it has one. */
async function recipeOf({ recipe, config, epochs, batch, augment }: SweepCommandOptions) {
  // Of a run's config.json, a sweep takes the recipe: data and seeds are its own.
  const { run: _, ...file }: Partial<ConfigFile> = config === undefined ? {} : await readConfig(config);
  const common = {
    ...file,
    ...(augment && { augment }),
    ...(epochs !== undefined && { epochs }),
    ...(batch !== undefined && { batchSize: batch }),
  };
  return {
    recipe: file.recipe?.name ?? recipe,
    input: (file.recipe ?? RECIPES[recipe]).input,
    common: Object.keys(common).length > 0 ? common : undefined,
  };
}

/** Adds an axis to the previous ones. @throws InvalidArgumentError if its key is already set */
function addAxis(text: string, previous: readonly Axis[]): readonly Axis[] {
  const axis = parseAxis(text);
  if (previous.some(({ key }) => key === axis.key)) {
    throw new InvalidArgumentError(`The key ${axis.key} is already set: list all its values in one --set.`);
  }
  return [...previous, axis];
}
