import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";

export interface DropZoneProps {
  readonly label: string;
  readonly onFiles: (files: readonly PlacedFile[]) => void;
  /** Its content; `choose` opens the browser's file or folder picker. */
  readonly children: (choose: (what: "folder" | "files") => void) => ComponentChildren;
}

/** An area where files and folders can be dropped or chosen. */
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
        // The page takes what is dropped elsewhere.
        event.stopPropagation();
        setOver(false);
        if (event.dataTransfer) void droppedFiles(event.dataTransfer).then(onFiles);
      }}
    >
      {children(choose)}
      <input ref={chooser} type="file" hidden multiple onChange={takeChosen} />
    </fieldset>
  );
}

/** A file and its path: "pets/cat/1.jpg". */
export interface PlacedFile {
  readonly file: File;
  readonly path: string;
}

/** All dropped files, including those in dropped folders. */
export async function droppedFiles({ items }: DataTransfer): Promise<PlacedFile[]> {
  // All at once: the items are gone after the event.
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files = await Promise.all(entries.map(filesOf));
  return files.flat();
}

async function filesOf(entry: FileSystemEntry): Promise<PlacedFile[]> {
  // Chromium has these classes under other names.
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, path: entry.fullPath.replace(/^\//, "") }];
  }
  if (!entry.isDirectory) return [];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: PlacedFile[] = [];
  // readEntries returns up to a hundred entries per call, and none at the end.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return files;
    for (const child of entries) files.push(...(await filesOf(child)));
  }
}
