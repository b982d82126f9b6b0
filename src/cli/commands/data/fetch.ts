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
    .description("download a data set into the cache, or resume an interrupted download")
    .addArgument(new Argument("<name>", "data set").choices(CATALOG.map(({ name }) => name)))
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
      fresh ? `downloaded ${title} to ${folder}` : `${title} is already in ${folder}, with the right checksum`,
    );
  } catch (error) {
    terminal.clearBar();
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError(`interrupted; the partial download is kept, resume with: npx lenet data fetch ${name}`);
  }
}
