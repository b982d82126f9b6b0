import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import type { ImageShape } from "../../model/index.js";
import { type DeviceChoice, deviceOption } from "../device.js";
import {
  type Arithmetic,
  arithmeticOption,
  backgroundByte,
  backgroundOption,
  dataDirOption,
  dataOption,
  fitOption,
  type ImageOptions,
  inputOption,
  integer,
  jsonOption,
  logOption,
  quietOption,
  recipeOption,
  strictOption,
} from "../options.js";
import { type Axis, GRID_KEYS, parseAxis, parseSeeds } from "../sweep/grid.js";
import { resumeSweep, startSweep } from "../sweep/sweep.js";
import { Terminal } from "../terminal.js";

interface SweepCommandOptions extends ImageOptions {
  readonly recipe: string;
  readonly data: string;
  readonly dataDir?: string;
  readonly input?: ImageShape;
  readonly strict?: boolean;
  readonly seeds: readonly number[];
  readonly set: readonly Axis[];
  readonly out?: string;
  readonly resume?: string;
  readonly device?: DeviceChoice;
  readonly jobs: number;
  readonly arithmetic?: Arithmetic;
  readonly log?: "tensorboard";
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const MOST_RUNS = 10_000;
const MOST_JOBS = 1024;

/** `lenet sweep`: trains with several seeds and settings in parallel and compares the results. */
export function sweepCommand(): Command {
  return new Command("sweep")
    .description("train with several seeds and settings in parallel and compare the results")
    .addOption(recipeOption().default("improved"))
    .addOption(dataOption().default("fashion-mnist"))
    .addOption(dataDirOption())
    .addOption(inputOption())
    .addOption(fitOption().default("contain"))
    .addOption(backgroundOption().default("black"))
    .addOption(strictOption())
    .addOption(
      new Option("--seeds <n|list>", "number of seeds, counting from 0, or a list such as 3,7,11")
        .argParser(parseSeeds)
        .default(parseSeeds("5"), "5"),
    )
    .addOption(
      new Option(
        "--set <key=values>",
        `values to compare, such as lr=1e-3,3e-3 or "augment=none;light"; repeat it to train all combinations; keys: ${GRID_KEYS.join(", ")}`,
      )
        .argParser(addAxis)
        .default([], "none"),
    )
    .addOption(new Option("--out <dir>", "sweep folder to create (default: sweeps/<data>-<recipe>)"))
    .addOption(
      new Option("--resume <sweep>", "resume an interrupted sweep with its settings").conflicts([
        "recipe",
        "data",
        "input",
        "fit",
        "background",
        "seeds",
        "set",
        "arithmetic",
        "out",
      ]),
    )
    .addOption(deviceOption())
    .addOption(
      new Option("--jobs <n>", "number of runs to train in parallel on the processor")
        .argParser(integer(1, MOST_JOBS))
        .default(availableParallelism(), "one per core"),
    )
    .addOption(arithmeticOption())
    .addOption(logOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .action(runSweep);
}

async function runSweep(options: SweepCommandOptions, command: Command): Promise<void> {
  const { recipe, data, dataDir, input, fit, background, strict, seeds, set: grid, out, jobs, arithmetic } = options;
  const { json = false, quiet = false } = options;
  if (grid.some(({ key }) => key === "recipe") && command.getOptionValueSource("recipe") === "cli") {
    command.error("option '--recipe <name>' cannot be used with option '--set recipe=…'");
  }
  const runs = grid.reduce((product, { values }) => product * values.length, seeds.length);
  if (runs > MOST_RUNS) {
    command.error(
      `all combinations and seeds make ${runs.toLocaleString("en-US")} runs, but the limit is ${MOST_RUNS.toLocaleString("en-US")}`,
    );
  }
  const terminal = new Terminal(json ? process.stderr : process.stdout, { quiet });
  const sweepOptions = { terminal, json, log: options.log, device: options.device, jobs };
  if (options.resume !== undefined) return resumeSweep(options.resume, { dataDir, strict }, sweepOptions);
  const dataSettings = { data, dataDir, input, resize: fit, background: backgroundByte(background), strict };
  await startSweep({ recipe, data: dataSettings, grid, seeds, arithmetic, out }, sweepOptions);
}

/** Adds an axis to the previous ones. @throws InvalidArgumentError if its key is already set */
function addAxis(text: string, previous: readonly Axis[]): readonly Axis[] {
  const axis = parseAxis(text);
  if (previous.some(({ key }) => key === axis.key)) {
    throw new InvalidArgumentError(`The key ${axis.key} is already set: list all its values in one --set.`);
  }
  return [...previous, axis];
}
