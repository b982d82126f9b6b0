import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ACTIVATIONS, POOLINGS } from "../address/trainFields.js";
import { Button } from "../kit/Button.js";
import { Choice } from "../kit/Choice.js";
import { Dialog } from "../kit/Dialog.js";
import { messages } from "./messages/index.js";
import "./opening.css";
import { question } from "./unseen.js";

/** Asks what a file of weights does not say of its model. */
export function UnseenDialog() {
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
      <div class="unseen-fields">
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
