import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import type { Arithmetic } from "../../engine/wasm/features.js";
import { describeFileError, readFileBounded } from "../../node/disk/files.js";
import { formatReport, isReferenceFile, reportProblems, reportSuccess, verifyFiles } from "../../verification/index.js";
import { type DeviceChoice, deviceOption, openDevice } from "../device.js";
import { arithmeticOption } from "../options.js";
import { Terminal } from "../terminal.js";
import { printable, printableLines } from "../text.js";

interface VerifyOptions {
  readonly device?: DeviceChoice;
  readonly arithmetic?: Arithmetic;
}

/** `lenet verify`: see {@link verify}. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("compare the engine with reference values from PyTorch")
    .argument("<dir>", "folder of reference values, as written by tests/golden/make_golden.py")
    .addOption(deviceOption())
    .addOption(arithmeticOption())
    .action(async (directory: string, options: VerifyOptions) => {
      process.exitCode = await verify(directory, options);
    });
}

/**
 * `lenet verify DIR`: compares the engine with a folder of reference values from PyTorch and prints every tensor's
 * largest error and its tolerance.
 *
 * @returns the exit code: 0 if all errors are within tolerance, else 1
 * @throws Error if the folder or one of its files cannot be read
 */
export async function verify(directory: string, options: VerifyOptions = {}): Promise<number> {
  const files = await readReferenceFiles(directory);
  const device = await openDevice(options, undefined, new Terminal(process.stdout));
  const report = await verifyFiles(files, device.backend(32, { ...options, threads: 1 }));
  process.stdout.write(printableLines(formatReport(report)));
  const problems = reportProblems(report);
  if (problems.length === 0) process.stdout.write(`${printableLines(reportSuccess(report))}\n`);
  for (const problem of problems) process.stderr.write(`lenet: ${printable(`${directory}: ${problem}`)}\n`);
  return problems.length === 0 ? 0 : 1;
}

const MOST_FILE_BYTES = 1e9;

async function readReferenceFiles(directory: string): Promise<Map<string, Uint8Array>> {
  const names = await readdir(directory).catch((error) => {
    throw new Error(describeFileError(error, `read the folder ${directory}`), { cause: error });
  });
  const files = new Map<string, Uint8Array>();
  for (const name of names.filter(isReferenceFile)) {
    const path = join(directory, name);
    files.set(name, await readFileBounded(path, MOST_FILE_BYTES));
  }
  return files;
}
