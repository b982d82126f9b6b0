import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { classCount, inferShapes } from "../../../../src/model/index.js";
import { Button } from "../../../kit/Button.js";
import { Choice } from "../../../kit/Choice.js";
import { openedNetwork } from "../../../state/network.js";
import { messages } from "../messages/index.js";

/** What a file may not say of its model: the layers of 1998, and those of today. */
const KINDS = {
  today: { activation: "relu", pooling: "maxPool2d", dropout: 0 },
  paper: { activation: "sigmoid", pooling: "averagePool2d", dropout: 0 },
} as const;

/** Opens a network from a file of weights. */
export function OpenWeights() {
  const m = messages();
  const input = useRef<HTMLInputElement>(null);
  const kind = useSignal<keyof typeof KINDS>("today");
  const failure = useSignal<string | undefined>(undefined);
  const open = async (file: File | undefined) => {
    if (!file) return;
    try {
      const { readWeights } = await import("../../../../src/formats/weights.js");
      const bytes = new Uint8Array(await file.arrayBuffer());
      const { model, parameters, normalization, metadata } = readWeights(bytes, KINDS[kind.value]);
      const count = classCount(inferShapes(model));
      const classes = metadata?.classes ?? Array.from({ length: count }, (_, index) => String(index));
      openedNetwork.value = { origin: { type: "file", name: file.name }, model, parameters, classes, normalization };
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
  };
  return (
    <div class="open-weights">
      <input
        ref={input}
        class="unseen"
        type="file"
        accept=".pth,.pt,.safetensors"
        tabIndex={-1}
        aria-label={m.openFile}
        onChange={({ currentTarget }) => void open(currentTarget.files?.[0])}
      />
      <Button onClick={() => input.current?.click()}>{m.openFile}</Button>
      <Choice
        label={m.ifUnsaid}
        options={(["today", "paper"] as const).map((value) => ({ value, label: m.unsaid[value] }))}
        value={kind.value}
        onChange={(value) => {
          kind.value = value;
        }}
      />
      {failure.value && (
        <p class="notice" role="alert">
          {failure.value}
        </p>
      )}
    </div>
  );
}
