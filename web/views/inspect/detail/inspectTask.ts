import { useEffect, useRef } from "preact/hooks";
import type { InspectEvent, InspectRequest } from "../../../worker/inspect/protocol.js";

/**
 * Runs a task in a worker of its own.
 *
 * @returns cancels it
 */
export function runTask(request: InspectRequest, onEvent: (event: InspectEvent) => void): () => void {
  const worker = new Worker(new URL("../../../worker/inspect/worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<InspectEvent>) => {
    if (isLast(data)) worker.terminate();
    onEvent(data);
  });
  worker.addEventListener("error", ({ message }) => onEvent({ type: "failed", message }));
  worker.postMessage(request);
  return () => worker.terminate();
}

function isLast(event: InspectEvent): boolean {
  return event.type === "climbed" ? event.done : event.type !== "progress";
}

type TaskArguments = Parameters<typeof runTask>;

/** Runs one task at a time. A task started meanwhile waits; a later one replaces it. */
export function useLatest(): (...task: TaskArguments) => void {
  const waiting = useRef<TaskArguments | undefined>(undefined);
  const end = useRef<(() => void) | undefined>(undefined);
  useEffect(() => () => end.current?.(), []);
  const next = () => {
    const task = waiting.current;
    waiting.current = undefined;
    if (!task) return;
    const [request, onEvent] = task;
    end.current = runTask(request, (event) => {
      onEvent(event);
      if (!isLast(event)) return;
      end.current = undefined;
      next();
    });
  };
  return (...task) => {
    waiting.current = task;
    if (!end.current) next();
  };
}
