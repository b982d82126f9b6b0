import { formatLoss, formatPercent } from "../../i18n/numbers.js";
import { ScrollRegion } from "../../kit/ScrollRegion.js";
import { runs } from "../../state/runs.js";
import { messages } from "./messages/index.js";

/** The curves as numbers, one row per epoch, for screen readers. */
export function CurvesTable() {
  const m = messages();
  return (
    <details>
      <summary>{m.asTable}</summary>
      {runs.value.map(({ number, epochs }) => (
        <ScrollRegion key={number} label={m.run(number)}>
          <table class="numbers">
            <caption>{m.run(number)}</caption>
            <thead>
              <tr>
                {[m.epoch, m.trainLoss, m.validationLoss, m.trainAccuracy, m.validationAccuracy].map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {epochs.value.map((record) => (
                <tr key={record.epoch}>
                  <th scope="row">{record.epoch}</th>
                  <td>{formatLoss(record.trainLoss)}</td>
                  <td>{formatLoss(record.validationLoss)}</td>
                  <td>{formatPercent(record.trainAccuracy)}</td>
                  <td>{formatPercent(record.validationAccuracy)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      ))}
    </details>
  );
}
