import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { formatJson, parseJson } from "../../formats/json.js";
import {
  createFolderExclusive,
  describeFileError,
  errorCode,
  isFolder,
  readRegularFile,
  writeFileAtomic,
} from "../../node/disk/files.js";
import { languageOfPng, svgToPng } from "../../node/png.js";
import { named, readRunFile } from "../../node/runFiles.js";
import { hasReport, readHistory } from "../../node/runFolder.js";
import { influencesOf } from "../../report/influence.js";
import type { PageLanguage, PageMessages } from "../../report/page/messages/index.js";
import type { PageRun, SweepPage } from "../../report/page/sweepPage.js";
import { bestAccuracy } from "../../runs/history.js";
import { resultSchema } from "../../runs/record.js";
import { RUN_FILES } from "../../runs/runFolderFiles.js";
import type { EpochRecord } from "../../training/epochs.js";
import * as z from "../../vendor/zod.js";
import { language } from "../messages/index.js";
import { configSchema, type SweepConfig } from "./config.js";
import { type FinishedRun, formatCsv, type RunReport, type SweepReport } from "./report.js";

/** The files of a sweep folder, next to its run folders. */
export const SWEEP_FILES = {
  config: "sweep.config.json",
  result: "sweep.json",
  csv: "sweep.csv",
  picture: "sweep.svg",
  png: "sweep.png",
  page: "sweep.html",
} as const;

/** Creates the folder of a new sweep. @throws Error if it exists or cannot be written */
export async function createSweepFolder(path: string, config: SweepConfig): Promise<void> {
  await createFolderExclusive(path, (folder) => writeSweepConfig(folder, config));
}

/** Writes the settings of a sweep. */
export async function writeSweepConfig(path: string, config: SweepConfig): Promise<void> {
  await writeFileAtomic(join(path, SWEEP_FILES.config), formatJson(config));
}

/** Reads the settings of a sweep. @throws Error if the file is missing or invalid */
export async function readSweepConfig(path: string): Promise<SweepConfig> {
  if (!(await isFolder(path))) {
    throw new Error(`${path} ${existsSync(path) ? "is not a sweep folder" : "does not exist"}`);
  }
  const text = await readText(join(path, SWEEP_FILES.config));
  if (text !== undefined) return named(path, () => parseJson(text, configSchema, SWEEP_FILES.config));
  throw new Error(`${path} is not a sweep folder: it has no ${SWEEP_FILES.config}`);
}

/** The result of a run, or undefined if it is not finished. @throws Error if its result is damaged */
export async function readFinishedRun(path: string): Promise<FinishedRun | undefined> {
  if (!existsSync(join(path, RUN_FILES.result)) || !(await hasReport(path))) return undefined;
  const text = new TextDecoder().decode(await readRunFile(path, RUN_FILES.result));
  const result = named(path, () => parseJson(text, resultSchema, RUN_FILES.result));
  return {
    status: "finished",
    bestEpoch: result.bestEpoch,
    validationAccuracy: result.bestValidationAccuracy,
    testAccuracy: result.test?.accuracy,
    seconds: result.seconds,
    fingerprint: result.fingerprint,
  };
}

/** The number of epochs in a run's history; 0 without one. */
export async function countEpochs(path: string): Promise<number> {
  const text = await readText(join(path, RUN_FILES.history));
  return text === undefined ? 0 : text.trimEnd().split("\n").length - 1;
}

/** Why a run failed that was trained by itself: the sweep folder is all that the process leaves behind. */
const failureSchema = z.object({ reason: z.string() });
const failurePath = (path: string, run: string) => join(path, `${run}.failed.json`);

/** Notes in the sweep folder why a run failed. */
export async function noteFailure(path: string, run: string, reason: string): Promise<void> {
  await writeFileAtomic(failurePath(path, run), formatJson({ reason }));
}

/** Removes the note of an earlier failure. */
export async function forgetFailure(path: string, run: string): Promise<void> {
  await rm(failurePath(path, run), { force: true });
}

