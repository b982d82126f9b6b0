import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { decodeImage } from "../../../../src/browser/index.js";
import { Button } from "../../../kit/controls.js";
import { droppedImage } from "../../../state/droppedImage.js";
import { messages } from "../messages/index.js";
import { take, taken } from "../state/shownImage.js";
import { Adjustments } from "./SourcePanel.js";

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
      <Adjustments />
    </div>
  );
}

/** Takes images that are pasted, or were dropped anywhere on the page, while a component is mounted. */
export function useGivenImage(): void {
  // Ignores what the browser cannot decode.
  const takeFile = (file: File) => void decodeImage(file).then(take, () => {});
  useSignalEffect(() => {
    if (!droppedImage.value) return;
    takeFile(droppedImage.value);
    droppedImage.value = undefined;
  });
  useEffect(() => {
    const onPaste = ({ clipboardData }: ClipboardEvent) => {
      const file = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
      if (file) takeFile(file);
    };
    addEventListener("paste", onPaste);
    return () => removeEventListener("paste", onPaste);
  }, []);
}
