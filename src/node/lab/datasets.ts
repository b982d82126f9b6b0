import { CATALOG, catalogFiles } from "../../data/catalog.js";
import { locateDataset, locateFile } from "../locate.js";

/** The names of the data sets of the catalog that are on this machine whole. */
export async function datasetsHere(dataDir?: string): Promise<string[]> {
  const found = await Promise.all(CATALOG.map((entry) => locateDataset(entry, dataDir)));
  return CATALOG.filter((_, index) => found[index] !== undefined).map(({ name }) => name);
}

/** The path of a file of the catalog; undefined where there is none of that name, or it is not on this machine. */
export async function datasetFile(name: string, fileName: string, dataDir?: string): Promise<string | undefined> {
  const entry = CATALOG.find((candidate) => candidate.name === name);
  const file = entry && catalogFiles(entry).find((candidate) => candidate.name === fileName);
  return file && locateFile(entry, file, dataDir);
}
