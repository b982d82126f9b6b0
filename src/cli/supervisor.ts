import { type ChildProcess, fork, type Serializable } from "node:child_process";
import { usesPackage } from "../node/webgpu.js";

// A driver that crashes takes the process with it. So whatever may use a graphics card through the npm package runs in a
// process of its own, and this one says what happened.

/** Set in the process that is watched. */
const MARK = "LENET_SUPERVISED";
/** These train, and so choose a graphics card by themselves if it is faster. */
const TRAINING_COMMANDS: readonly (string | undefined)[] = ["train", "sweep", "demo"];

/** Whether a command line may use a graphics card. */
export function mayUseCard(args: readonly string[]): boolean {
  const place = args.findLastIndex((arg) => arg === "--device" || arg.startsWith("--device="));
  const choice = args[place] === "--device" ? args[place + 1] : args[place]?.slice("--device=".length);
  return choice === "gpu" || (choice !== "cpu" && TRAINING_COMMANDS.includes(args[0]));
}

/** Whether this program, called with these arguments, should be run by {@link supervise}. */
export function needsSupervision(args: readonly string[]): boolean {
  return process.env[MARK] === undefined && mayUseCard(args) && usesPackage();
}

/** In a watched process: ends it with its supervisor. */
export function obeySupervisor(): void {
  if (process.env[MARK] === undefined || !process.channel) return;
  process.once("disconnect", () => process.exit(1));
  // It does not keep the process alive.
  process.channel.unref();
}

/** In a supervised process: sends the supervisor the command that resumes the work after a crash. */
export function tellHowToResume(command: string): void {
  if (process.env[MARK] !== undefined) process.send?.(command);
}

/** Runs this program once more, with the same arguments, and waits. @returns its exit code; 1 if it crashed */
export async function supervise(): Promise<number> {
  const [, program, ...args] = process.argv;
  const child = fork(program, args, { env: { ...process.env, [MARK]: "1" } });
  let resume: string | undefined;
  child.on("message", (command: Serializable) => {
    resume = String(command);
  });
  const stopForwarding = forwardSignals(child);
  const end = await new Promise<number | string>((resolve) => {
    child.on("error", ({ message }) => resolve(message));
    child.on("exit", (code, signal) => resolve(code ?? signal ?? 1));
  });
  stopForwarding();
  if (typeof end === "number" && end < CRASH_CODES) return end;
  const how = resume === undefined ? "use --device cpu" : `resume with: ${resume}`;
  process.stderr.write(`lenet: the driver of the graphics card, or the package webgpu, crashed (${end}); ${how}\n`);
  return 1;
}

/** Exit codes from here on are exceptions of Windows. */
const CRASH_CODES = 256;

/** Passes the signals to end on to a process. In a terminal, Ctrl-C reaches it anyway. */
function forwardSignals(child: ChildProcess): () => void {
  const inTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  const onInterrupt = () => inTerminal || child.kill("SIGINT");
  const onTerminate = () => child.kill("SIGTERM");
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  return () => {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  };
}
