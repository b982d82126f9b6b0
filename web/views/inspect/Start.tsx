import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { addressWith } from "../../address/url.js";
import { Button } from "../../kit/controls.js";
import { dataState } from "../../state/loadedData.js";
import { selectedRun } from "../../state/runs.js";
import { messages } from "./messages/index.js";
import { startQuickRun } from "./quickRun.js";

/** Shown while there is no network: train one with a click, or open a file. */
export function Start() {
  const m = messages();
  const state = dataState.value;
  const run = selectedRun.value;
  if (run) return <p role="status">{run.failure.value ?? m.starting}</p>;
  const { progress } = state.type === "loading" ? state : {};
  return (
    <section class="start">
      <p class="large">{m.noNetwork}</p>
      {state.type === "loading" ? (
        <div class="working">
          <progress
            value={progress && progress.total > 0 ? progress.done / progress.total : undefined}
            max={1}
            aria-label={m.drawingDigits}
          />
          <p>{m.drawingDigits}</p>
        </div>
      ) : (
        <Button primary icon="play" onClick={startQuickRun}>
          {m.trainNow}
        </Button>
      )}
      {state.type === "failed" && <p role="alert">{state.message}</p>}
      <p class="quiet">
        {m.orTrain} <a href={addressWith({ view: "train" })}>{m.trainView}</a>
      </p>
      <OpenWeights />
    </section>
  );
}

/** Opens a network from a weights file. */
function OpenWeights() {
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
        class="visually-hidden"
        type="file"
        accept=".pth,.pt,.safetensors,.onnx"
        tabIndex={-1}
        aria-label={m.openFile}
        onChange={({ currentTarget }) => void open(currentTarget.files)}
      />
      <Button onClick={() => input.current?.click()}>{m.openFile}</Button>
      {failures.value.map((line) => (
        <p key={line} class="notice" role="alert">
          {line}
        </p>
      ))}
    </div>
  );
}
