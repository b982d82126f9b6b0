import { shortened } from "../report/markup.js";
import { formatDuration } from "../report/numbers.js";
import type { ComparedRun } from "../runs/comparison.js";
import { messages } from "./messages/index.js";
import { table, widest } from "./table.js";
import { formatPercent } from "./terminal.js";
import { endOf, printable } from "./text.js";

const NOTHING = "–";
/** Longer values of settings are shortened. */
const LONGEST_VALUE = 24;
/** Names and values are not shortened further than this to fit a terminal: settings are left out then. */
const SHORTEST_VALUE = 8;

/**
 * A table with one row per run. Shows the planned epochs only if the run is unfinished.
 *
 * @param columns how wide it may be. Names and settings are shortened for it, then settings are left out, and a line says
 *   so
 */
export function formatComparison(runs: readonly ComparedRun[], columns = Number.POSITIVE_INFINITY): string {
  const names = Object.keys(runs[0].settings);
  const widthOfText = (text: string) => widest(text.split("\n"));
  for (let longest = LONGEST_VALUE; longest >= SHORTEST_VALUE; longest--) {
    const text = formatTable(runs, names, longest, longest === LONGEST_VALUE ? undefined : 2 * longest);
    if (widthOfText(text) <= columns) return text;
  }
  for (let shown = names.length - 1; ; shown--) {
    const kept = names.slice(0, Math.max(0, shown));
    const shortestName = shown > 0 ? 2 * SHORTEST_VALUE : SHORTEST_VALUE;
    const room = columns - widthOfText(formatTable(runs, kept, SHORTEST_VALUE, shortestName));
    if (room < 0 && shown > 0) continue;
    const left = names.length > kept.length ? `\n${messages.settingsLeftOut(names.length - kept.length)}` : "";
    return formatTable(runs, kept, SHORTEST_VALUE, shortestName + Math.max(0, room)) + left;
  }
}

function formatTable(
  runs: readonly ComparedRun[],
  settings: readonly string[],
  longestValue: number,
  longestName?: number,
): string {
  const { run: runTitle, bestValidationColumn, test, epochs, time } = messages;
  const names = settings.map((name) => shortened(messages.setting(name), longestValue));
  const header = [runTitle, ...names, bestValidationColumn, test, epochs, time];
  const rows = runs.map((run) => [
    longestName === undefined ? run.run : endOf(run.run, longestName),
    ...settings.map((name) => shortened(messages.settingValue(name, run.settings[name]) || NOTHING, longestValue)),
    run.bestValidationAccuracy === undefined ? NOTHING : formatPercent(run.bestValidationAccuracy),
    run.test ? `${formatPercent(run.test.accuracy)} ± ${(100 * run.test.standardError).toFixed(2)}` : NOTHING,
    run.finished ? String(run.epochs) : messages.unfinished(run.epochs, run.epochsPlanned),
    formatDuration(run.seconds),
  ]);
  // Names and settings to the left, numbers to the right.
  const printableRows = rows.map((row) => row.map(printable));
  return table(header.map(printable), printableRows, 1 + settings.length).join("\n");
}
