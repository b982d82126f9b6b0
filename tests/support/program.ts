import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

export const PROGRAM = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const MACHINE = new URL("./machine.mjs", import.meta.url).href;

export interface Outcome {
  /** Null if a signal ended the program. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A shell command to run before the program, in the same process. */
  readonly before?: string;
  readonly onStart?: (child: ChildProcess) => void;
  /** Called with all of standard output whenever something is written to it. */
  readonly onOutput?: (stdout: string, child: ChildProcess) => void;
}

/** Runs the built program in a folder, without network access and data sets. */
export function runProgram(
  folder: string,
  args: readonly string[],
  { env, before, onStart, onOutput }: RunOptions = {},
): Promise<Outcome> {
  const command = [process.execPath, "--import", MACHINE, PROGRAM, ...args];
  const [file, ...rest] = before === undefined ? command : ["bash", "-c", `${before}; exec "$0" "$@"`, ...command];
  const child = spawn(file, rest, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onStart?.(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    onOutput?.(stdout, child);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Calls `act` once, as soon as the output contains a text. */
export function onceToldOf(text: string, act: (child: ChildProcess) => void): RunOptions {
  let done = false;
  return {
    onOutput: (stdout, child) => {
      if (done || !stdout.includes(text)) return;
      done = true;
      act(child);
    },
  };
}

/** Presses Ctrl-C once, as soon as the output contains a text. */
export const interruptAfter = (text: string) => onceToldOf(text, (child) => child.kill("SIGINT"));

/** Presses Ctrl-C once, as soon as a file exists. */
export function interruptOnceThere(path: string): RunOptions {
  return {
    onStart: (child) => {
      const timer = setInterval(() => {
        if (!existsSync(path)) return;
        clearInterval(timer);
        child.kill("SIGINT");
      }, 10);
      child.on("close", () => clearInterval(timer));
    },
  };
}
