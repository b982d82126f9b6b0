/** How far a pass over the images is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** How to follow a pass and to end it early. */
export interface PassOptions {
  /** Called several times a second. */
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting ends the pass with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a pass is cut into slices. */
export interface SliceOptions extends PassOptions {
  /** Samples of a batch: a slice is a number of whole batches, but for the last one. */
  readonly batchSize: number;
  /** The most batches of the next slice. Default: as many as take an eighth of a second. */
  readonly batchesAtOnce?: () => number;
}

/** Long enough that a slice's own cost does not show, short enough to draw progress and to end a pass in time. */
const SLICE_MILLISECONDS = 125;
/** A slice has at most this many times the batches of the one before: the first measurements say little. */
const GROWTH = 8;

/**
 * Calls the body for one slice of a pass after the other, as sample positions from start to end. Between slices the rest
 * of the program runs: timers, signals, drawing.
 */
export async function forEachSlice(
  total: number,
  { batchSize, batchesAtOnce, onProgress, signal }: SliceOptions,
  body: (start: number, end: number) => Promise<void>,
): Promise<void> {
  let batches = 1;
  for (let start = 0; start < total; ) {
    const asked = Math.max(1, Math.min(batches, batchesAtOnce?.() ?? Number.POSITIVE_INFINITY));
    const end = Math.min(start + asked * batchSize, total);
    const before = performance.now();
    await body(start, end);
    const milliseconds = Math.max(performance.now() - before, 0.01);
    batches = Math.max(1, Math.min(GROWTH * asked, Math.round((asked * SLICE_MILLISECONDS) / milliseconds)));
    start = end;
    onProgress?.({ done: end, total });
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  }
}
