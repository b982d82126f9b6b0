/** The user pressed Ctrl-C. Finished work is kept. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** How long a command may take to end after Ctrl-C. Every file is complete at any moment, so nothing is lost then. */
const GRACE_MILLISECONDS = 10_000;

/** The exit code of a program that was interrupted. */
export const INTERRUPTED_CODE = 130;

/**
 * Calls `body` with a signal that Ctrl-C or SIGTERM aborts. Pressing it again ends the program at once, and so does a
 * `body` that does not end within ten seconds.
 */
export async function withInterrupt<Result>(
  body: (signal: AbortSignal) => Promise<Result>,
  graceMilliseconds = GRACE_MILLISECONDS,
): Promise<Result> {
  const controller = new AbortController();
  const onInterrupt = () => {
    // Not by the signal itself, so that a progress bar is erased.
    if (controller.signal.aborted) process.exit(INTERRUPTED_CODE);
    setTimeout(() => process.exit(INTERRUPTED_CODE), graceMilliseconds).unref();
    controller.abort(new InterruptedError("interrupted"));
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  try {
    return await body(controller.signal);
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}
