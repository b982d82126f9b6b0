import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { readSoftLabels } from "../formats/softLabels.js";
import { readWeights, writeWeights } from "../formats/weightFiles.js";
import { fingerprint, type Weights } from "../model/index.js";
import type { RecordedTeacher } from "../runs/config.js";
import type { TeacherSource } from "../training/teacher.js";
import { readFileBounded } from "./disk/files.js";
import { loadWeights } from "./loadWeights.js";
import { named } from "./runFiles.js";

/** A teacher from files, and what a run records of it. */
export interface LoadedTeacher {
  readonly source: TeacherSource;
  readonly recorded: readonly RecordedTeacher[];
}

/** Soft labels of a million images in ten classes, as float64. */
const MOST_LABEL_BYTES = 100e6;

/**
 * Loads networks whose logits are averaged: run folders or files of weights.
 *
 * @throws Error naming the file that cannot be read
 */
export async function loadTeachers(paths: readonly string[]): Promise<LoadedTeacher> {
  const networks: Weights[] = [];
  const recorded: RecordedTeacher[] = [];
  for (const path of paths) {
    const { model, parameters, normalization, metadata } = await loadWeights(path);
    const network = { model, parameters, normalization, metadata };
    networks.push(network);
    recorded.push({ type: "network", path: resolve(path), checksum: await checksumOf(network) });
  }
  return { source: { networks }, recorded };
}

/** Loads soft labels, see `readSoftLabels`. @throws Error naming the file if it cannot be read */
export async function loadSoftLabels(path: string): Promise<LoadedTeacher> {
  const bytes = await readFileBounded(path, MOST_LABEL_BYTES);
  const recorded = [{ type: "softLabels", path: resolve(path), checksum: hashOf(bytes) }] as const;
  return { source: softLabelsIn(path, bytes), recorded };
}

function softLabelsIn(path: string, bytes: Uint8Array): TeacherSource {
  const { shape, data } = named(path, () => readSoftLabels(bytes));
  return { logits: data, classes: shape[1] };
}

/** Loads the teacher of a run again. @throws Error if it is missing or has changed */
export async function loadRecordedTeacher(recorded: readonly RecordedTeacher[]): Promise<LoadedTeacher> {
  const [{ type, path }] = recorded;
  const loaded = await (type === "softLabels" ? loadSoftLabels(path) : loadTeachers(recorded.map((one) => one.path)));
  const other = recorded.find(({ checksum }, index) => checksum !== loaded.recorded[index].checksum);
  if (other) throw new Error(`${other.path} has changed: the run learns from a teacher that was there before`);
  return loaded;
}

/** What a machine needs that has none of a teacher's files: their contents, by checksum. */
export async function packTeacher({ source, recorded }: LoadedTeacher): Promise<Map<string, Uint8Array>> {
  if ("networks" in source) {
    return new Map(
      source.networks.map((network, index) => [recorded[index].checksum, writeWeights(network, "safetensors")]),
    );
  }
  const [{ path, checksum }] = recorded;
  const bytes = await readFileBounded(path, MOST_LABEL_BYTES);
  if (hashOf(bytes) !== checksum) throw new Error(`${path} has changed`);
  return new Map([[checksum, bytes]]);
}

/**
 * A teacher from what `packTeacher` gave. Opens no file.
 *
 * @throws Error if a content is not the recorded one
 */
export async function unpackTeacher(
  recorded: readonly RecordedTeacher[],
  contents: ReadonlyMap<string, Uint8Array>,
): Promise<LoadedTeacher> {
  const networks: Weights[] = [];
  for (const { type, path, checksum } of recorded) {
    const bytes = contents.get(checksum);
    if (!bytes) throw new Error(`the teacher ${path} is missing`);
    if (type === "softLabels") {
      if (hashOf(bytes) !== checksum) throw new Error(`the teacher ${path} is another one`);
      return { source: softLabelsIn(path, bytes), recorded };
    }
    const network = named(path, () => readWeights(bytes));
    if ((await checksumOf(network)) !== checksum) throw new Error(`the teacher ${path} is another one`);
    networks.push(network);
  }
  return { source: { networks }, recorded };
}

/** What a network computes, whatever file it is in. */
async function checksumOf({ model, parameters, normalization }: Weights): Promise<string> {
  return hashOf(JSON.stringify([model, normalization, await fingerprint(model, parameters)]));
}

function hashOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
