import { dirname } from "node:path";
import { Argument, Command } from "commander";
import { CATALOG, catalogEntry } from "../../../data/catalog.js";
import { fetchDataset } from "../../../node/fetch.js";
import { showDownload } from "../../data.js";
import { InterruptedError, withInterrupt } from "../../interrupt.js";
import { Terminal } from "../../terminal.js";

/** `lenet data fetch`: downloads a known data set into the cache. */
export function fetchCommand(): Command {
  return new Command("fetch")
    .description("download a data set into the cache, going on where an earlier download broke off")
    .addArgument(new Argument("<name>", "the data set").choices(CATALOG.map(({ name }) => name)))
    .action((name: string) => withInterrupt((signal) => runFetch(name, signal)));
}

async function runFetch(name: string, signal: AbortSignal): Promise<void> {
  const { title } = catalogEntry(name);
  const terminal = new Terminal(process.stdout);
  try {
    const files = await fetchDataset(name, {
      signal,
      onProgress: (progress) => showDownload(terminal, progress),
    });
    const folder = dirname(files[0].path);
    const fresh = files.some(({ downloaded }) => downloaded);
    terminal.line(
      `${title} ${fresh ? "has been downloaded to" : "is there already, with the right checksum:"} ${folder}`,
    );
  } catch (error) {
    terminal.clearBar();
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError(`interrupted; what came is kept, go on with: npx lenet data fetch ${name}`);
  }
}
