import { useEffect } from "preact/hooks";
import { decodePicture } from "../../../../src/browser/index.js";
import { take } from "../state/shownPicture.js";

/** Takes pictures that are pasted, or dropped on an element, while it is on the page. */
export function useDroppedPicture(element: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const target = element.current;
    const takeFrom = async (transfer: DataTransfer | null) => {
      const file = [...(transfer?.files ?? [])].find(({ type }) => type.startsWith("image/"));
      // What the browser cannot decode is no picture.
      if (file) await decodePicture(file).then(take, () => {});
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
