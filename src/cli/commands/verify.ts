import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeFileError } from "../../node/disk/files.js";
import { processorBackend } from "../../node/threads.js";
import { formatReport, isReferenceFile, reportProblems, reportSuccess, verifyFiles } from "../../verification/index.js";
import type { Arithmetic } from "../options.js";

/**
 * `lenet verify DIR`: compares the engine with a folder of reference values from PyTorch and prints every tensor's
 * largest error and its tolerance.
 *
 * @returns the exit code: 0 if all errors are within tolerance, else 1
 * @throws Error if the folder or one of its files cannot be read
 */
export async function verify(directory: string, arithmetic?: Arithmetic): Promise<number> {
  const files = await readReferenceFiles(directory);
  const report = await verifyFiles(files, processorBackend(32, 1, arithmetic));
  process.stdout.write(formatReport(report));
  const problems = reportProblems(report);
  if (problems.length === 0) process.stdout.write(`${reportSuccess(report)}\n`);
  for (const problem of problems) process.stderr.write(`lenet: ${directory}: ${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

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
