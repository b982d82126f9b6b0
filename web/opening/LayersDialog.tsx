import "./opening.css";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { CATALOG } from "../../src/data/catalog.js";
import { ACTIVATION_TYPES, POOLING_TYPES } from "../../src/model/index.js";
import { RECIPES } from "../../src/training/recipes/recipes.js";
import { layerMessages } from "../i18n/layers/index.js";
import { Button, Choice, Select } from "../kit/controls.js";
import { Dialog } from "../kit/Dialog.js";
import { layersQuestion } from "./layersQuestion.js";
import { messages } from "./messages/index.js";

/** Asks for the layers without parameters, which a weights file does not contain. */
export function LayersDialog() {
  const m = messages();
  const { kinds, poolings } = layerMessages();
  const open = useSignal(false);
  const activation = useSignal(RECIPES.improved.activation);
  const pooling = useSignal(RECIPES.improved.pooling);
  const data = useSignal("");
  const current = layersQuestion.value;
  useEffect(() => {
    open.value = current !== undefined;
  }, [current]);
  // Closing the dialog cancels.
  useEffect(() => open.subscribe((isOpen) => isOpen || layersQuestion.peek()?.answer(undefined)), []);
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
        <Select
          label={m.trainedOn}
          options={[
            { value: "", label: m.unknownData },
            ...CATALOG.map(({ name, title }) => ({ value: name, label: title })),
          ]}
          value={data.value}
          onChange={(name) => {
            data.value = name;
          }}
        />
        <Button
          primary
          onClick={() =>
            current?.answer({
              layers: { activation: activation.value, pooling: pooling.value, dropout: 0 },
              classes: CATALOG.find(({ name }) => name === data.value)?.classes,
            })
          }
        >
          {m.open}
        </Button>
      </div>
    </Dialog>
  );
}
