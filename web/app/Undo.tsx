import { useSignal, useSignalEffect } from "@preact/signals";
import { Button } from "../kit/controls.js";
import { Dialog } from "../kit/Dialog.js";
import { removalAsked, removeRun } from "../state/runs.js";
import { endUndo, undo, undoable } from "../state/undo.js";
import { messages } from "./messages/index.js";

/** Offers to undo what was done to a run, and asks before one that is training is removed. */
export function Undo() {
  const m = messages();
  const done = undoable.value;
  return (
    <>
      <div class="undo" role="status">
        {done && (
          <>
            <p>{m.done[done.what](done.number)}</p>
            <Button onClick={undo}>{m.undo}</Button>
            <Button icon="remove" label={m.close} onClick={endUndo} />
          </>
        )}
      </div>
      <RemovalQuestion />
    </>
  );
}

function RemovalQuestion() {
  const m = messages();
  const open = useSignal(false);
  useSignalEffect(() => {
    open.value = removalAsked.value !== undefined;
  });
  // Closing the dialog keeps the run.
  useSignalEffect(() => {
    if (!open.value) removalAsked.value = undefined;
  });
  const run = removalAsked.value;
  const remove = () => {
    if (run) removeRun(run);
    open.value = false;
  };
  return (
    <Dialog open={open} title={m.removeQuestion(run?.number ?? 0)} close={m.close}>
      <p>{m.removeNote}</p>
      <div class="buttons">
        <Button primary onClick={remove}>
          {m.removeIt}
        </Button>
        <Button
          onClick={() => {
            open.value = false;
          }}
        >
          {m.keepIt}
        </Button>
      </div>
    </Dialog>
  );
}
