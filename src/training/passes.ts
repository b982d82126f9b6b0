/** How far a pass over the images is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** How to follow a pass and to end it early. */
export interface PassOptions {
  /** Told several times a second. */
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting ends the pass with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Between these, the pass lets the rest of the program run: timers, signals, drawing. */
const SLICE_MILLISECONDS = 100;

/** Calls the body for each batch in turn, as sample positions from start to end, and waits where it gives a promise. */
export async function forEachBatch(
  total: number,
  batchSize: number,
  { onProgress, signal }: PassOptions,
  body: (start: number, end: number) => Promise<void> | undefined | void,
): Promise<void> {
  let sliceEnd = performance.now() + SLICE_MILLISECONDS;
  for (let start = 0; start < total; start += batchSize) {
    const end = Math.min(start + batchSize, total);
    const waiting = body(start, end);
    if (waiting) await waiting;
    if (performance.now() < sliceEnd && end < total) continue;
    onProgress?.({ done: end, total });
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    sliceEnd = performance.now() + SLICE_MILLISECONDS;
  }
}
