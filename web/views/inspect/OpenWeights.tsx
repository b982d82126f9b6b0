import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Button } from "../../kit/Button.js";
import { UnseenDialog } from "../../opening/UnseenDialog.js";
import { messages } from "./messages/index.js";

/** Opens a network from a file of weights. */
export function OpenWeights() {
  const m = messages();
  const input = useRef<HTMLInputElement>(null);
  const failures = useSignal<readonly string[]>([]);
  const open = async (files: FileList | null) => {
    failures.value = [];
    const { openFiles } = await import("../../opening/openFiles.js");
    failures.value = await openFiles(Array.from(files ?? [], (file) => ({ file, path: file.name })));
  };
  return (
    <div class="open-weights">
      <input
        ref={input}
        class="unseen"
        type="file"
        accept=".pth,.pt,.safetensors,.onnx"
        tabIndex={-1}
        aria-label={m.openFile}
        onChange={({ currentTarget }) => void open(currentTarget.files)}
      />
      <Button onClick={() => input.current?.click()}>{m.openFile}</Button>
      <UnseenDialog />
      {failures.value.map((line) => (
        <p key={line} class="notice" role="alert">
          {line}
        </p>
      ))}
    </div>
  );
}
