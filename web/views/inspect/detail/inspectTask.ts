import { useEffect, useRef } from "preact/hooks";
import { isLast, runTask } from "../../../state/inspectTask.js";

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
