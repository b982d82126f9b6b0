import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import type { ImageShape } from "../../model/index.js";
import {
  backgroundByte,
  backgroundOption,
  dataDirOption,
  dataOption,
  fitOption,
  type ImageOptions,
  inputOption,
  jsonOption,
  quietOption,
  recipeOption,
  strictOption,
  wholeNumber,
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
  readonly jobs: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const MOST_RUNS = 10_000;
const MOST_JOBS = 1024;

/** `lenet sweep`: trains a recipe with several seeds and settings, side by side, and compares them. */
export function sweepCommand(): Command {
  return new Command("sweep")
    .description("train a recipe with several seeds and settings, side by side, and compare them")
    .addOption(recipeOption().default("improved"))
    .addOption(dataOption().default("fashion-mnist"))
    .addOption(dataDirOption())
    .addOption(inputOption())
    .addOption(fitOption().default("contain"))
    .addOption(backgroundOption().default("black"))
    .addOption(strictOption())
    .addOption(
      new Option("--seeds <n|list>", "how many seeds, from 0 on, or which ones, as 3,7,11")
        .argParser(parseSeeds)
        .default(parseSeeds("5"), "5"),
    )
    .addOption(
      new Option(
        "--set <key=values>",
        `values to compare, as lr=1e-3,3e-3 or augment=none;light; with other keys in all combinations: ${GRID_KEYS.join(", ")}`,
      )
        .argParser(anotherAxis)
        .default([], "none"),
    )
    .addOption(new Option("--out <dir>", "the sweep's folder to make (default: sweeps/<data>-<recipe>)"))
    .addOption(
      new Option("--resume <sweep>", "go on with an interrupted sweep; its settings are in its folder").conflicts([
        "recipe",
        "data",
        "input",
        "fit",
        "background",
        "seeds",
        "set",
        "out",
      ]),
    )
    .addOption(
      new Option("--jobs <n>", "how many runs to train at a time (default: one a core)")
        .argParser(wholeNumber(1, MOST_JOBS))
        .default(availableParallelism(), "one a core"),
    )
    .addOption(jsonOption())
    .addOption(quietOption())
    .action(runSweep);
}

async function runSweep(options: SweepCommandOptions, command: Command): Promise<void> {
  const { recipe, data, dataDir, input, fit, background, strict, seeds, set: grid, out, jobs } = options;
  const { json = false, quiet = false } = options;
  if (grid.some(({ key }) => key === "recipe") && command.getOptionValueSource("recipe") === "cli") {
    command.error("option '--recipe <name>' cannot be used with option '--set recipe=…'");
  }
  const runs = grid.reduce((product, { values }) => product * values.length, seeds.length);
  if (runs > MOST_RUNS) {
    command.error(
      `all combinations with all seeds are ${runs.toLocaleString("en-US")} runs, ${MOST_RUNS.toLocaleString("en-US")} are the most`,
    );
  }
  const terminal = new Terminal(json ? process.stderr : process.stdout, { quiet });
  const sweepOptions = { terminal, json, jobs };
  if (options.resume !== undefined) return resumeSweep(options.resume, { dataDir, strict }, sweepOptions);
  const dataSettings = { data, dataDir, input, resize: fit, background: backgroundByte(background), strict };
  await startSweep({ recipe, data: dataSettings, grid, seeds, out }, sweepOptions);
}

/** Adds an axis to those before it. @throws InvalidArgumentError saying what is wrong */
function anotherAxis(text: string, before: readonly Axis[]): readonly Axis[] {
  const axis = parseAxis(text);
  if (before.some(({ key }) => key === axis.key)) {
    throw new InvalidArgumentError(`The key ${axis.key} is set before: give all its values at once.`);
  }
  return [...before, axis];
}
