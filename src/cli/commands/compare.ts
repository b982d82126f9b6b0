import { Command } from "commander";
import { readRun } from "../../node/runFiles.js";
import { compareRuns } from "../../runs/comparison.js";
import { formatComparison } from "../comparisonTable.js";
import { jsonOption } from "../options.js";
import { toJson } from "../text.js";

/** `lenet compare`: a table of runs, with the settings in which they differ. */
export function compareCommand(): Command {
  return new Command("compare")
    .description("compare runs in a table: differing settings, accuracies, epochs, time")
    .argument("<runs...>", "run folders, finished or unfinished")
    .addOption(jsonOption())
    .action(async (paths: string[], { json }: { json?: boolean }) => {
      const records = await Promise.all(paths.map(readRun));
      const runs = compareRuns(records);
      process.stdout.write(`${json ? toJson(runs, 2) : formatComparison(runs)}\n`);
    });
}
