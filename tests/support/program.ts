import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

/** The built program. */
export const PROGRAM = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const MACHINE = new URL("./machine.mjs", import.meta.url).href;

/** What a program came to. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly onStart?: (child: ChildProcess) => void;
  /** Called with all of standard output whenever something is written to it. */
  readonly onOutput?: (stdout: string, child: ChildProcess) => void;
}

/** Runs the built program in a folder, on a machine without network and data sets. */
export function runProgram(
  folder: string,
  args: readonly string[],
  { env, onStart, onOutput }: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, ["--import", MACHINE, PROGRAM, ...args], {
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

/** Presses Ctrl-C once, as soon as the output holds a text. */
export function interruptAfter(text: string): RunOptions {
  let pressed = false;
  return {
    onOutput: (stdout, child) => {
      if (pressed || !stdout.includes(text)) return;
      pressed = true;
      child.kill("SIGINT");
    },
  };
}

/** Presses Ctrl-C once, as soon as a file is there. */
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
