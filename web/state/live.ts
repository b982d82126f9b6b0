import { useSignalEffect } from "@preact/signals";
import type { Run } from "./run.js";

/** The interval between requests for the parameters of a running training. */
const MILLISECONDS = 200;

/**
 * Keeps the newest parameters of a running training up to date while a component is mounted.
 *
 * @param shown the run on display, if it is to be followed; reads signals
 */
export function useLiveParameters(shown: () => Run | undefined): void {
  useSignalEffect(() => {
    const run = shown();
    if (run?.status.value !== "running") return;
    const timer = setInterval(() => run.requestSnapshot(), MILLISECONDS);
    return () => clearInterval(timer);
  });
}
