import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Augmentation } from "../data/augmentation.js";
import type { Dataset } from "../data/dataset.js";
import type { Engine } from "../engine/backend.js";
import type { RecordedTeacher } from "../runs/config.js";
import { MOST_TABLE_BYTES, type TeacherTable, tableBytes } from "../training/teacher.js";
import { cacheFolder } from "./disk/download.js";
import { createFolders, readRegularFile, writeFileAtomic } from "./disk/files.js";

/** A table's file: its float32, then their SHA-256. */
const CHECKSUM_BYTES = 32;

/**
 * The path at which the answers of teachers are kept in the cache: a name that depends on everything that they depend
 * on. Undefined if the teachers are not networks, or their answers cannot be counted.
 */
export function teacherTablePath(
  teachers: readonly RecordedTeacher[],
  { checksum, labels, classes, channels, height, width }: Dataset,
  augmentation: Augmentation,
  { arithmetic, kernels }: Pick<Engine, "arithmetic" | "kernels">,
): string | undefined {
  if (!teachers.every(({ type }) => type === "network")) return undefined;
  if (!Number.isFinite(tableBytes({ labels, classes }, augmentation))) return undefined;
  const networks = teachers.map((teacher) => teacher.checksum);
  const key = JSON.stringify([networks, checksum, channels, height, width, augmentation, arithmetic, kernels]);
  return join(cacheFolder(), "teachers", `${createHash("sha256").update(key).digest("hex").slice(0, 32)}.bin`);
}

/** Reads a table. Returns undefined if it is missing or damaged; everything is computed again then. */
export async function readTeacherTable(path: string): Promise<TeacherTable | undefined> {
  const bytes = await readRegularFile(path, MOST_TABLE_BYTES + CHECKSUM_BYTES).catch(() => undefined);
  if (!bytes || bytes.length < CHECKSUM_BYTES || bytes.length % 4 !== 0) return undefined;
  const content = bytes.subarray(0, bytes.length - CHECKSUM_BYTES);
  if (!digest(content).equals(bytes.subarray(content.length))) return undefined;
  return new Float32Array(new Uint8Array(content).buffer);
}

/** Keeps a table. If the cache cannot be written, it is computed again next time. */
export async function writeTeacherTable(path: string, table: TeacherTable): Promise<void> {
  const content = new Uint8Array(table.buffer, table.byteOffset, table.byteLength);
  try {
    await createFolders(dirname(path));
    await writeFileAtomic(path, Buffer.concat([content, digest(content)]));
  } catch {
    // The cache only saves time.
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
