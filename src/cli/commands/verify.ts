import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeFileError } from "../../node/files.js";
import { formatReport, isReferenceFile, reportPassed, verifyFiles } from "../../verification/index.js";

/**
 * `lenet verify DIR`: holds the engine against a folder of reference values from PyTorch and prints every tensor's
 * largest error beside its tolerance.
 *
 * @returns the exit code: 0 where all are within it, else 1
 */
export async function verify(directory: string): Promise<number> {
  let files: Map<string, Uint8Array>;
  try {
    files = await readReferenceFiles(directory);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  if (files.size === 0) return fail(`${directory} holds nothing to verify: no .safetensors, .pth or schedules.json`);
  const report = verifyFiles(files);
  process.stdout.write(formatReport(report));
  for (const { file, reason } of report.failures) fail(`cannot verify ${join(directory, file)}: ${reason}`);
  if (report.rows.length === 0 && report.failures.length === 0) return fail(`${directory} holds nothing to verify`);
  return reportPassed(report) ? 0 : 1;
}

/** @throws Error with one line where the folder or one of its files cannot be read */
async function readReferenceFiles(directory: string): Promise<Map<string, Uint8Array>> {
  const names = await explained(`read the folder ${directory}`, readdir(directory));
  const files = new Map<string, Uint8Array>();
  for (const name of names.filter(isReferenceFile)) {
    const path = join(directory, name);
    files.set(name, await explained(`read ${path}`, readFile(path)));
  }
  return files;
}

async function explained<Result>(doing: string, operation: Promise<Result>): Promise<Result> {
  try {
    return await operation;
  } catch (error) {
    throw new Error(describeFileError(error, doing), { cause: error });
  }
}

function fail(message: string): number {
  process.stderr.write(`lenet: ${message}\n`);
  return 1;
}
