import type { Engine } from "../../engine/backend.js";
import { type LoadedTeacher, loadSoftLabels, loadTeachers } from "../../node/teachers.js";
import { readTeacherTable, teacherTablePath, writeTeacherTable } from "../../node/teacherTables.js";
import type { TrainingPlan, TrainingRequest } from "../../training/plan.js";
import { DISTILLATION } from "../../training/recipes/recipes.js";
import { openTeacher, type Teacher } from "../../training/teacher.js";
import type { Device, ProcessorOptions } from "../device.js";

/** The files of a teacher: networks, or soft labels. */
export interface TeacherFiles {
  readonly networks?: readonly string[];
  readonly softLabels?: string;
}

/** Loads a teacher; undefined if none is named. @throws Error naming the file that cannot be read */
export async function loadTeacher({ networks, softLabels }: TeacherFiles): Promise<LoadedTeacher | undefined> {
  if (softLabels !== undefined) return loadSoftLabels(softLabels);
  return networks && loadTeachers(networks);
}

/** A request for a run that learns from a teacher, as much as its recipe says. */
export function withTeacher(training: TrainingRequest): TrainingRequest {
  const { recipe, changes } = training;
  const { distillation = recipe.distillation ?? DISTILLATION } = changes;
  return { ...training, changes: { ...changes, distillation } };
}

/** A teacher whose answers are kept for later runs when it is closed. */
export interface OpenedTeacher extends Teacher {
  close(): Promise<void>;
}

/** Makes a run's teacher ready; undefined if it has none. */
export async function openTeacherOf(
  { plan, teacher }: { readonly plan: TrainingPlan; readonly teacher?: LoadedTeacher },
  engine: Pick<Engine, "arithmetic" | "kernels">,
  { device, ...processor }: ProcessorOptions & { readonly device: Device },
): Promise<OpenedTeacher | undefined> {
  if (!teacher) return undefined;
  const { dataset, recipe } = plan;
  const { augmentation } = recipe;
  const path = teacherTablePath(teacher.recorded, dataset, augmentation, engine);
  const table = path === undefined ? undefined : await readTeacherTable(path);
  const backend = device.backend(recipe.batchSize, processor);
  const opened = await openTeacher(teacher.source, dataset, augmentation, backend, table);
  return {
    logits: (indices, draw) => opened.logits(indices, draw),
    dispose: () => opened.dispose(),
    close: async () => {
      opened.dispose();
      if (path !== undefined && opened.table) await writeTeacherTable(path, opened.table);
    },
  };
}
