import { useSignalEffect } from "@preact/signals";
import { shownRun, timelinePlace } from "./state/shownNetwork.js";

/** Between two requests for the parameters of a run that goes on. */
const MILLISECONDS = 120;

/** Has the maps follow a run that goes on, while the view is on the page. */
export function useLiveParameters(): void {
  useSignalEffect(() => {
    const run = shownRun.value;
    if (run?.status.value !== "running" || timelinePlace.value !== undefined) return;
    const timer = setInterval(() => run.requestSnapshot(), MILLISECONDS);
    return () => clearInterval(timer);
  });
}
