import { createHash } from "node:crypto";
import { join } from "node:path";
import { CHECKSUM, type Checkpoint, readCheckpoint, writeCheckpoint } from "../formats/checkpoint.js";
import { FormatError } from "../formats/errors.js";
import { readSafetensors } from "../formats/safetensors.js";
import { inferShapes, learnedSpecs, type Model, parameterSpecs, requireParameters } from "../model/index.js";
import type { RunConfig } from "../runs/config.js";
import { differingParts, identityOf } from "../runs/identity.js";
import { RUN_FILES } from "../runs/runFolderFiles.js";
import type { TrainingState } from "../training/epochs.js";
import { renameDurably, writeFileAtomic } from "./disk/files.js";
import { readIfThere } from "./runFiles.js";

/**
 * Writes the state after an epoch as a run's last checkpoint, with a checksum, and keeps the previous checkpoint.
 *
 * @throws Error if it cannot be written
 */
export async function saveCheckpoint(folder: string, state: Checkpoint): Promise<void> {
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
 * @throws Error if there are checkpoints, but none is intact and of this run
 */
export async function loadCheckpoint(folder: string, config: RunConfig): Promise<LoadedCheckpoint> {
  const { model } = config;
  const last = await readState(folder, RUN_FILES.checkpoint, model);
  if (last?.state) return { state: await ofThisRun(folder, RUN_FILES.checkpoint, last.state, config) };
  const before = await readState(folder, RUN_FILES.previousCheckpoint, model);
  if (!last && !before) return {};
  if (!before?.state) {
    const faults = [last, before].flatMap((read) => read?.fault ?? []);
    throw new Error(
      `${folder} has no usable checkpoint left: ${faults.join("; ")}; to train from scratch, resume a folder that holds only a copy of its ${RUN_FILES.config}`,
    );
  }
  const state = await ofThisRun(folder, RUN_FILES.previousCheckpoint, before.state, config);
  await renameDurably(join(folder, RUN_FILES.previousCheckpoint), join(folder, RUN_FILES.checkpoint));
  const damage = last ? `was damaged (${last.fault})` : "is missing";
  const line = `the last checkpoint ${damage}: resuming from the previous one, epoch ${state.epoch}`;
  return { state, line };
}

/** A checkpoint's state. @throws Error if the checkpoint belongs to another run, naming the difference */
async function ofThisRun(
  folder: string,
  name: string,
  { identity, ...state }: Checkpoint,
  config: RunConfig,
): Promise<TrainingState> {
  if (identity) {
    const parts = differingParts(identity, await identityOf(config, state.epoch));
    if (parts.length > 0) {
      throw new Error(
        `${folder}: ${name} does not belong to ${RUN_FILES.config}, they differ in ${new Intl.ListFormat("en-GB").format(parts)}: restore the file that was changed, or resume a folder that holds only ${RUN_FILES.config} to train from scratch`,
      );
    }
  }
  return state;
}

/** The content of a checkpoint file, or what is wrong with it; undefined if it does not exist. */
async function readState(
  folder: string,
  name: string,
  model: Model,
): Promise<{ state: Checkpoint; fault?: undefined } | { state?: undefined; fault: string } | undefined> {
  const bytes = await readIfThere(folder, name);
  if (bytes === undefined) return undefined;
  try {
    // Checkpoints of early versions have no checksum.
    if (readSafetensors(bytes).tensors.has(CHECKSUM.tensor)) requireChecksum(bytes);
    const state = readCheckpoint(bytes);
    const layers = inferShapes(model);
    const { parameters, optimizer, best } = state;
    const averages = optimizer.average ? [optimizer.average] : [];
    for (const moments of [optimizer.first, optimizer.second]) requireParameters(learnedSpecs(layers), moments);
    for (const tensors of [parameters, ...averages, best.parameters]) {
      requireParameters(parameterSpecs(layers), tensors);
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
