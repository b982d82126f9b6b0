/** The progress of a pass over the images, in samples. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** How to follow a pass and end it early. */
export interface PassOptions {
  /** Called several times a second. */
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting ends the pass with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a pass is divided into slices. */
export interface SliceOptions extends PassOptions {
  /** Samples per batch. A slice consists of complete batches, except for the last one. */
  readonly batchSize: number;
  /** The maximum number of batches in the next slice. Default: as many as take an eighth of a second. */
  readonly batchesAtOnce?: () => number;
}

/** Long enough to hide the cost of a slice, short enough to show progress and to abort in time. */
const SLICE_MILLISECONDS = 125;
/**
 * A slice has at most this many times the batches of the previous one, because the first measurements are inaccurate.
 */
const GROWTH = 8;

/**
 * Calls the body for each slice of a pass, with its range of sample positions, until it returns "end". Between slices it
 * yields to the event loop: timers, signals, drawing.
 */
export async function forEachSlice(
  total: number,
  { batchSize, batchesAtOnce, onProgress, signal }: SliceOptions,
  body: (start: number, end: number) => Promise<unknown>,
): Promise<void> {
  let batches = 1;
  for (let start = 0; start < total; ) {
    const count = Math.max(1, Math.min(batches, batchesAtOnce?.() ?? Number.POSITIVE_INFINITY));
    const end = Math.min(start + count * batchSize, total);
    const before = performance.now();
    if ((await body(start, end)) === "end") return;
    const milliseconds = Math.max(performance.now() - before, 0.01);
    batches = Math.max(1, Math.min(GROWTH * count, Math.round((count * SLICE_MILLISECONDS) / milliseconds)));
    start = end;
    onProgress?.({ done: end, total });
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  }
}
