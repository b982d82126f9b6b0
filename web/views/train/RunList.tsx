import { layerMessages } from "../../i18n/layers/index.js";
import { formatPercent } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import { LineSample } from "../../kit/LineChart.js";
import { runStyle } from "../../kit/palette.js";
import type { Run } from "../../state/run.js";
import { removeRun, runs, selectedRun } from "../../state/runs.js";
import { duel, isReady, showRun } from "./controls.js";
import { messages } from "./messages/index.js";
import { statusText } from "./Transport.js";

/** All runs with their settings. */
export function RunList() {
  const m = messages();
  return (
    <section class="runs">
      <h2>{m.runs}</h2>
      {runs.value.length === 0 ? (
        <p class="quiet">{m.noRuns}</p>
      ) : (
        <ol>
          {runs.value.map((run) => (
            <RunItem key={run.number} run={run} />
          ))}
        </ol>
      )}
      <div class="duel">
        <Button disabled={!isReady.value} onClick={duel}>
          {m.duel}
        </Button>
        <p class="quiet">{m.duelNote}</p>
      </div>
    </section>
  );
}

function RunItem({ run }: { readonly run: Run }) {
  const m = messages();
  const isShown = run === selectedRun.value;
  const best = run.epochs.value.find(({ epoch }) => epoch === run.bestEpoch.value);
  return (
    <li aria-current={isShown ? "true" : undefined}>
      <button type="button" class="show" onClick={() => showRun(run)} title={m.show(run.number)}>
        <LineSample style={runStyle(run.number)} />
        <strong>{m.run(run.number)}</strong>
        <span class="quiet">{statusText(run)}</span>
        <b>{best ? formatPercent(best.validationAccuracy) : "–"}</b>
      </button>
      <p class="quiet">{describe(run)}</p>
      <Button icon="remove" label={m.remove(run.number)} onClick={() => removeRun(run)} />
    </li>
  );
}

/** A run's settings in one line. */
function describe({ recipe, settings: { fields } }: Run): string {
  const m = messages();
  const { kinds, poolings } = layerMessages();
  return [
    m.sources[fields.data],
    m.recipes[fields.recipe],
    `${kinds[recipe.activation].name} + ${poolings[recipe.pooling].short}`,
    `${m.epochCount} ${recipe.epochs}`,
    `${m.seed} ${fields.seed}`,
    ...(fields.lr === undefined ? [] : [`${m.learningRate} ${fields.lr}`]),
    ...(fields.batch === undefined ? [] : [`${m.batchSize} ${fields.batch}`]),
    ...(fields.dropout === undefined ? [] : [`${m.dropout} ${fields.dropout}`]),
    ...(fields.augment === undefined ? [] : [`${m.augmentation} ${fields.augment}`]),
    ...(fields.val === undefined ? [] : [`${m.validationFraction} ${fields.val}`]),
  ].join(" · ");
}
