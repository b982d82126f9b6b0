// What the scripts print (Markdown tables) and write (JSON).

import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";

/** Factor from seconds, and significant decimals. */
const UNITS = { s: [1, 2], ms: [1e3, 3], µs: [1e6, 1] };

/** Prints and returns the machine and the versions of the software; the JSON contains them, too. */
export function describeMachine(versions) {
  const about = {
    processor: cpus()[0]?.model,
    cores: availableParallelism(),
    versions: { Node: process.versions.node, ...versions },
    loadAverageBefore: loadavg()[0],
  };
  const list = Object.entries(about.versions).map(([name, version]) => `${name} ${version}`);
  console.log(
    `${about.processor}, ${about.cores} cores; ${list.join(", ")}; load ${about.loadAverageBefore.toFixed(2)} before\n`,
  );
  return about;
}

/** The versions of packages installed in this folder, by name. */
export function installedVersions(names) {
  const version = (name) =>
    JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
  return Object.fromEntries(names.map((name) => [name, version(name)]));
}

/** Prints a comparison as a table; `columns` are additional columns, [heading, result => text]. */
export function printComparison({ title, results, unavailable = [], notes = [], load }, unit, columns = []) {
  const heads = ["", unit, "times ours", ...columns.map(([head]) => head)];
  const rows = results.map((result) => [
    result.name,
    spread(result.seconds, unit),
    formatSpread(result.timesOurs, 1, 2),
    ...columns.map(([, cell]) => cell(result)),
  ]);
  const lines = [
    `### ${title}`,
    "",
    `| ${heads.join(" | ")} |`,
    `|---|${"---:|".repeat(heads.length - 1)}`,
    ...rows.map((cells) => `| ${cells.join(" | ")} |`),
    "",
    ...unavailable.map((line) => `Not available: ${line}\n`),
    ...notes.map((line) => `${line}\n`),
    `Other programs used ${percent(load.median)} of the cores between measurements (median; maximum ${percent(load.most)}).`,
    "",
  ];
  console.log(lines.join("\n"));
}

/** A Markdown table; all columns but the first are numbers. */
export function markdownTable(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line), ""].join("\n");
}

/** Prints the final load and, if there is a path, writes all figures to it. */
export async function finishReport(about, comparisons, path) {
  console.log(`Load ${loadavg()[0].toFixed(2)} after.`);
  if (path) await writeFile(path, `${JSON.stringify({ about, comparisons }, undefined, 2)}\n`);
}

/** The column with the processor times. */
export function processorColumn(unit) {
  return [`processor ${unit}`, ({ processorSeconds }) => spread(processorSeconds, unit)];
}

/** The median with quartiles, in the unit. */
function spread(timing, unit) {
  return formatSpread(timing, ...UNITS[unit]);
}

function formatSpread({ median, quartiles }, factor, digits) {
  const format = (value) => (value * factor).toFixed(digits);
  return `${format(median)} (${quartiles.map(format).join("–")})`;
}

export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

export function threadCount(threads) {
  return `${threads} ${threads === 1 ? "thread" : "threads"}`;
}
