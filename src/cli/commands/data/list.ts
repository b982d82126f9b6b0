import { Command } from "commander";
import { CATALOG, type CatalogEntry } from "../../../data/catalog.js";
import { DIGITS_DATASET } from "../../../data/digits.js";
import { locateDataset } from "../../../node/locate.js";
import { dataDirOption, jsonOption } from "../../options.js";

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
  /** Whether this program draws it. */
  readonly generated: boolean;
  /** Where it was found, judged by its files' names and sizes; null where it was not. */
  readonly path: string | null;
  /** Where it would be downloaded from: the hosts in turn, and about how many bytes; null where it never is. */
  readonly download: { readonly hosts: readonly string[]; readonly bytes: number } | null;
}

/** `lenet data list`: the known data sets, and which of them are here. */
export function listCommand(): Command {
  return new Command("list")
    .description("print the known data sets: images, classes, where they are or would be downloaded from")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async ({ dataDir, json }: ListOptions) => {
      const listed: ListedDataset[] = [];
      for (const entry of CATALOG) listed.push(await listEntry(entry, dataDir));
      listed.push({ ...describe(DIGITS_DATASET), generated: true, path: null, download: null });
      process.stdout.write(`${json ? JSON.stringify(listed, undefined, 2) : formatList(listed, dataDir)}\n`);
    });
}

async function listEntry(entry: CatalogEntry, dataDir: string | undefined): Promise<ListedDataset> {
  return {
    ...describe(entry),
    generated: false,
    path: (await locateDataset(entry, dataDir)) ?? null,
    download: { hosts: entry.mirrors.map((mirror) => new URL(mirror).host), bytes: entry.downloadBytes },
  };
}

function describe({ name, title, classes, shape, counts }: Pick<CatalogEntry, keyof typeof DIGITS_DATASET>) {
  return { name, title, classes, ...shape, ...counts };
}

function formatList(listed: readonly ListedDataset[], dataDir: string | undefined): string {
  const nameWidth = Math.max(...listed.map(({ name }) => name.length));
  const titleWidth = Math.max(...listed.map(({ title }) => title.length));
  const row = (name: string, title: string, ...figures: readonly string[]) =>
    [name.padEnd(nameWidth), title.padEnd(titleWidth), ...figures.map((figure) => figure.padStart(8))].join("  ");
  const indent = " ".repeat(nameWidth + 2);
  const lines = [row("name", "title", "train", "test", "images", "classes")];
  for (const dataset of listed) {
    const { name, title, train, test, channels, height, width, classes } = dataset;
    const figures = [train.toLocaleString("en-US"), test.toLocaleString("en-US"), `${channels}x${height}x${width}`];
    lines.push(
      row(name, title, ...figures, String(classes.length)),
      `${indent}${classes.join(", ")}`,
      `${indent}${whereabouts(dataset, dataDir)}`,
    );
  }
  return lines.join("\n");
}

function whereabouts({ path, download }: ListedDataset, dataDir: string | undefined): string {
  if (download === null) return "drawn by this program";
  if (path !== null) return `found: ${path}`;
  if (dataDir !== undefined) return `not in ${dataDir}`;
  return `not here; ${Math.round(download.bytes / 1e6)} MB to fetch from ${download.hosts[0]}`;
}
