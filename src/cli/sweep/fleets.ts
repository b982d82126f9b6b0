import { existsSync } from "node:fs";
import { OutOfMemoryError } from "../../engine/backend.js";
import { fleetLayers } from "../../engine/checkedBackend.js";
import { RunFolder } from "../../node/runFolder.js";
import { planModel, planWith } from "../../training/plan.js";
import type { LoadedData } from "../data.js";
import { SILENT } from "../terminal.js";
import { type Run, trainRuns } from "../training/run.js";
import { type OpenedTeacher, openTeacherOf } from "../training/teacher.js";
import { compileRuns, openRun, type PreparedRun, planRun, type RunDeviceOptions } from "../training/train.js";
import type { SweptRun, SweptRunsOptions } from "./sweptRun.js";

/** The device for training fleets, and callbacks that report on them. */
export interface FleetsOptions<Swept extends SweptRun> extends RunDeviceOptions, SweptRunsOptions<Swept> {
  /** Networks are about to be trained side by side. */
  readonly onFleet: (networks: number) => void;
  /** There is too little memory for the networks of a fleet. */
  readonly onTooMany: (networks: number) => void;
}

/** Cards reach their full speed with fewer networks, and every network takes memory of the host too. */
const MOST_AT_ONCE = 256;

/**
 * Trains runs side by side on a graphics card: as fleets of those with the same layers and batch size, one fleet after
 * the other, each with as many networks as there is memory for.
 *
 * @throws the signal's reason if it is aborted; Error if the card fails
 */
export async function trainInFleets<Swept extends SweptRun>(
  runs: readonly Swept[],
  options: FleetsOptions<Swept>,
): Promise<void> {
  for (const group of fleetGroups(runs, options.data)) {
    const left = new Set(group);
    const onEnd: typeof options.onEnd = async (run, error) => {
      left.delete(run);
      await options.onEnd(run, error);
    };
    for (let most = MOST_AT_ONCE; left.size > 0; ) {
      const fleet = [...left].slice(0, most);
      try {
        await trainFleet(fleet, { ...options, onEnd });
      } catch (error) {
        if (!(error instanceof OutOfMemoryError)) throw error;
        if (fleet.length === 1) await onEnd(fleet[0], error);
        else options.onTooMany(fleet.length);
        most = Math.ceil(fleet.length / 2);
      }
    }
  }
}

/** Groups runs that can be trained side by side, in their order. */
export function fleetGroups<Swept extends SweptRun>(
  runs: readonly Swept[],
  { parts, settings }: Pick<LoadedData, "parts" | "settings">,
): Swept[][] {
  const groups = new Map<string, Swept[]>();
  for (const run of runs) {
    const { model, recipe } = planModel(run.training, { ...parts, background: settings.background });
    const key = `${recipe.batchSize} ${fleetLayers(model)}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()];
}

/** Trains a fleet until all its runs have ended; without those that cannot be opened, it has to be called again. */
async function trainFleet<Swept extends SweptRun>(
  swept: readonly Swept[],
  options: FleetsOptions<Swept>,
): Promise<void> {
  const { data, signal, onFleet, onProgress, onEnd } = options;
  const folders: { close(): Promise<void> }[] = [];
  /** Teachers by the augmentation of the images that they are asked about: runs share them. */
  const teachers = new Map<string, OpenedTeacher | undefined>();
  const prepared = new Map<Swept, PreparedRun>();
  const opened = new Map<Run, Swept>();
  try {
    for (const run of swept) {
      try {
        const one = await prepare(run, data);
        prepared.set(run, one);
        if (one.reopened) folders.push(one.reopened.folder);
      } catch (error) {
        await onEnd(run, error as Error);
      }
    }
    if (prepared.size === 0) return;
    const engine = await compileRuns([...prepared.values()], options);
    try {
      for (const [run, one] of prepared) {
        try {
          const augmentation = JSON.stringify(one.plan.recipe.augmentation);
          if (!teachers.has(augmentation)) teachers.set(augmentation, await openTeacherOf(one, engine, options));
          const place = { ...options, pauseAfter: run.pauseAfter, teacher: teachers.get(augmentation) };
          const open = await openRun(one, engine, data, place, { terminal: SILENT, json: false, log: options.log });
          folders.push(open);
          opened.set(open, run);
        } catch (error) {
          await onEnd(run, error as Error);
        }
      }
      if (opened.size < prepared.size) return;
      const runs = [...opened.keys()];
      onFleet(runs.length);
      await trainRuns(runs, engine, {
        dataset: data.parts.train,
        signal,
        onProgress: (all) =>
          onProgress(
            new Map(
              all.map((progress) => [opened.get(runs[progress.network])!, runs[progress.network].imagesDone(progress)]),
            ),
          ),
        onEnd: async (run) => {
          await run.close();
          await onEnd(opened.get(run)!, run.error);
        },
      });
    } finally {
      for (const teacher of teachers.values()) await teacher?.close();
      engine.dispose();
    }
  } finally {
    for (const folder of folders) await folder.close();
  }
}

async function prepare({ path, training, teacher }: SweptRun, data: LoadedData): Promise<PreparedRun> {
  if (!existsSync(path)) return { path, teacher, plan: planRun(training, data) };
  const reopened = await RunFolder.reopen(path);
  return { reopened, teacher, plan: planWith(reopened.folder.config, data.parts) };
}
