/** The user pressed Ctrl-C. Finished work is kept. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** Calls `body` with a signal that Ctrl-C aborts. Pressing it again ends the program at once. */
export async function withInterrupt<Result>(body: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const onInterrupt = () => controller.abort(new InterruptedError("interrupted"));
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onInterrupt);
  try {
    return await body(controller.signal);
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}
