/** The user pressed Ctrl-C; what was finished is kept. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** Runs something with a signal that Ctrl-C aborts; pressed twice, it ends the program at once. */
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
