import { formatPercent } from "../../i18n/numbers.js";
import { evaluate, number, sum } from "./derivation/expression.js";
import { FULL_C3_PARAMETERS, ORIGINAL_LAYERS } from "./derivation/original.js";
import { Formula } from "./Formula.js";
import { messages } from "./messages/index.js";

/** The linear layer that replaces the distances: 84 weights and a bias per class. */
const OUTPUT = 10 * (84 + 1);

const parametersOf = (layer: (typeof ORIGINAL_LAYERS)[number]) => evaluate(layer.parameters);
const [, S2, C3, S4] = ORIGINAL_LAYERS.map(parametersOf);
const ORIGINAL = ORIGINAL_LAYERS.reduce((total, layer) => total + parametersOf(layer), 0);

/** The steps from the parameter count of 1998 to today's. */
const DIFFERENCE = {
  type: "difference",
  from: sum(
    number(ORIGINAL),
    { type: "difference", from: number(evaluate(FULL_C3_PARAMETERS)), subtracted: number(C3) },
    number(OUTPUT),
  ),
  subtracted: sum(number(S2), number(S4)),
} as const;

/**
 * The errors in percent of the network of 1998 on MNIST after 20 passes with seed 0, as published and with one thing
 * changed: the runs of docs/lenet-1998.md.
 */
const COSTS = [
  { change: "none", training: 0.34, test: 1.05 },
  { change: "averagePooling", training: 0.44, test: 0.88 },
  { change: "fullC3", training: 0.34, test: 1.11 },
  { change: "softmax", training: 1.63, test: 3.57 },
  { change: "sgd", training: 0.34, test: 1.18 },
  { change: "adamw", training: 0.17, test: 0.85 },
] as const;

/** What the tutorial's network does differently from that of 1998. */
export function Changes() {
  const m = messages();
  return (
    <section class="changes">
      <h2>{m.changes}</h2>
      <p class="quiet">{m.changesNote}</p>
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">1998</th>
            <th scope="col">{m.here}</th>
          </tr>
        </thead>
        <tbody>
          {m.changeRows.map(({ what, before, today }) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td data-label="1998">{before}</td>
              <td data-label={m.here}>{today}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>{m.costs}</h3>
      <p>{m.costsNote}</p>
      <table class="costs">
        <thead>
          <tr>
            <th scope="col">{m.onlyChange}</th>
            <th scope="col" class="number">
              {m.trainingError}
            </th>
            <th scope="col" class="number">
              {m.testError}
            </th>
          </tr>
        </thead>
        <tbody>
          {COSTS.map(({ change, training, test }) => (
            <tr key={change}>
              <th scope="row">{m.changesOf1998[change]}</th>
              <td class="number" data-label={m.trainingError}>
                {formatPercent(training / 100)}
              </td>
              <td class="number" data-label={m.testError}>
                {formatPercent(test / 100)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>{m.difference}</h3>
      <p>{m.differenceNote}</p>
      <Formula expression={DIFFERENCE} />
    </section>
  );
}
