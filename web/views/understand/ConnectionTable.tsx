import { ScrollRegion } from "../../kit/regions.js";
import { C3_INPUTS, S2_MAPS } from "./derivation/original.js";
import { messages } from "./messages/index.js";

/** Which maps of S2 each map of C3 was connected to in 1998, as a table of dots. */
export function ConnectionTable() {
  const m = messages();
  return (
    <ScrollRegion label={m.connectionTable}>
      <table class="connections">
        <caption>{m.connectionTable}</caption>
        <thead>
          <tr>
            <td />
            {C3_INPUTS.map((_, map) => (
              <th key={map} scope="col">
                {map}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: S2_MAPS }, (_, from) => (
            <tr key={from}>
              <th scope="row">{from}</th>
              {C3_INPUTS.map((inputs, map) => (
                <td key={map} class={inputs.includes(from) ? "taken" : undefined}>
                  <span class="visually-hidden">{inputs.includes(from) ? m.taken : m.notTaken}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
