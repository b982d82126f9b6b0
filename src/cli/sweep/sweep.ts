import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { FolderExistsError } from "../../node/disk/files.js";
import { DATA_NAMES, type DataSettings } from "../../node/openData.js";
import { loadRecordedTeacher } from "../../node/teachers.js";
import { type Arithmetic, availableArithmetic } from "../../node/threads.js";
import { customizeRecipe } from "../../training/recipes/recipes.js";
import { VERSION } from "../../version.js";
import { type LoadedData, listSkipped, loadData, loadSameData, requireThere } from "../data.js";
import { type Device, type DeviceChoice, openDevice, type Work } from "../device.js";
import { withInterrupt } from "../interrupt.js";
import { loadTeacher, type TeacherFiles } from "../training/teacher.js";
import { inFreeFolder } from "../training/train.js";
import { requestOf, type SweepConfig } from "./config.js";
import { combinationsOf, type Search } from "./grid.js";
import { type OpenSweep, Sweep, type SweepOutput } from "./progress.js";
import { createSweepFolder, readSweepConfig, writeSweepConfig } from "./sweepFolder.js";

/** The settings of a new sweep. */
export interface SweepSettings extends Pick<SweepConfig, "recipe" | "common" | "halving">, Search {
  readonly data: DataSettings;
  /** What all its runs learn from besides the labels. */
  readonly teacher?: TeacherFiles;
  /** Default: fused where that is real. */
  readonly arithmetic?: Arithmetic;
  /** The sweep folder. Default: named after the data set and the recipe. */
  readonly out?: string;
}

/** What may change when a sweep is resumed. */
export interface SweepChanges extends Pick<DataSettings, "dataDir" | "strict"> {
  /** Where the same images are now. Default: where the sweep found them. */
  readonly data?: string;
  /** Seeds to train besides those that it has. */
  readonly seeds?: readonly number[];
}

/** How the runs are trained. */
export interface SweepOptions extends SweepOutput {
  /** Default: auto; when a sweep is resumed, this and `auto` mean the device that it was trained on. */
  readonly device?: DeviceChoice;
}

/**
 * Trains all runs of a sweep into a new folder.
 *
 * @throws Error after all runs have ended, if some have failed
 * @throws InterruptedError on Ctrl-C
 */
export async function startSweep(settings: SweepSettings, options: SweepOptions): Promise<void> {
  const { recipe, out } = settings;
  if (out !== undefined && existsSync(out))
    throw new Error(`${out} already exists: choose another folder with --out, or continue its sweep with --resume`);
  await withInterrupt(async (signal) => {
    const planned = await planSweep(settings, options, signal);
    const { config, data } = planned;
    const create = (path: string) => createSweepFolder(path, config).then(() => path);
    const path = await (out === undefined
      ? inFreeFolder(join("sweeps", `${data.name}-${recipe}`), create)
      : create(out));
    await new Sweep({ ...planned, path }, options).complete(signal);
    listSkipped(data, options.terminal);
  });
}

/** Resumes a sweep: keeps finished runs, resumes interrupted ones and starts the others. */
export async function resumeSweep(path: string, changes: SweepChanges, options: SweepOptions): Promise<void> {
  await withInterrupt(async (signal) => {
    const sweep = await reopenSweep(path, changes, options, signal);
    await new Sweep(sweep, options).complete(signal);
    listSkipped(sweep.data, options.terminal);
  });
}

/** Trains one run of a sweep that exists. Other processes may train its other runs at the same time. */
export async function trainRunOf(
  path: string,
  index: number,
  changes: SweepChanges,
  options: SweepOptions,
): Promise<void> {
  await withInterrupt(async (signal) => {
    const sweep = await reopenSweep(path, changes, options, signal);
    await new Sweep(sweep, options).completeOne(index, signal);
  });
}

/** Trains one run of a sweep whose folder is created by the first of the processes that train its runs. */
export async function joinSweep(
  settings: SweepSettings & { readonly out: string },
  index: number,
  options: SweepOptions,
): Promise<void> {
  const { out, data } = settings;
  if (existsSync(out) || !(await createdHere(settings, options))) {
    requireSameSettings(out, await readSweepConfig(out), settings);
  }
  const { dataDir, strict } = data;
  await trainRunOf(out, index, { dataDir, strict }, options);
}

/** Creates the folder of a sweep. @returns whether it was this process that did */
async function createdHere(
  settings: SweepSettings & { readonly out: string },
  options: SweepOptions,
): Promise<boolean> {
  return withInterrupt(async (signal) => {
    const { config } = await planSweep(settings, options, signal);
    try {
      await createSweepFolder(settings.out, config);
      return true;
    } catch (error) {
      if (error instanceof FolderExistsError) return false;
      throw error;
    }
  });
}

