import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { formatJson } from "../../formats/json.js";
import { createFolderExclusive, writeFileAtomic } from "../../node/disk/files.js";
import { readIfThere } from "../../node/runFiles.js";
import { RunLock } from "../../node/runLock.js";
import { parseHistory } from "../../runs/history.js";
import { RUN_FILES } from "../../runs/runFolderFiles.js";

/** The files of a run folder by name. */
export type FileContents = ReadonlyMap<string, Uint8Array>;

/** What a run needs to be resumed elsewhere, in an order in which it can be read while the run goes on. */
const RESUMED: readonly string[] = [
  RUN_FILES.previousCheckpoint,
  RUN_FILES.checkpoint,
  RUN_FILES.history,
  RUN_FILES.config,
  RUN_FILES.events,
];
/** All that a run folder may hold, and thus all that is taken from elsewhere. */
const KNOWN: ReadonlySet<string> = new Set(Object.values(RUN_FILES));

/** Reads what a run needs to be resumed elsewhere. */
export function readResumable(folder: string): Promise<FileContents> {
  return readFiles(folder, RESUMED);
}

/** Reads the files of a run folder. */
export async function readRunFolder(folder: string): Promise<FileContents> {
  return readFiles(folder, (await readdir(folder)).filter((name) => KNOWN.has(name)).sort());
}

async function readFiles(folder: string, names: readonly string[]): Promise<FileContents> {
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await readIfThere(folder, name);
    if (bytes) files.set(name, bytes);
  }
  return files;
}

/**
 * Creates a run folder with files from elsewhere. Their names cannot lead out of it.
 *
 * @throws FolderExistsError if it exists
 */
export async function writeRunFolder(folder: string, files: FileContents): Promise<void> {
  await createFolderExclusive(folder, async (temporary) => {
    for (const [name, bytes] of files) if (KNOWN.has(name)) await writeFileAtomic(join(temporary, name), bytes);
  });
}

/** Replaces what an unfinished run folder holds. @throws Error if another process writes to it */
export async function replaceRunFolder(folder: string, files: FileContents): Promise<void> {
  const lock = new RunLock(folder);
  await lock.acquire();
  try {
    // In the order of the contents: after a crash in between, the history goes at least as far as the checkpoint.
    for (const [name, bytes] of files) if (KNOWN.has(name)) await writeFileAtomic(join(folder, name), bytes);
  } finally {
    await lock.release();
  }
}

/** The files with another path in the run's result, where they were written at the first one. */
export function withPath(files: FileContents, path: string): FileContents {
  const result = files.get(RUN_FILES.result);
  if (!result) return files;
  const text = formatJson({ ...JSON.parse(new TextDecoder().decode(result)), run: path });
  return new Map([...files, [RUN_FILES.result, new TextEncoder().encode(text)]]);
}

/** Weights and checkpoint: the bits of a run. Everything else holds times too, or follows from them. */
const BITS = [RUN_FILES.pth, RUN_FILES.safetensors, RUN_FILES.checkpoint];

/** A hash of what must be the same wherever, and how often, a run is trained: its weights, checkpoint and history. */
export function digestOf(files: FileContents): string {
  const hash = createHash("sha256");
  for (const name of BITS) hash.update(files.get(name) ?? new Uint8Array());
  const history = parseHistory(new TextDecoder().decode(files.get(RUN_FILES.history)));
  const timeless = history.map(({ trainSeconds: _, validationSeconds: __, ...record }) => record);
  return hash.update(JSON.stringify(timeless)).digest("hex");
}
