import { existsSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { Command, Option } from "commander";
import { writeFileAtomic } from "../../node/disk/files.js";
import { svgToPng } from "../../node/png.js";
import { readRun } from "../../node/runFiles.js";
import type { RunRecord } from "../../runs/record.js";
import { runTitles } from "../../runs/settings.js";
import { imageFile } from "../options.js";
import { printable } from "../text.js";

/** `lenet plot`: the curves of one run, or of several in one chart. */
export function plotCommand(): Command {
  return new Command("plot")
    .description("draw the loss and accuracy curves of one or more runs")
    .argument("<runs...>", "run folders, finished or unfinished")
    .addOption(new Option("--out <file>", ".svg or .png file to write").argParser(imageFile).default("plot.svg"))
    .action(runPlot);
}

async function runPlot(paths: string[], { out }: { out: string }): Promise<void> {
  if (existsSync(out)) throw new Error(`${out} already exists: choose another file with --out`);
  const runs = await Promise.all(paths.map(readRun));
  for (const { path, history } of runs) {
    if (history.length === 0) throw new Error(`${path} has no finished epoch to plot`);
  }
  const svg = await draw(runs);
  await writeFileAtomic(out, extname(out).toLowerCase() === ".png" ? await svgToPng(svg) : svg);
  process.stdout.write(`curves: ${printable(out)}\n`);
}

async function draw(runs: readonly RunRecord[]): Promise<string> {
  // Imported here so that other commands start without the chart code.
  const { curvesSvg, overlaySvg } = await import("../../report/curves.js");
  if (runs.length === 1) return curvesSvg(runs[0].history, runTitles(runs[0].config));
  return overlaySvg(namesOf(runs).map((name, index) => ({ name, history: runs[index].history })));
}

/** The names of the folders, or their paths as given if two names are equal. */
function namesOf(runs: readonly RunRecord[]): string[] {
  const names = runs.map(({ path }) => basename(resolve(path)));
  return new Set(names).size === names.length ? names : runs.map(({ path }) => path);
}
