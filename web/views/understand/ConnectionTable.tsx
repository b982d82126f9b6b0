import { useSignal } from "@preact/signals";
import { LENET5_CONNECTIONS } from "../../../src/model/index.js";
import { ScrollRegion } from "../../kit/regions.js";
import { number, product, sum } from "./derivation/expression.js";
import { S2_MAPS } from "./derivation/original.js";
import { Formula } from "./Formula.js";
import { messages } from "./messages/index.js";

/** Which maps of S2 each map of C3 was connected to in 1998, as a table of dots. A map of C3 can be chosen. */
export function ConnectionTable() {
  const m = messages();
  const chosen = useSignal(0);
  const inputs = LENET5_CONNECTIONS[chosen.value];
  return (
    <div class="connection-choice">
      <ScrollRegion label={m.connectionTable}>
        <table class="connections">
          <caption>{m.connectionTable}</caption>
          <thead>
            <tr>
              <td />
              {LENET5_CONNECTIONS.map((_, map) => (
                <th key={map} scope="col" class={map === chosen.value ? "chosen" : undefined}>
                  <button
                    type="button"
                    aria-label={m.mapOfC3(map)}
                    aria-pressed={map === chosen.value}
                    onClick={() => {
                      chosen.value = map;
                    }}
                  >
                    {map}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: S2_MAPS }, (_, from) => (
              <tr key={from}>
                <th scope="row">{from}</th>
                {LENET5_CONNECTIONS.map((taken, map) => {
                  const classes = [taken.includes(from) && "taken", map === chosen.value && "chosen"];
                  return (
                    <td key={map} class={classes.filter(Boolean).join(" ") || undefined}>
                      <span class="visually-hidden">{taken.includes(from) ? m.taken : m.notTaken}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      <p aria-live="polite">{m.chosenMap(chosen.value, inputs)}</p>
      <Formula expression={sum(product(number(inputs.length), number(5), number(5)), number(1))} />
    </div>
  );
}
