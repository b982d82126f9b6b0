import { type ReadonlySignal, signal } from "@preact/signals";

/** Something that was done to a run and can be undone. */
export interface Undoable {
  readonly what: "removed" | "reset";
  /** The run's number. */
  readonly number: number;
  readonly undo: () => void;
  /** Called once it can no longer be undone. */
  readonly end: () => void;
}

const current = signal<Undoable | undefined>(undefined);

/** What can be undone. */
export const undoable: ReadonlySignal<Undoable | undefined> = current;

/** Offers to undo something; what was offered before can no longer be undone. */
export function offerUndo(done: Undoable): void {
  current.peek()?.end();
  current.value = done;
}

export function undo(): void {
  const done = current.peek();
  current.value = undefined;
  done?.undo();
}

/** Withdraws the offer. */
export function endUndo(): void {
  const done = current.peek();
  current.value = undefined;
  done?.end();
}
