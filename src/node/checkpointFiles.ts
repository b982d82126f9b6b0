import { createHash } from "node:crypto";
import { join } from "node:path";
import { CHECKSUM, readCheckpoint, writeCheckpoint } from "../formats/checkpoint.js";
import { FormatError } from "../formats/errors.js";
import { readSafetensors } from "../formats/safetensors.js";
import { inferShapes, type Model, parameterSpecs, requireParameters } from "../model/index.js";
import { RUN_FILES } from "../runs/runFolderFiles.js";
import type { TrainingState } from "../training/epochs.js";
import { renameDurably, writeFileAtomic } from "./disk/files.js";
import { readIfThere } from "./runFiles.js";

/**
 * Writes the state after an epoch as a run's last checkpoint, with a checksum, and keeps the previous checkpoint.
 *
 * @throws Error if it cannot be written
 */
export async function saveCheckpoint(folder: string, state: TrainingState): Promise<void> {
  const bytes = writeCheckpoint(state);
  bytes.set(checksumOf(bytes), bytes.length - CHECKSUM.bytes);
  const [last, previous] = [RUN_FILES.checkpoint, RUN_FILES.previousCheckpoint].map((name) => join(folder, name));
  await writeFileAtomic(last, bytes, previous);
}

/** The SHA-256 of all bytes of a checkpoint before its checksum. */
function checksumOf(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes.subarray(0, -CHECKSUM.bytes)).digest();
}

/** Where a run can be resumed. */
interface LoadedCheckpoint {
  /** Undefined if no epoch was saved. */
  readonly state?: TrainingState;
  /** A line to print if it is not the last saved epoch's. */
  readonly line?: string;
}

/**
 * Reads a run's last checkpoint. If it is damaged or missing, the previous one is renamed to replace it; otherwise the
 * next epoch would overwrite it with the damaged one.
 *
 * @throws Error if there are checkpoints, but none is intact and of this model
 */
export async function loadCheckpoint(folder: string, model: Model): Promise<LoadedCheckpoint> {
  const last = await readState(folder, RUN_FILES.checkpoint, model);
  if (last?.state) return { state: last.state };
  const before = await readState(folder, RUN_FILES.previousCheckpoint, model);
  if (!last && !before) return {};
  if (!before?.state) {
    const faults = [last, before].flatMap((read) => read?.fault ?? []);
    throw new Error(
      `${folder} has no usable checkpoint left: ${faults.join("; ")}; to train from scratch, resume a folder that holds only a copy of its ${RUN_FILES.config}`,
    );
  }
  await renameDurably(join(folder, RUN_FILES.previousCheckpoint), join(folder, RUN_FILES.checkpoint));
  const damage = last ? `was damaged (${last.fault})` : "is missing";
  const line = `the last checkpoint ${damage}: resuming from the previous one, epoch ${before.state.epoch}`;
  return { state: before.state, line };
}

/** The content of a checkpoint file, or what is wrong with it; undefined if it does not exist. */
async function readState(
  folder: string,
  name: string,
  model: Model,
): Promise<{ state: TrainingState; fault?: undefined } | { state?: undefined; fault: string } | undefined> {
  const bytes = await readIfThere(folder, name);
  if (bytes === undefined) return undefined;
  try {
    // Checkpoints of early versions have no checksum.
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
    throw new FormatError("its checksum does not match");
  }
}
