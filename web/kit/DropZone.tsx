import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { droppedFiles, type PlacedFile } from "./droppedFiles.js";

export interface DropZoneProps {
  readonly label: string;
  readonly onFiles: (files: readonly PlacedFile[]) => void;
  /** What stands in it, given what opens the browser's choice of a folder or of files. */
  readonly children: (choose: (what: "folder" | "files") => void) => ComponentChildren;
}

/** Where files and folders are dropped or chosen. */
export function DropZone({ label, onFiles, children }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const choose = (what: "folder" | "files") => {
    if (!chooser.current) return;
    chooser.current.webkitdirectory = what === "folder";
    chooser.current.click();
  };
  const takeChosen = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => {
    onFiles(Array.from(currentTarget.files ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name })));
    currentTarget.value = "";
  };
  return (
    <fieldset
      class={isOver ? "drop over" : "drop"}
      aria-label={label}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) void droppedFiles(event.dataTransfer).then(onFiles);
      }}
    >
      {children(choose)}
      <input ref={chooser} type="file" hidden multiple onChange={takeChosen} />
    </fieldset>
  );
}
