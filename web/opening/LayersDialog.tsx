import "./opening.css";
import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ParameterFreeLayers } from "../../src/formats/weightFiles.js";
import { ACTIVATION_TYPES, POOLING_TYPES } from "../../src/model/index.js";
import { RECIPES } from "../../src/training/recipes/recipes.js";
import { layerMessages } from "../i18n/layers/index.js";
import { Button, Choice } from "../kit/controls.js";
import { Dialog } from "../kit/Dialog.js";
import { messages } from "./messages/index.js";

/** Asks for the layers without parameters, which a weights file does not contain. */
export function LayersDialog() {
  const m = messages();
  const { kinds, poolings } = layerMessages();
  const open = useSignal(false);
  const activation = useSignal(RECIPES.improved.activation);
  const pooling = useSignal(RECIPES.improved.pooling);
  const current = question.value;
  useEffect(() => {
    open.value = current !== undefined;
  }, [current]);
  // Closing the dialog cancels.
  useEffect(() => open.subscribe((isOpen) => isOpen || question.peek()?.answer(undefined)), []);
  return (
    <Dialog open={open} title={m.title} close={m.cancel}>
      <p>{m.note(current?.name ?? "")}</p>
      <div class="layer-choices">
        <Choice
          label={m.activation}
          options={ACTIVATION_TYPES.map((value) => ({ value, label: kinds[value].name }))}
          value={activation.value}
          onChange={(value) => {
            activation.value = value;
          }}
        />
        <Choice
          label={m.pooling}
          options={POOLING_TYPES.map((value) => ({ value, label: poolings[value].full }))}
          value={pooling.value}
          onChange={(value) => {
            pooling.value = value;
          }}
        />
        <Button
          primary
          onClick={() => current?.answer({ activation: activation.value, pooling: pooling.value, dropout: 0 })}
        >
          {m.open}
        </Button>
      </div>
    </Dialog>
  );
}

/** A file whose layers are unknown. */
interface Question {
  readonly name: string;
  readonly answer: (parameterFree: ParameterFreeLayers | undefined) => void;
}

/** The question currently asked. */
const question = signal<Question | undefined>(undefined);

/** Asks which activation and pooling a file's model has; undefined if the dialog is cancelled. */
export async function askLayers(name: string): Promise<ParameterFreeLayers | undefined> {
  try {
    return await new Promise((answer) => {
      question.value = { name, answer };
    });
  } finally {
    question.value = undefined;
  }
}
