import { createHash } from "node:crypto";
import { join } from "node:path";
import { CHECKSUM, readCheckpoint, writeCheckpoint } from "../formats/checkpoint.js";
import { FormatError } from "../formats/errors.js";
import { readSafetensors } from "../formats/safetensors.js";
import { inferShapes, type Model, parameterSpecs, requireParameters } from "../model/index.js";
import { RUN_FILES } from "../runs/files.js";
import type { TrainingState } from "../training/epochs.js";
import { renameDurably, writeFileAtomic } from "./disk/files.js";
import { readIfThere } from "./runFiles.js";

/**
 * Writes the state after an epoch as a run's last checkpoint, with its checksum; the one before is kept.
 *
 * @throws Error with one line
 */
export async function saveCheckpoint(folder: string, state: TrainingState): Promise<void> {
  const bytes = writeCheckpoint(state);
  bytes.set(checksumOf(bytes), bytes.length - CHECKSUM.bytes);
  const [last, previous] = [RUN_FILES.checkpoint, RUN_FILES.previousCheckpoint].map((name) => join(folder, name));
  await writeFileAtomic(last, bytes, previous);
}

/** The SHA-256 of all bytes of a checkpoint before the place for it. */
function checksumOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes.subarray(0, -CHECKSUM.bytes)).digest();
}

/** Where a run can be gone on from. */
interface LoadedCheckpoint {
  /** Undefined where no epoch was kept. */
  readonly state?: TrainingState;
  /** A line where it is not that of the last epoch that was kept. */
  readonly line?: string;
}

/**
 * Reads a run's last checkpoint. Where it is damaged or missing, the one before takes its place: kept as it was, it would
 * be overwritten by the damaged one after the next epoch.
 *
 * @throws Error with one line where there are checkpoints, but none is whole and of this model
 */
export async function loadCheckpoint(folder: string, model: Model): Promise<LoadedCheckpoint> {
  const last = await readState(folder, RUN_FILES.checkpoint, model);
  if (last?.state) return { state: last.state };
  const before = await readState(folder, RUN_FILES.previousCheckpoint, model);
  if (!last && !before) return {};
  if (!before?.state) {
    const faults = [last, before].flatMap((read) => read?.fault ?? []);
    throw new Error(
      `${folder} has no usable checkpoint left: ${faults.join("; ")}; to train it anew, resume a folder that holds a copy of its ${RUN_FILES.config} alone`,
    );
  }
  await renameDurably(join(folder, RUN_FILES.previousCheckpoint), join(folder, RUN_FILES.checkpoint));
  const damage = last ? `was damaged (${last.fault})` : "is missing";
  const line = `the last checkpoint ${damage}: going on from the one before, epoch ${before.state.epoch}`;
  return { state: before.state, line };
}

/** What a checkpoint file holds, or what is wrong with it; undefined where there is none of that name. */
async function readState(
  folder: string,
  name: string,
  model: Model,
): Promise<{ state: TrainingState; fault?: undefined } | { state?: undefined; fault: string } | undefined> {
  const bytes = await readIfThere(folder, name);
  if (bytes === undefined) return undefined;
  try {
    // Checkpoints of before there were checksums have none.
    if (readSafetensors(bytes).tensors.has(CHECKSUM.tensor)) requireChecksum(bytes);
    const state = readCheckpoint(bytes);
    const specs = parameterSpecs(inferShapes(model));
    const { parameters, optimizer, best } = state;
    const averages = optimizer.average ? [optimizer.average] : [];
    for (const tensors of [parameters, optimizer.first, optimizer.second, ...averages, best.parameters]) {
      requireParameters(specs, tensors);
    }
    return { state };
  } catch (error) {
    return { fault: `${name}: ${error instanceof Error ? error.message : error}` };
  }
}

function requireChecksum(bytes: Uint8Array): void {
  if (!checksumOf(bytes).every((byte, index) => byte === bytes.at(index - CHECKSUM.bytes))) {
    throw new FormatError("its checksum is not that of its content");
  }
}