/** @throws Error naming what differs between a sweep and the settings for it */
function requireSameSettings(path: string, config: SweepConfig, settings: SweepSettings): void {
  const before = { ...config, data: config.data.settings.data };
  const now = { ...settings, data: withAbsolutePaths(settings.data).data };
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null));
  const parts = {
    recipe: "recipe",
    common: "its changes",
    grid: "--set",
    seeds: "--seeds",
    sample: "--sample",
    folds: "--folds",
    data: "--data",
  } as const;
  const other = (Object.keys(parts) as (keyof typeof parts)[]).filter(
    (part) => !isDeepStrictEqual(plain(before[part]), plain(now[part])),
  );
  if (other.length === 0) return;
  const names = new Intl.ListFormat("en-GB").format(other.map((part) => parts[part]));
  throw new Error(`${path} is another sweep, they differ in ${names}: choose another folder with --out`);
}

/** Loads the data of a new sweep and chooses its device. */
async function planSweep(
  settings: SweepSettings,
  { terminal, device: choice }: SweepOptions,
  signal: AbortSignal,
): Promise<Omit<OpenSweep, "path">> {
  const { recipe, common, grid, seeds, sample, halving } = settings;
  const arithmetic = availableArithmetic(settings.arithmetic);
  const data = await loadData(settings.data, { terminal, signal });
  const teacher = await loadTeacher(settings.teacher ?? {});
  const config: SweepConfig = {
    versions: { lenet: VERSION, node: process.versions.node, v8: process.versions.v8 },
    startedAt: new Date().toISOString(),
    recipe,
    common,
    data: {
      name: data.name,
      checksum: data.parts.train.checksum,
      validationCount: data.parts.validationCount,
      testChecksum: data.parts.test?.checksum,
      generated: data.parts.train.generated,
      settings: withAbsolutePaths(settings.data),
    },
    ...(teacher && { teachers: [...teacher.recorded] }),
    grid: grid.map(({ key, values }) => ({ key, values: [...values] })),
    ...(settings.folds !== undefined && { folds: settings.folds }),
    seeds: [...seeds],
    sample,
    halving,
    arithmetic,
  };
  requireTeacher(config);
  const chosen = { device: choice, arithmetic: settings.arithmetic };
  const device = await openDevice(chosen, workOf(config, data), terminal);
  return { config: { ...config, device: nameOf(device) }, data, teacher, place: { device } };
}

/** Opens the folder of a sweep with its data and its device. Seeds that are added are noted there. */
async function reopenSweep(
  path: string,
  { data: moved, dataDir, strict, seeds = [] }: SweepChanges,
  { terminal, device: choice }: SweepOptions,
  signal: AbortSignal,
): Promise<OpenSweep> {
  const before = await readSweepConfig(path);
  const { settings } = before.data;
  if (moved === undefined && !DATA_NAMES.includes(settings.data)) requireThere(settings.data, "sweep");
  const dataSettings = {
    ...settings,
    data: moved ?? settings.data,
    dataDir: dataDir ?? settings.dataDir,
    strict: strict ?? settings.strict,
  };
  const data = await loadSameData(path, before.data, dataSettings, { terminal, signal });
  const moves = choice !== undefined && choice !== "auto";
  const device = await openDevice({ device: moves ? choice : (before.device ?? "cpu") }, undefined, terminal);
  if (seeds.length > 0 && before.halving !== undefined) {
    throw new Error(`${path} has stopped combinations by the seeds that it has: more cannot be added`);
  }
  const config = {
    ...before,
    data: { ...before.data, settings: { ...settings, data: withAbsolutePaths(dataSettings).data } },
    seeds: [...new Set([...before.seeds, ...seeds])],
    ...(nameOf(device) !== (before.device ?? "cpu") && { device: nameOf(device) }),
  };
  if (JSON.stringify(config) !== JSON.stringify(before)) await writeSweepConfig(path, config);
  const teacher = config.teachers && (await loadRecordedTeacher(config.teachers));
  return { path, config, data, teacher, place: { device, moves } };
}

function nameOf({ card }: Device): NonNullable<SweepConfig["device"]> {
  return card ? "gpu" : "cpu";
}

/** @throws Error if a recipe learns from a teacher, but none is named */
function requireTeacher(config: SweepConfig): void {
  const recipes = combinationsOf(config).map((combination) => requestOf(config, { combination, seed: 0 }).recipe);
  const taught = recipes.find(({ distillation }) => distillation);
  if (!taught || config.teachers) return;
  throw new Error(`the recipe ${taught.name} learns from a teacher: name it with --teacher`);
}

/** What all runs of a sweep compute. */
function workOf(config: SweepConfig, { parts }: LoadedData): Work {
  const recipes = combinationsOf(config).map((combination) => {
    const { recipe, changes } = requestOf(config, { combination, seed: 0 });
    return customizeRecipe(recipe, changes);
  });
  const epochs = recipes.reduce((sum, each) => sum + each.epochs, 0) / recipes.length;
  return {
    images: epochs * parts.train.labels.length,
    batchSize: Math.min(...recipes.map(({ batchSize }) => batchSize)),
    networks: recipes.length * config.seeds.length * (config.folds ?? 1),
  };
}

/** The settings with absolute paths, which are valid in any working directory. */
function withAbsolutePaths(settings: DataSettings): DataSettings {
  const { data, dataDir } = settings;
  return {
    ...settings,
    data: DATA_NAMES.includes(data) ? data : resolve(data),
    dataDir: dataDir === undefined ? undefined : resolve(dataDir),
  };
}