/** The noted reason for which a run failed. */
export async function readFailure(path: string, run: string): Promise<string | undefined> {
  const text = await readText(failurePath(path, run));
  return text === undefined
    ? undefined
    : named(path, () => parseJson(text, failureSchema, `${run}.failed.json`).reason);
}

/** Writes a sweep's results: a picture, a page, the runs as CSV and the report as JSON. */
export async function writeReport(path: string, report: SweepReport): Promise<void> {
  // Imported here so that commands that draw nothing start without the charting code.
  const [{ sweepSvg }, { sweepPage }, { PAGE_MESSAGES }] = await Promise.all([
    import("../../report/sweep.js"),
    import("../../report/page/sweepPage.js"),
    import("../../report/page/messages/index.js"),
  ]);
  const draw = (content: SweepPage, spoken: PageLanguage) => {
    const combinations = content.combinations.map(({ label, runs, stoppedAfter }) => ({
      label,
      stoppedAfter,
      accuracies: runs.flatMap(({ validationAccuracy }) => validationAccuracy ?? []),
    }));
    return sweepSvg({ ...content, combinations }, PAGE_MESSAGES[spoken].sweep);
  };
  const content = await contentOf(path, report, PAGE_MESSAGES[language]);
  const spoken = await languageOfPng(language);
  const png = draw(await contentOf(path, report, PAGE_MESSAGES[spoken]), spoken);
  await writeFileAtomic(join(path, SWEEP_FILES.picture), draw(content, language));
  await writeFileAtomic(join(path, SWEEP_FILES.png), await svgToPng(png));
  await writeFileAtomic(join(path, SWEEP_FILES.page), await sweepPage(content, language));
  await writeFileAtomic(join(path, SWEEP_FILES.result), formatJson(report));
  await writeFileAtomic(join(path, SWEEP_FILES.csv), formatCsv(report));
}

/** What the page of a sweep shows. */
async function contentOf(
  path: string,
  { recipe, data, generated, combinations, runs }: SweepReport,
  says: PageMessages,
): Promise<SweepPage> {
  const histories = new Map<string, EpochRecord[]>();
  for (const { run, status } of runs) if (status !== "failed") histories.set(run, await readHistory(join(path, run)));
  // Runs that were stopped can only be compared with what the others had reached by then.
  const isHalved = runs.some(({ status }) => status === "stopped");
  const epochs = isHalved ? Math.min(...[...histories.values()].map(({ length }) => length)) : undefined;
  const measured = runs.flatMap(({ run, settings, seed, fold }) => {
    const accuracy = bestAccuracy((histories.get(run) ?? []).slice(0, epochs));
    return accuracy === undefined
      ? []
      : [{ settings: { ...settings, ...(fold && { fold: String(fold) }), seed: String(seed) }, accuracy }];
  });
  const pageRun = (run: RunReport): PageRun => ({
    name: run.run,
    label: says.runLabel(run.seed, run.fold),
    isFinished: run.status === "finished",
    ...(run.status !== "failed" && { validationAccuracy: run.validationAccuracy }),
    ...(run.status === "finished" && { testAccuracy: run.testAccuracy }),
  });
  const accuracyOf = ({ validationAccuracy = -1 }: PageRun) => validationAccuracy;
  return {
    title: says.sweepTitle(recipe, data, generated, combinations.length, runs.length),
    subtitle: says.sweepSubtitle,
    generated,
    influences: influencesOf(measured),
    comparedAfter: epochs,
    combinations: combinations.map(({ settings, ...combination }) => ({
      ...combination,
      runs: runs
        .filter((run) => isDeepStrictEqual(run.settings, settings))
        .map(pageRun)
        .sort((one, other) => accuracyOf(other) - accuracyOf(one)),
    })),
  };
}

const MOST_TEXT_BYTES = 100e6;

async function readText(path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await readRegularFile(path, MOST_TEXT_BYTES));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new Error(describeFileError(error, `read ${path}`), { cause: error });
  }
}
