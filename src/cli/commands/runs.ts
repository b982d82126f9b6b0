import { relative, resolve } from "node:path";
import { Command } from "commander";
import { isFolder } from "../../node/disk/files.js";
import { findRunFolders } from "../../node/runFiles.js";
import { listing } from "../../runs/runFolderFiles.js";
import { messages } from "../messages/index.js";
import { jsonOption } from "../options.js";
import { readRuns } from "../runs.js";
import { table } from "../table.js";
import { formatPercent, Terminal } from "../terminal.js";
import { toJson } from "../text.js";

/** `lenet runs`: the runs in a folder. */
export function runsCommand(): Command {
  return new Command("runs")
    .description("list the runs in a folder and its subfolders, newest first")
    .argument("[folder]", "folder with run folders", "runs")
    .addOption(jsonOption())
    .action(runRuns);
}

async function runRuns(folder: string, { json }: { json?: boolean }): Promise<void> {
  const terminal = new Terminal(process.stdout);
  const isThere = (await isFolder(folder)) && (await findRunFolders(folder)).length > 0;
  const runs = isThere ? await readRuns([folder], (line) => terminal.warn(line)) : [];
  runs.sort((one, other) => (one.config.startedAt < other.config.startedAt ? 1 : -1));
  const listed = runs.map((record) => ({
    ...listing(record.path, record),
    testAccuracy: record.result?.test?.accuracy ?? null,
  }));
  if (json) process.stdout.write(`${toJson(listed, 2)}\n`);
  else if (listed.length === 0) terminal.line(messages.noRuns(folder));
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
    for (const line of table(messages.runsColumns, rows, 4)) terminal.line(line);
  }
}

const percent = (accuracy: number | null) => (accuracy === null ? "–" : formatPercent(accuracy));
