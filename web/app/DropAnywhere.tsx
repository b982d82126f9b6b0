import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { Button } from "../kit/controls.js";
import { droppedFiles } from "../kit/DropZone.js";
import { layersQuestion } from "../opening/layersQuestion.js";
import { messages } from "./messages/index.js";

/** Takes files that are dropped anywhere on the page, highlights it meanwhile, and says what could not be opened. */
export function DropAnywhere() {
  const m = messages();
  const isOver = useSignal(false);
  const failures = useSignal<readonly string[]>([]);
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const holdsFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files") === true;
    const onDrop = async (event: DragEvent) => {
      if (!event.dataTransfer || !holdsFiles(event)) return;
      event.preventDefault();
      // At once: the items are gone after the event.
      const files = droppedFiles(event.dataTransfer);
      failures.value = [];
      const { takeFiles } = await import("../opening/takeFiles.js");
      failures.value = await takeFiles(await files);
    };
    const over = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      isOver.value = true;
    };
    const end = () => {
      isOver.value = false;
    };
    addEventListener("dragover", over, { signal });
    // Without a related target, the pointer has left the window.
    addEventListener("dragleave", ({ relatedTarget }) => relatedTarget === null && end(), { signal });
    // Also where a part of the page takes the files itself.
    addEventListener("drop", end, { signal, capture: true });
    addEventListener("drop", (event) => void onDrop(event), { signal });
    return () => ending.abort();
  }, []);
  return (
    <>
      {isOver.value && (
        <div class="drop-anywhere" aria-hidden="true">
          <p>{m.dropAnywhere}</p>
        </div>
      )}
      {failures.value.length > 0 && (
        <div class="drop-failures notice" role="alert">
          {failures.value.map((line) => (
            <p key={line}>{line}</p>
          ))}
          <Button
            icon="remove"
            label={m.close}
            onClick={() => {
              failures.value = [];
            }}
          />
        </div>
      )}
      <LayersQuestion />
    </>
  );
}

/** The dialog about a file that does not describe its layers, loaded when it is first needed. */
function LayersQuestion() {
  const loaded = useSignal<{ readonly Dialog: ComponentType } | undefined>(undefined);
  useSignalEffect(() => {
    if (!layersQuestion.value || loaded.peek()) return;
    void import("../opening/LayersDialog.js").then(({ LayersDialog }) => {
      loaded.value = { Dialog: LayersDialog };
    });
  });
  return loaded.value ? <loaded.value.Dialog /> : null;
}
