import { existsSync } from "node:fs";
import { join } from "node:path";
import { RunFolder } from "../../node/runFolder.js";
import { type LoadedTeacher, loadTeachers } from "../../node/teachers.js";
import { RUN_FILES } from "../../runs/runFolderFiles.js";
import { planWith } from "../../training/plan.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { type LoadedData, loadData, loadDefaultData, requireSameData } from "../data.js";
import { openDevice } from "../device.js";
import { withInterrupt } from "../interrupt.js";
import { messages } from "../messages/index.js";
import { quoted } from "../text.js";
import type { RunOutput } from "./run.js";
import { loadTeacher, withTeacher } from "./teacher.js";
import { planRun, type RunDeviceOptions, type RunRequest, trainAlone } from "./train.js";

/** Trains a new run into a new run folder. */
export async function startRun(request: RunRequest, output: RunOutput): Promise<void> {
  const { out, data: settings, training, threads, arithmetic, keepBatchNorm } = request;
  // Checked before loading the data; creating the folder checks again.
  if (out !== undefined && existsSync(out)) throw new Error(`${out} already exists: ${otherThan(out)}`);
  await withInterrupt(async (signal) => {
    const { data: name } = settings;
    const progress = { terminal: output.terminal, signal };
    const data = await (name === undefined
      ? loadDefaultData(settings, progress)
      : loadData({ ...settings, data: name }, progress));
    const teacher = await teacherFor(request, data, output, signal);
    const plan = planRun(teacher ? withTeacher(training) : training, data);
    const { epochs, batchSize } = plan.recipe;
    const work = { images: epochs * plan.split.train.length, batchSize };
    const device = await openDevice(request, work, output.terminal);
    const path = out ?? join("runs", `${data.name}-${plan.recipe.name}-seed${plan.seed}`);
    await trainAlone(
      { plan, teacher, path, isNumbered: out === undefined, keepBatchNorm },
      data,
      { device, threads, arithmetic },
      output,
      signal,
    );
  });
}

/**
 * The teacher of a new run. If the recipe learns from one and none is named, it is trained first, unless it has been
 * trained before.
 */
export async function teacherFor(
  request: RunRequest,
  data: LoadedData,
  output: RunOutput,
  signal: AbortSignal,
): Promise<LoadedTeacher | undefined> {
  const { training, teacher = {} } = request;
  const named = await loadTeacher(teacher);
  if (named || !training.recipe.distillation) return named;
  const path = join("runs", `${data.name}-${RECIPES.teacher.name}-seed${training.seed}`);
  const { terminal } = output;
  if (existsSync(join(path, RUN_FILES.result))) {
    terminal.line(messages.teacherThere(training.recipe.name, path));
  } else {
    terminal.line(messages.teacherFirst(training.recipe.name, path));
    await trainTeacher(path, request, data, output, signal);
  }
  return loadTeachers([path]);
}

/** Trains the recipe `teacher` into a folder, or resumes it there. */
async function trainTeacher(
  path: string,
  request: RunRequest,
  data: LoadedData,
  output: RunOutput,
  signal: AbortSignal,
): Promise<void> {
  const { training, threads, arithmetic } = request;
  const device = await openDevice(request, undefined, output.terminal);
  const options: RunDeviceOptions = { device, threads, arithmetic };
  const aside = { ...output, json: false };
  if (!existsSync(path)) {
    const plan = planRun({ recipe: RECIPES.teacher, changes: {}, seed: training.seed }, data);
    await trainAlone({ plan, path }, data, options, aside, signal);
    return;
  }
  const reopened = await RunFolder.reopen(path);
  try {
    const { config } = reopened.folder;
    requireSameData(path, config.data, data.parts);
    await trainAlone({ reopened, plan: planWith(config, data.parts) }, data, options, aside, signal);
  } finally {
    await reopened.folder.close();
  }
}

/** What to do if the folder for a run exists. */
function otherThan(out: string): string {
  const isRun = existsSync(join(out, RUN_FILES.config));
  return `choose another folder with --out${isRun ? `, or continue the run in it with --resume ${quoted(out)}` : ""}`;
}
