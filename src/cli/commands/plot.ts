import { basename, resolve } from "node:path";
import { Command, Option } from "commander";
import { writeFileAtomic } from "../../node/disk/files.js";
import type { PageLanguage } from "../../report/page/messages/index.js";
import type { RunRecord } from "../../runs/record.js";
import { runTitles } from "../../runs/settings.js";
import { messages } from "../messages/index.js";
import { imageFile } from "../options.js";
import { forceOption, pictureFor, requireFree } from "../outputFile.js";
import { RUNS_HELP, readRuns } from "../runs.js";
import { Terminal } from "../terminal.js";

/** `lenet plot`: the curves of one run, or of several in one chart. */
export function plotCommand(): Command {
  return new Command("plot")
    .description("draw the loss and accuracy curves of one or more runs")
    .argument("<runs...>", RUNS_HELP)
    .addOption(new Option("--out <file>", ".svg or .png file to write").argParser(imageFile).default("plot.svg"))
    .addOption(forceOption())
    .action(runPlot);
}

async function runPlot(paths: string[], { out, force }: { out: string; force?: boolean }): Promise<void> {
  requireFree(out, force);
  const terminal = new Terminal(process.stdout);
  const runs = await readRuns(paths, (line) => terminal.warn(line));
  for (const { path, history } of runs) {
    if (history.length === 0) throw new Error(`${path} has no finished epoch to plot`);
  }
  await writeFileAtomic(out, await pictureFor(out, (language) => draw(runs, language)));
  terminal.line(messages.curves(out));
}

async function draw(runs: readonly RunRecord[], language: PageLanguage): Promise<string> {
  // Imported here so that other commands start without the chart code.
  const { curvesSvg, overlaySvg } = await import("../../report/curves.js");
  const { PAGE_MESSAGES } = await import("../../report/page/messages/index.js");
  const { titles, curves } = PAGE_MESSAGES[language];
  if (runs.length === 1) return curvesSvg(runs[0].history, runTitles(runs[0].config, titles), curves);
  return overlaySvg(
    namesOf(runs).map((name, index) => ({ name, history: runs[index].history })),
    curves,
  );
}

/** The names of the folders, or their paths as given if two names are equal. */
function namesOf(runs: readonly RunRecord[]): string[] {
  const names = runs.map(({ path }) => basename(resolve(path)));
  return new Set(names).size === names.length ? names : runs.map(({ path }) => path);
}
