import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { decodeImage } from "../../../../src/browser/index.js";
import { Button } from "../../../kit/controls.js";
import { messages } from "../messages/index.js";
import { take, taken } from "../state/shownImage.js";
import { Inverted } from "./SourcePanel.js";

/** Opens an image file; images can also be dropped or pasted anywhere in the view. */
export function FilePicker() {
  const m = messages();
  const input = useRef<HTMLInputElement>(null);
  const hasFailed = useSignal(false);
  const open = async (file: File | undefined) => {
    if (!file) return;
    try {
      take(await decodeImage(file));
      hasFailed.value = false;
    } catch {
      hasFailed.value = true;
    }
  };
  return (
    <div class="file-picker">
      <input
        ref={input}
        class="visually-hidden"
        type="file"
        accept="image/*"
        tabIndex={-1}
        aria-label={m.chooseFile}
        onChange={({ currentTarget }) => void open(currentTarget.files?.[0])}
      />
      <Button primary={!taken.value} onClick={() => input.current?.click()}>
        {m.chooseFile}
      </Button>
      <p class="quiet">{m.dropNote}</p>
      {hasFailed.value && (
        <p class="notice" role="alert">
          {m.noImage}
        </p>
      )}
      <Inverted />
    </div>
  );
}

/** Accepts images pasted, or dropped on an element, while it is mounted. */
export function useDroppedImage(element: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const target = element.current;
    const takeFrom = async (transfer: DataTransfer | null) => {
      const file = [...(transfer?.files ?? [])].find(({ type }) => type.startsWith("image/"));
      // Ignore what the browser cannot decode.
      if (file) await decodeImage(file).then(take, () => {});
    };
    const onPaste = (event: ClipboardEvent) => void takeFrom(event.clipboardData);
    const onDragOver = (event: DragEvent) => event.preventDefault();
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      void takeFrom(event.dataTransfer);
    };
    addEventListener("paste", onPaste);
    target?.addEventListener("dragover", onDragOver);
    target?.addEventListener("drop", onDrop);
    return () => {
      removeEventListener("paste", onPaste);
      target?.removeEventListener("dragover", onDragOver);
      target?.removeEventListener("drop", onDrop);
    };
  }, [element]);
}
