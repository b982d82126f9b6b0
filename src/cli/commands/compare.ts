import { Command } from "commander";
import { type ComparedRun, compareRuns } from "../../runs/comparison.js";
import { formatComparison } from "../comparisonTable.js";
import { jsonOption } from "../options.js";
import { RUNS_HELP, readRuns } from "../runs.js";
import { Terminal } from "../terminal.js";
import { toJson } from "../text.js";

/** `lenet compare`: a table of runs, the best first, with the settings in which they differ. */
export function compareCommand(): Command {
  return new Command("compare")
    .description("compare runs in a table: the best first, with differing settings, accuracies, epochs, time")
    .argument("<runs...>", RUNS_HELP)
    .addOption(jsonOption())
    .action(async (paths: string[], { json }: { json?: boolean }) => {
      const terminal = new Terminal(process.stdout);
      const accuracy = ({ bestValidationAccuracy = -1 }: ComparedRun) => bestValidationAccuracy;
      const runs = compareRuns(await readRuns(paths, (line) => terminal.warn(line))).sort(
        (one, other) => accuracy(other) - accuracy(one),
      );
      process.stdout.write(`${json ? toJson(runs, 2) : formatComparison(runs, terminal.columns)}\n`);
    });
}
