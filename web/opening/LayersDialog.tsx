import "./opening.css";
import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ParameterFreeLayers } from "../../src/formats/weights.js";
import { ACTIVATIONS, POOLINGS } from "../address/trainFields.js";
import { Button } from "../kit/Button.js";
import { Choice } from "../kit/Choice.js";
import { Dialog } from "../kit/Dialog.js";
import { messages } from "./messages/index.js";

/** Asks for the layers without parameters, which a file of tensors does not tell. */
export function LayersDialog() {
  const m = messages();
  const open = useSignal(false);
  const activation = useSignal<(typeof ACTIVATIONS)[number]>("relu");
  const pooling = useSignal<(typeof POOLINGS)[number]>("maxPool2d");
  const asked = question.value;
  useEffect(() => {
    open.value = asked !== undefined;
  }, [asked]);
  // Closing it is no answer.
  useEffect(() => open.subscribe((isOpen) => isOpen || question.peek()?.answer(undefined)), []);
  return (
    <Dialog open={open} title={m.title} close={m.cancel}>
      <p>{m.note(asked?.name ?? "")}</p>
      <div class="layer-choices">
        <Choice
          label={m.activation}
          options={ACTIVATIONS.map((value) => ({ value, label: m.activations[value] }))}
          value={activation.value}
          onChange={(value) => {
            activation.value = value;
          }}
        />
        <Choice
          label={m.pooling}
          options={POOLINGS.map((value) => ({ value, label: m.poolings[value] }))}
          value={pooling.value}
          onChange={(value) => {
            pooling.value = value;
          }}
        />
        <Button
          primary
          onClick={() => asked?.answer({ activation: activation.value, pooling: pooling.value, dropout: 0 })}
        >
          {m.open}
        </Button>
      </div>
    </Dialog>
  );
}

/** A file whose layers must be asked for. */
interface Question {
  readonly name: string;
  readonly answer: (parameterFree: ParameterFreeLayers | undefined) => void;
}

/** What is being asked now. */
const question = signal<Question | undefined>(undefined);

/** Asks which activation and pooling a file's model has; undefined where it is not answered. */
export async function askLayers(name: string): Promise<ParameterFreeLayers | undefined> {
  try {
    return await new Promise((answer) => {
      question.value = { name, answer };
    });
  } finally {
    question.value = undefined;
  }
}
