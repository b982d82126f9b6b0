import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { type CachedFile, cachedFiles, removeCached } from "../../node/cacheContents.js";
import { cacheFolder } from "../../node/disk/download.js";
import { messages } from "../messages/index.js";
import { jsonOption } from "../options.js";
import { table } from "../table.js";
import { Terminal } from "../terminal.js";
import { toJson } from "../text.js";

/** `lenet cache`: downloaded data sets and decoded images. */
export function cacheCommand(): Command {
  return new Command("cache")
    .description("list or clear the cache: downloads, decoded images, teachers' answers")
    .addCommand(listCommand())
    .addCommand(clearCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("list the files in the cache")
    .addOption(jsonOption())
    .action(async ({ json }: { json?: boolean }) => {
      const terminal = new Terminal(process.stdout);
      const files = await cachedFiles();
      if (json) process.stdout.write(`${toJson({ folder: cacheFolder(), files }, 2)}\n`);
      else {
        const rows = files.map(({ path, bytes }) => [path, (bytes / 1e6).toFixed(1)]);
        if (files.length > 0) for (const line of table([messages.file, "MB"], rows, 1)) terminal.line(line);
        terminal.line(sizeOf(files));
      }
    });
}

function clearCommand(): Command {
  return new Command("clear")
    .description("remove everything that lenet has put into the cache, and nothing else")
    .option("--yes", "do not ask")
    .action(async ({ yes }: { yes?: boolean }) => {
      const terminal = new Terminal(process.stdout);
      const files = await cachedFiles();
      const what = sizeOf(files);
      if (files.length === 0) return terminal.line(what);
      if (!yes && !(await isConfirmed(messages.removeCached(what)))) return terminal.line(messages.nothingRemoved);
      await removeCached(files);
      terminal.line(messages.removed(what));
    });
}

function sizeOf(files: readonly CachedFile[]): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return messages.cached(files.length, (bytes / 1e6).toFixed(1), cacheFolder());
}

/** Asks the user. @throws Error if nobody can answer */
async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Error("nobody can be asked here: confirm with --yes");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} `)).trim());
  } finally {
    lines.close();
  }
}
