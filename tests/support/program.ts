import { type ChildProcess, spawn } from "node:child_process";

export const PROGRAM = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const MACHINE = new URL("./machine.mjs", import.meta.url).href;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with all of standard output whenever something is written to it. */
  readonly onOutput?: (stdout: string, child: ChildProcess) => void;
}

/** Runs the built program in a folder, which is its home too, on a machine without network and data sets. */
export function runProgram(folder: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const child = spawn(process.execPath, ["--import", MACHINE, PROGRAM, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onOutput?.(stdout, child);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
