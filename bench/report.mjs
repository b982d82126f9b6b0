// What the scripts print, tables in Markdown, and write as JSON.

import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";

/** Factor from seconds, and digits that mean something. */
const UNITS = { s: [1, 2], ms: [1e3, 3], µs: [1e6, 1] };

/** The machine and the versions of all that runs on it, printed before the first table and kept in the JSON. */
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

/** The versions of packages that are installed here, by their names. */
export function installedVersions(names) {
  const version = (name) =>
    JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
  return Object.fromEntries(names.map((name) => [name, version(name)]));
}

/** Prints a comparison as a table; `columns` are [heading, result => text] beside the times. */
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
    `Others used ${percent(load.median)} of the cores between measurements (median; most ${percent(load.most)}).`,
    "",
  ];
  console.log(lines.join("\n"));
}

/** Ends the report and writes all figures where they are asked for. */
export async function finishReport(about, comparisons, path) {
  console.log(`Load ${loadavg()[0].toFixed(2)} after.`);
  if (path) await writeFile(path, `${JSON.stringify({ about, comparisons }, undefined, 2)}\n`);
}

/** The column of processor times. */
export function processorColumn(unit) {
  return [`processor ${unit}`, ({ processorSeconds }) => spread(processorSeconds, unit)];
}

/** Median with quartiles in a unit. */
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
