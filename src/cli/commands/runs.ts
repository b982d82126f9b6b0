import { relative, resolve } from "node:path";
import { Command } from "commander";
import { isFolder } from "../../node/disk/files.js";
import { findRunFolders, requireFolder } from "../../node/runFiles.js";
import { listing } from "../../runs/runFolderFiles.js";
import { messages } from "../messages/index.js";
import { jsonOption } from "../options.js";
import { readRuns } from "../runs.js";
import { fittedTable } from "../table.js";
import { formatPercent, Terminal } from "../terminal.js";
import { toJson } from "../text.js";

/** Where `lenet train` puts runs. */
const RUNS = "runs";

/** `lenet runs`: the runs in a folder. */
export function runsCommand(): Command {
  return new Command("runs")
    .description("list the runs in a folder and its subfolders, newest first")
    .argument("[folder]", "folder with run folders", RUNS)
    .addOption(jsonOption())
    .action(runRuns);
}

async function runRuns(folder: string, { json }: { json?: boolean }): Promise<void> {
  const terminal = new Terminal(process.stdout);
  // Before the first training, the usual folder does not exist.
  if (folder !== RUNS) await requireFolder(folder);
  const isEmpty = !(await isFolder(folder)) || (await findRunFolders(folder)).length === 0;
  const runs = isEmpty ? [] : await readRuns([folder], (line) => terminal.warn(line));
  runs.sort((one, other) => (one.config.startedAt < other.config.startedAt ? 1 : -1));
  const listed = runs.map((record) => ({
    ...listing(record.path, record),
    testAccuracy: record.result?.test?.accuracy ?? null,
  }));
  if (json) process.stdout.write(`${toJson(listed, 2)}\n`);
  else if (listed.length === 0) terminal.line(messages.noRunsYet(folder));
  else {
    const rows = listed.map((run) => [
      relative(resolve(folder), resolve(run.name)) || run.name,
      run.data,
      run.recipe,
      run.startedAt.slice(0, 16).replace("T", " "),
      String(run.seed),
      run.finished ? String(run.epochsDone) : messages.ofEpochs(run.epochsDone, run.epochs),
      percent(run.bestValidationAccuracy),
      percent(run.testAccuracy),
    ]);
    // What the usual names of runs tell, too, is left out first.
    const [data, recipe, started, seed] = [1, 2, 3, 4];
    const fitting = fittedTable(messages.runsColumns, rows, 4, [started, seed, recipe, data], terminal.columns);
    for (const line of fitting) terminal.line(line);
  }
}

const percent = (accuracy: number | null) => (accuracy === null ? "–" : formatPercent(accuracy));
