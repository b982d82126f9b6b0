import { useSignal } from "@preact/signals";
import { parseNumber } from "../../address/fields.js";
import { CLASSES, formatInput, parseInput } from "../../address/understandFields.js";
import { changeUrl, url } from "../../address/url.js";
import { Choice, TextField } from "../../kit/controls.js";
import { currentNetwork } from "../../stage/networks.js";
import { KNOWN_INPUTS } from "./explained.js";
import { messages } from "./messages/index.js";

type Option = "shown" | (typeof KNOWN_INPUTS)[number] | "own";

/** Chooses the model to explain. */
export function ModelChoice() {
  const m = messages();
  const asksForOwn = useSignal(false);
  const input = url.value.understandInput;
  const known = KNOWN_INPUTS.find((one) => one === input);
  const isOwn = asksForOwn.value || (input !== undefined && !known);
  const options: Option[] = ["shown", ...KNOWN_INPUTS, "own"];
  const labelOf = (option: Option) => m.models[option === "shown" && !currentNetwork.value ? "readyMade" : option];
  const choose = (option: Option) => {
    asksForOwn.value = option === "own";
    if (option === "shown") changeUrl({ understandInput: undefined });
    else if (option !== "own") changeUrl({ understandInput: option });
  };
  return (
    <div class="model-choice">
      <Choice
        label={m.model}
        options={options.map((value) => ({ value, label: labelOf(value) }))}
        value={isOwn ? "own" : (known ?? "shown")}
        onChange={choose}
      />
      {isOwn && (
        <div class="own">
          <TextField
            label={m.ownInput}
            value={(isOwn && input && !known ? input : KNOWN_INPUTS[0]).replaceAll("x", " × ")}
            mistake={(text) => (parseInput(text) ? undefined : m.noInput)}
            onChange={(text) => {
              const shape = parseInput(text);
              if (shape) changeUrl({ understandInput: formatInput(shape) });
            }}
          />
          <TextField
            label={m.classes}
            numeric
            value={String(url.value.understandClasses)}
            mistake={(text) => (parseNumber(text, CLASSES) === undefined ? m.noClasses : undefined)}
            onChange={(text) => changeUrl({ understandClasses: parseNumber(text, CLASSES) })}
          />
        </div>
      )}
    </div>
  );
}
