import { LENET5_CONNECTIONS } from "../../../src/model/index.js";
import { formatCount } from "../../i18n/numbers.js";
import { ScrollRegion } from "../../kit/regions.js";
import { Bitmaps } from "./Bitmaps.js";
import { ConnectionTable } from "./ConnectionTable.js";
import { evaluate, number, sum } from "./derivation/expression.js";
import { FULL_C3_PARAMETERS, ORIGINAL_LAYERS } from "./derivation/original.js";
import { Formula } from "./Formula.js";
import { extentsText } from "./labels.js";
import { messages } from "./messages/index.js";

const C3 = ORIGINAL_LAYERS.find(({ name }) => name === "C3");
/** Those of the output layer: each class compares 84 values. */
const OUTPUT_CONNECTIONS = 10 * 84;
const CONNECTIONS = ORIGINAL_LAYERS.reduce(
  (total, { connections }) => total + evaluate(connections),
  OUTPUT_CONNECTIONS,
);

/** Where the network comes from. */
export function History() {
  const m = messages();
  return (
    <section class="history">
      <h2>{m.history}</h2>
      <div class="papers">
        {m.papers.map(({ year, title, where, text }) => (
          <article key={year}>
            <h3>
              <span>{year}</span>
              <cite lang="en">{title}</cite>
            </h3>
            <p class="quiet">{where}</p>
            {text.map((paragraph) => (
              <p key={paragraph}>{paragraph}</p>
            ))}
          </article>
        ))}
      </div>
      <h3>{m.originalTitle}</h3>
      <OriginalTable />
      <p>{m.originalNote(formatCount(CONNECTIONS))}</p>
      <Bitmaps />
      <h3>{m.c3Title}</h3>
      <div class="c3">
        <ConnectionTable />
        <div>
          <p>{m.c3Text}</p>
          <dl>
            <div>
              <dt>{m.c3Original}</dt>
              <dd>{C3 && <Formula expression={C3.parameters} />}</dd>
            </div>
            <div>
              <dt>{m.c3Full(LENET5_CONNECTIONS.length)}</dt>
              <dd>
                <Formula expression={FULL_C3_PARAMETERS} />
              </dd>
            </div>
          </dl>
        </div>
      </div>
    </section>
  );
}

/** The layers of 1998 with their totals. */
function OriginalTable() {
  const m = messages();
  return (
    <ScrollRegion label={m.originalTitle}>
      <table class="original">
        <thead>
          <tr>
            <th scope="col">{m.layer}</th>
            <th scope="col">{m.outputSize}</th>
            <th scope="col">{m.what}</th>
            <th scope="col" class="number">
              {m.parameters}
            </th>
          </tr>
        </thead>
        <tbody>
          {ORIGINAL_LAYERS.map(({ name, maps, side, parameters }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{extentsText(side === 1 ? [maps] : [maps, side, side])}</td>
              <td>{m.originalLayers[name]}</td>
              <td class="number">
                <Formula expression={parameters} />
              </td>
            </tr>
          ))}
          <tr>
            <th scope="row">{m.output}</th>
            <td>10</td>
            <td>{m.originalOutput}</td>
            <td class="number">–</td>
          </tr>
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={3}>
              {m.inTotal}
            </th>
            <td class="number">
              <Formula expression={sum(...ORIGINAL_LAYERS.map(({ parameters }) => number(evaluate(parameters))))} />
            </td>
          </tr>
        </tfoot>
      </table>
    </ScrollRegion>
  );
}
