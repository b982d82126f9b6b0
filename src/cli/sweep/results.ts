import { counted } from "../messages/counted.js";
import { messages } from "../messages/index.js";
import { toJson } from "../text.js";
import type { RunOutput } from "../training/run.js";
import type { SweepConfig } from "./config.js";
import type { PlannedRun } from "./grid.js";
import { formatReport, type RunOutcome, reportSweep } from "./report.js";
import { writeReport } from "./sweepFolder.js";

/**
 * Writes and prints the results of a sweep whose runs have all ended.
 *
 * @param outcomes in the order of the plan
 * @throws Error if runs have failed
 */
export async function reportOutcomes(
  path: string,
  config: SweepConfig,
  outcomes: ReadonlyMap<PlannedRun, RunOutcome>,
  { terminal, json }: Pick<RunOutput, "terminal" | "json">,
): Promise<void> {
  const report = reportSweep(path, config, outcomes);
  await writeReport(path, report);
  terminal.line(formatReport(report, terminal.columns));
  terminal.line(messages.sweepFolder(path));
  if (json) process.stdout.write(`${toJson(report, 2)}\n`);
  const failed = report.runs.filter(({ status }) => status === "failed").length;
  if (failed > 0) throw new Error(`${failed} of ${counted(outcomes.size, "run")} failed, see the reasons above`);
}
