import { basename, join } from "node:path";
import { CATALOG, catalogFiles } from "../../data/catalog.js";
import { cifarBatchNames } from "../../data/cifar.js";
import { locateDataset, locateFile } from "../locate.js";

/** The names of the catalog's data sets that are complete on this machine. */
export async function datasetsHere(dataDir?: string): Promise<string[]> {
  const found = await Promise.all(CATALOG.map((entry) => locateDataset(entry, dataDir)));
  return CATALOG.filter((_, index) => found[index] !== undefined).map(({ name }) => name);
}

/**
 * The path of a file in the catalog, or of a batch that was unpacked from its archive; undefined if there is no such file
 * or it is not on this machine.
 */
export async function datasetFile(name: string, fileName: string, dataDir?: string): Promise<string | undefined> {
  const entry = CATALOG.find((candidate) => candidate.name === name);
  if (entry?.format === "cifar" && cifarBatchNames([fileName], "train").length > 0) {
    const place = await locateDataset(entry, dataDir);
    return place && basename(place) !== entry.archive.name ? join(place, fileName) : undefined;
  }
  const file = entry && catalogFiles(entry).find((candidate) => candidate.name === fileName);
  return file && locateFile(entry, file, dataDir);
}
