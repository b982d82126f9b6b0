import { basename, join } from "node:path";
import { FormatError } from "../../formats/errors.js";
import { readRecipeFile } from "../../formats/recipeFile.js";
import { isFolder, readFileBounded } from "../../node/disk/files.js";
import { parseRunConfig, type RunConfig } from "../../runs/config.js";
import { RUN_FILES } from "../../runs/runFolderFiles.js";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { dataOfRun } from "../data.js";
import { dataSettings, type IsGiven, type TrainingOptions } from "../options.js";
import type { Reporter } from "../terminal.js";
import type { RunRequest } from "./train.js";

/**
 * The run that a command's options describe: a recipe, given by name or file, with the changes to it. If the file is the
 * config.json of a run, its data, seed, teacher and arithmetic are taken from it too, unless options give others.
 *
 * @throws Error if the recipe file cannot be read; AggregateError with one Error per mistake in it
 */
export async function runRequest(
  given: TrainingOptions,
  isGiven: IsGiven,
  terminal: Pick<Reporter, "warn">,
): Promise<RunRequest> {
  const { run, ...chosen } =
    given.config === undefined ? { recipe: RECIPES[given.recipe] } : await readConfig(given.config);
  if (run !== undefined && run.scheduleRestarts.length > 0) {
    terminal.warn(`${given.config}: that run was extended; trained in one go, the result differs`);
  }
  const options = run === undefined ? given : { ...given, ...optionsOf(run, isGiven) };
  const { normalize, augment, classWeights, seed, device, threads, arithmetic } = options;
  const data = dataSettings(options);
  return {
    training: {
      ...chosen,
      ...(normalize && { normalize }),
      ...(augment && { augment }),
      ...(classWeights && { classWeights }),
      seed,
      changes: {
        epochs: options.epochs,
        batchSize: options.batch,
        learningRate: options.lr,
        optimizer: options.optimizer,
        dropout: options.dropout,
        patience: options.patience,
        validationFraction: options.valSplit,
        augmentValidation: options.augmentVal,
      },
    },
    data: { ...data, input: data.input ?? chosen.recipe.input },
    teacher: { networks: options.teacher, softLabels: options.softLabels },
    device,
    threads,
    arithmetic,
    keepBatchNorm: options.fold === false,
  };
}

/** The options with which a run is trained again, as far as the user does not give others. */
function optionsOf(run: RunConfig, isGiven: IsGiven): Partial<TrainingOptions> {
  const teachers = run.teachers?.map(({ path }) => path) ?? [];
  const isTaughtByFile = run.teachers?.some(({ type }) => type === "softLabels");
  const options = {
    ...(isGiven("data") ? {} : ofData(run)),
    seed: run.seed,
    fold: run.keepBatchNorm ? false : undefined,
    arithmetic: run.arithmetic === "wasm-portable" ? "portable" : undefined,
    ...(teachers.length > 0 && (isTaughtByFile ? { softLabels: teachers[0] } : { teacher: teachers })),
  } as const;
  const taken = Object.entries(options).filter(([name, value]) => value !== undefined && !isGiven(name));
  return Object.fromEntries(taken);
}

function ofData(run: RunConfig): Partial<TrainingOptions> {
  const { data, dataDir, input, resize, background } = dataOfRun(run);
  return {
    ...{ data, dataDir, input, fit: resize, background: background === 255 ? "white" : "black" },
    // As the run had it: digits that were flipped are flipped again.
    augment: { augmentation: run.recipe.augmentation, flipGiven: true },
  };
}

/** Far more than any recipe needs. */
const MOST_RECIPE_BYTES = 1e6;

/** What a file for --config says. */
export interface ConfigFile extends Pick<TrainingRequest, "recipe" | "normalize" | "augment"> {
  /** If it is the config.json of a run. */
  readonly run?: RunConfig;
}

/**
 * Reads a recipe file, or the config.json of a run, whose folder may be given.
 *
 * @throws Error if it cannot be read; AggregateError with one Error per mistake in it
 */
export async function readConfig(path: string): Promise<ConfigFile> {
  const file = (await isFolder(path)) ? join(path, RUN_FILES.config) : path;
  const text = decodeText(await readFileBounded(file, MOST_RECIPE_BYTES));
  try {
    if (isRunConfig(text)) {
      const run = parseRunConfig(text);
      return { recipe: run.recipe, run };
    }
    const { recipe, augmentation, measureNormalization } = readRecipeFile(text, basename(path).replace(/\.json$/i, ""));
    return { recipe, augment: augmentation, normalize: measureNormalization ? "dataset" : undefined };
  } catch (error) {
    const mistakes: Error[] = error instanceof AggregateError ? error.errors : [error];
    const named = mistakes.map(({ message }) => new FormatError(`${file}: ${message}`));
    throw new AggregateError(named, named[0].message, { cause: error });
  }
}

/** The text of a file in UTF-8 or, if it begins with the mark of it, UTF-16, as PowerShell writes it. */
function decodeText(bytes: Uint8Array): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const encoding = isUtf16 ? (bytes[0] === 0xff ? "utf-16le" : "utf-16be") : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

/** Whether a text is the config.json of a run: unlike a recipe, it names the versions that trained it. */
function isRunConfig(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "versions" in value && "recipe" in value;
  } catch {
    return false;
  }
}
