import type { Backend } from "../engine/backend.js";
import { withoutBatchCounts } from "../formats/batchCounts.js";
import { readPth } from "../formats/pth/pth.js";
import { readSafetensors } from "../formats/safetensors.js";
import type { NamedTensors } from "../model/index.js";
import { verifyAugmentation } from "./augmentation.js";
import { verifyLosses } from "./losses.js";
import { readModelReference, referenceParameters, verifyModel } from "./models.js";
import { REFERENCE_OPTIMIZER_NAMES, type ReferenceOptimizer, verifyOptimizer } from "./optimizers.js";
import type { VerificationRow } from "./rows.js";
import { verifySchedules } from "./schedules.js";
import { verifyStateDict } from "./stateDicts.js";
import type { FileNote, VerificationReport } from "./verificationReport.js";

export type { VerificationRow } from "./rows.js";
export * from "./verificationReport.js";

const SCHEDULES = "schedules.json";
const AUGMENTATION = /^augment(-.+)?\.safetensors$/;
const OPTIMIZER = new RegExp(`^(.+)\\.(${REFERENCE_OPTIMIZER_NAMES.join("|")})\\.safetensors$`);
const LOSSES = /^(.+)\.losses\.safetensors$/;
const STATE_DICT = /^(.+?)(?:\.legacy)?\.pth$/;

/** Whether a file contains reference values, judging by its name. */
export function isReferenceFile(file: string): boolean {
  return file === SCHEDULES || /\.(safetensors|pth)$/.test(file);
}

/**
 * Verifies a backend and the file readers against reference values from PyTorch. A file's name says which values it
 * contains, see tests/golden/README.md.
 *
 * @param files the content of the reference files, by name; any subset
 */
export async function verifyFiles(
  files: ReadonlyMap<string, Uint8Array>,
  backend: Backend,
): Promise<VerificationReport> {
  const rows: VerificationRow[] = [];
  const failures: FileNote[] = [];
  const skipped: FileNote[] = [];
  for (const file of [...files.keys()].filter(isReferenceFile).sort()) {
    const modelFile = modelFileOf(file);
    try {
      if (modelFile !== undefined && !files.has(modelFile)) {
        readTensors(file, files.get(file)!);
        skipped.push({ file, reason: `${modelFile} is missing` });
      } else {
        rows.push(...(await verifyFile(file, files, backend)));
      }
    } catch (error) {
      failures.push({ file, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { rows, failures, skipped };
}

/** The file with the model and initial parameters that a file of trained or stored parameters belongs to. */
function modelFileOf(file: string): string | undefined {
  const stem = (OPTIMIZER.exec(file) ?? LOSSES.exec(file) ?? STATE_DICT.exec(file))?.[1];
  return stem === undefined ? undefined : `${stem}.safetensors`;
}

function readTensors(file: string, bytes: Uint8Array): NamedTensors {
  return (STATE_DICT.test(file) ? readPth(bytes) : readSafetensors(bytes)).tensors;
}

async function verifyFile(
  file: string,
  files: ReadonlyMap<string, Uint8Array>,
  backend: Backend,
): Promise<VerificationRow[]> {
  const bytes = files.get(file)!;
  if (file === SCHEDULES) return verifySchedules(file, bytes);
  const modelFile = modelFileOf(file);
  const modelTensors = () => readTensors(modelFile!, files.get(modelFile!)!);
  const tensors = readTensors(file, bytes);
  if (STATE_DICT.test(file))
    return verifyStateDict(file, withoutBatchCounts(tensors), referenceParameters(modelTensors()));
  if (AUGMENTATION.test(file)) return verifyAugmentation(file, tensors, backend);
  if (LOSSES.test(file)) {
    return verifyLosses(file, tensors, readModelReference(modelFile!, modelTensors()), backend);
  }
  const optimizer = OPTIMIZER.exec(file)?.[2] as ReferenceOptimizer | undefined;
  if (!optimizer) return verifyModel(file, tensors, backend);
  return verifyOptimizer(file, tensors, readModelReference(modelFile!, modelTensors()), optimizer, backend);
}
