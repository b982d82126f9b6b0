import { Command } from "commander";
import { CATALOG, type CatalogEntry, catalogFiles } from "../../../data/catalog.js";
import { DIGITS_DATASET } from "../../../data/digits.js";
import { locateDataset } from "../../../node/locate.js";
import { messages } from "../../messages/index.js";
import { dataDirOption, jsonOption } from "../../options.js";
import { printableLines, toJson } from "../../text.js";
import { padded } from "../../width.js";

interface ListOptions {
  readonly dataDir?: string;
  readonly json?: boolean;
}

/** A data set as `--json` prints it. */
interface ListedDataset {
  readonly name: string;
  readonly title: string;
  readonly classes: readonly string[];
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly train: number;
  readonly test: number;
  /** Whether this program generates it. */
  readonly generated: boolean;
  /** Where it was found, judging by file names and sizes, or null. */
  readonly path: string | null;
  /** The addresses of its files, in the order in which they are tried, and their approximate size; null if it is generated. */
  readonly download: { readonly addresses: readonly string[]; readonly bytes: number } | null;
}

/** `lenet data list`: the known data sets and where they are. */
export function listCommand(): Command {
  return new Command("list")
    .description("list the known data sets: sizes, classes, and where they are or can be downloaded from")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async ({ dataDir, json }: ListOptions) => {
      const listed: ListedDataset[] = [];
      for (const entry of CATALOG) listed.push(await listEntry(entry, dataDir));
      listed.push({ ...describe(DIGITS_DATASET), generated: true, path: null, download: null });
      process.stdout.write(`${json ? toJson(listed, 2) : printableLines(formatList(listed, dataDir))}\n`);
    });
}

async function listEntry(entry: CatalogEntry, dataDir: string | undefined): Promise<ListedDataset> {
  return {
    ...describe(entry),
    generated: false,
    path: (await locateDataset(entry, dataDir)) ?? null,
    download: { addresses: addressesOf(entry), bytes: entry.downloadBytes },
  };
}

/** Every file's address at every mirror. */
function addressesOf(entry: CatalogEntry): string[] {
  return entry.mirrors.flatMap((mirror) => catalogFiles(entry).map(({ name }) => mirror + name));
}

function describe({ name, title, classes, shape, counts }: Pick<CatalogEntry, keyof typeof DIGITS_DATASET>) {
  return { name, title, classes, ...shape, ...counts };
}

function formatList(listed: readonly ListedDataset[], dataDir: string | undefined): string {
  const nameWidth = Math.max(...listed.map(({ name }) => name.length));
  const titleWidth = Math.max(...listed.map(({ title }) => title.length));
  const row = ([name, title, ...figures]: readonly string[]) =>
    [padded(name, nameWidth), padded(title, titleWidth), ...figures.map((figure) => padded(figure, 8, "right"))].join(
      "  ",
    );
  const indent = " ".repeat(nameWidth + 2);
  const lines = [row(messages.dataColumns)];
  for (const dataset of listed) {
    const { name, title, train, test, channels, height, width, classes } = dataset;
    const figures = [train.toLocaleString("en-US"), test.toLocaleString("en-US"), `${channels}x${height}x${width}`];
    lines.push(
      row([name, title, ...figures, String(classes.length)]),
      `${indent}${classes.join(", ")}`,
      ...locationOf(dataset, dataDir).map((line) => `${indent}${line}`),
    );
  }
  return lines.join("\n");
}

/** Where a data set is or comes from, in lines. Of several files, the mirrors' folders and the names are listed. */
function locationOf({ path, download }: ListedDataset, dataDir: string | undefined): string[] {
  if (download === null) return [messages.generated];
  if (path !== null) return [messages.found(path)];
  if (dataDir !== undefined) return [messages.notIn(dataDir)];
  const names = [...new Set(download.addresses.map((address) => address.slice(address.lastIndexOf("/") + 1)))];
  const folders = download.addresses.map((address) => address.slice(0, address.lastIndexOf("/") + 1));
  const addresses = names.length === 1 ? download.addresses : [...new Set(folders)];
  const files = names.length === 1 ? [] : names.map((name) => `  ${name}`);
  return [
    messages.notDownloaded(Math.round(download.bytes / 1e6)),
    ...addresses.map((address) => `  ${address}`),
    ...files,
  ];
}
