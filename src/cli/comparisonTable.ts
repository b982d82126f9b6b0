import { shortened } from "../report/markup.js";
import { formatDuration } from "../report/numbers.js";
import type { ComparedRun } from "../runs/comparison.js";
import { formatPercent } from "./terminal.js";
import { printable } from "./text.js";

const NOTHING = "–";
/** Longer values of settings are shortened. */
const LONGEST_VALUE = 24;

/** A table with one row per run. Shows the planned epochs only if the run is unfinished. */
export function formatComparison(runs: readonly ComparedRun[]): string {
  const settings = Object.keys(runs[0].settings);
  const header = ["run", ...settings, "best validation", "test", "epochs", "time"];
  const rows = runs.map((run) => [
    run.run,
    ...settings.map((name) => shortened(run.settings[name] || NOTHING, LONGEST_VALUE)),
    run.bestValidationAccuracy === undefined ? NOTHING : formatPercent(run.bestValidationAccuracy),
    run.test ? `${formatPercent(run.test.accuracy)} ± ${(100 * run.test.standardError).toFixed(2)}` : NOTHING,
    run.finished ? String(run.epochs) : `${run.epochs} of ${run.epochsPlanned}, unfinished`,
    formatDuration(run.seconds),
  ]);
  const table = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) => Math.max(...table.map((row) => [...row[column]].length)));
  // Names and settings to the left, numbers to the right.
  const firstNumber = 1 + settings.length;
  return table
    .map((row) =>
      row
        .map((cell, column) => {
          const padding = " ".repeat(widths[column] - [...cell].length);
          return column < firstNumber ? cell + padding : padding + cell;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
