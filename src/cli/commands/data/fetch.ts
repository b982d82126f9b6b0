import { dirname } from "node:path";
import { Argument, Command, InvalidArgumentError } from "commander";
import { CATALOG, catalogEntry, isSameName } from "../../../data/catalog.js";
import { fetchDataset } from "../../../node/fetch.js";
import { showDownload } from "../../data.js";
import { InterruptedError, withInterrupt } from "../../interrupt.js";
import { messages } from "../../messages/index.js";
import { Terminal } from "../../terminal.js";
import { suggestion } from "../../text.js";

/** `lenet data fetch`: downloads a known data set into the cache. */
export function fetchCommand(): Command {
  return new Command("fetch")
    .description("download a data set into the cache, or resume an interrupted download")
    .addArgument(new Argument("<name>", `data set: ${NAMES.join(", ")}`).argParser(downloadable))
    .action((name: string) => withInterrupt((signal) => runFetch(name, signal)));
}

const NAMES = CATALOG.map(({ name }) => name);

/** Parses the name of a known data set. @throws InvalidArgumentError, saying what is allowed */
function downloadable(text: string): string {
  const entry = CATALOG.find(({ name }) => isSameName(name, text));
  if (entry) return entry.name;
  throw new InvalidArgumentError(`Allowed choices are ${NAMES.join(", ")}${suggestion(text, NAMES)}.`);
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
    terminal.line(fresh ? messages.downloaded(title, folder) : messages.alreadyThere(title, folder));
  } catch (error) {
    terminal.clearBar();
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError(`interrupted; the partial download is kept, resume with: npx lenet data fetch ${name}`);
  }
}
