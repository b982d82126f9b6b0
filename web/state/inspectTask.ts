import type { InspectEvent, InspectRequest } from "../worker/inspect/protocol.js";

/**
 * Runs a task in a worker of its own.
 *
 * @returns cancels it
 */
export function runTask(request: InspectRequest, onEvent: (event: InspectEvent) => void): () => void {
  const worker = new Worker(new URL("../worker/inspect/worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<InspectEvent>) => {
    if (isLast(data)) worker.terminate();
    onEvent(data);
  });
  worker.addEventListener("error", ({ message }) => onEvent({ type: "failed", message }));
  worker.postMessage(request);
  return () => worker.terminate();
}

/** Whether a task ends with an event. */
export function isLast(event: InspectEvent): boolean {
  return event.type === "climbed" ? event.done : event.type !== "progress";
}
