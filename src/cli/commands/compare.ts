import { Command } from "commander";
import { readRun } from "../../node/runFiles.js";
import { compareRuns } from "../../runs/comparison.js";
import { formatComparison } from "../comparisonTable.js";
import { jsonOption } from "../options.js";

/** `lenet compare`: what runs differ in, and what they came to. */
export function compareCommand(): Command {
  return new Command("compare")
    .description("compare runs: the settings that differ, accuracies, epochs, time")
    .argument("<runs...>", "run folders, finished or not")
    .addOption(jsonOption())
    .action(async (paths: string[], { json }: { json?: boolean }) => {
      const records = await Promise.all(paths.map(readRun));
      const runs = compareRuns(records);
      process.stdout.write(`${json ? JSON.stringify(runs, undefined, 2) : formatComparison(runs)}\n`);
    });
}
