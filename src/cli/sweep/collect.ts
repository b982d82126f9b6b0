import { existsSync } from "node:fs";
import { join } from "node:path";
import { counted } from "../messages/counted.js";
import type { RunOutput } from "../training/run.js";
import type { SweepConfig } from "./config.js";
import { readRunFolder, withPath, writeRunFolder } from "./folderContents.js";
import { type PlannedRun, planRuns } from "./grid.js";
import type { RunOutcome } from "./report.js";
import { reportOutcomes } from "./results.js";
import { createSweepFolder, readFailure, readFinishedRun, readSweepConfig } from "./sweepFolder.js";

/** Longer lists of missing runs are cut. */
const MOST_LISTED = 20;

/**
 * Puts the runs of a sweep together that were trained by themselves, and writes the sweep's report.
 *
 * @param path the sweep folder; it is created if others are given
 * @param others folders of the same sweep, of which finished runs are copied
 * @throws Error if a folder is of another sweep, runs are missing or have failed, or two runs that should be equal differ
 */
export async function collectSweep(
  [path, ...others]: readonly string[],
  output: Pick<RunOutput, "terminal" | "json">,
): Promise<void> {
  if (others.length > 0 && !existsSync(path)) await createSweepFolder(path, await readSweepConfig(others[0]));
  const config = await readSweepConfig(path);
  const plan = planRuns(config);
  for (const other of others) {
    requireSameSweep(path, config, other, await readSweepConfig(other));
    for (const { name } of plan) await copyFinished(join(other, name), join(path, name));
  }
  const outcomes = new Map<PlannedRun, RunOutcome>();
  for (const run of plan) {
    const outcome = await outcomeOf([path, ...others], run.name);
    if (outcome) outcomes.set(run, outcome);
  }
  const missing = plan.flatMap((run, index) => (outcomes.has(run) ? [] : [index]));
  if (missing.length > 0) {
    const list = missing.slice(0, MOST_LISTED).join(",") + (missing.length > MOST_LISTED ? ",…" : "");
    throw new Error(
      `${path}: ${missing.length} of ${counted(plan.length, "run")} are not finished, train them with --index: ${list}`,
    );
  }
  await reportOutcomes(path, config, outcomes, output);
}

function requireSameSweep(path: string, config: SweepConfig, other: string, otherConfig: SweepConfig): void {
  const identity = ({
    recipe,
    common,
    grid,
    seeds,
    sample,
    folds,
    arithmetic,
    data: { checksum, testChecksum },
  }: SweepConfig) => JSON.stringify({ recipe, common, grid, seeds, sample, folds, arithmetic, checksum, testChecksum });
  if (identity(config) !== identity(otherConfig)) throw new Error(`${other} is not of the same sweep as ${path}`);
}

/** Copies a finished run unless there is one. @throws Error if both are finished, and differ */
async function copyFinished(from: string, to: string): Promise<void> {
  const finished = existsSync(from) ? await readFinishedRun(from) : undefined;
  if (!finished) return;
  if (!existsSync(to)) {
    await writeRunFolder(to, withPath(await readRunFolder(from), to));
    return;
  }
  const here = await readFinishedRun(to);
  if (!here) throw new Error(`${to} is not finished, but ${from} is: remove it to take the other`);
  if (here.fingerprint !== finished.fingerprint) {
    throw new Error(`${from} and ${to} should have the same weights, but differ: one of the machines computes wrongly`);
  }
}

/** How a run ended; undefined if it has not. */
async function outcomeOf([path, ...others]: readonly string[], run: string): Promise<RunOutcome | undefined> {
  const folder = join(path, run);
  const finished = existsSync(folder) ? await readFinishedRun(folder) : undefined;
  if (finished) return finished;
  for (const each of [path, ...others]) {
    const reason = await readFailure(each, run);
    if (reason !== undefined) return { status: "failed", reason };
  }
  return undefined;
}
