import { useSignalEffect } from "@preact/signals";
import type { Run } from "./run.js";

/** The least interval between requests for the parameters of a running training. */
const LEAST_MILLISECONDS = 200;
/** The longest pause between showing some and asking for others: the picture is to be seen learning everywhere. */
const MOST_MILLISECONDS = 1000;
/** How many times as long as showing them takes the page then leaves the processor to the training. */
const PAUSE_FACTOR = 12;
/** The time after which a request is repeated: a training that is only starting passes over it. */
const PATIENCE_MILLISECONDS = 1000;

/**
 * Keeps the newest parameters of a running training up to date while a component is mounted, less often where showing them
 * takes longer.
 *
 * @param shown the run on display, if it is to be followed; reads signals
 */
export function useLiveParameters(shown: () => Run | undefined): void {
  useSignalEffect(() => {
    const run = shown();
    if (run?.status.value !== "running") return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const ask = () => {
      run.requestSnapshot();
      timer = setTimeout(ask, PATIENCE_MILLISECONDS);
    };
    const before = run.member.value.live.peek();
    const stop = run.member.value.live.subscribe((live) => {
      if (live === before) return;
      clearTimeout(timer);
      const arrived = performance.now();
      // Once they are drawn.
      requestAnimationFrame(() =>
        setTimeout(() => {
          const pause = PAUSE_FACTOR * (performance.now() - arrived);
          const bounded = Math.min(MOST_MILLISECONDS, Math.max(LEAST_MILLISECONDS, pause));
          if (!isOver) timer = setTimeout(ask, bounded);
        }),
      );
    });
    ask();
    return () => {
      isOver = true;
      stop();
      clearTimeout(timer);
    };
  });
}
