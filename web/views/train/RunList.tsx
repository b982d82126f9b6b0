import { layerMessages } from "../../i18n/layers/index.js";
import { formatPercent } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import { LineSample } from "../../kit/LineChart.js";
import { runStyle } from "../../kit/palette.js";
import type { Run } from "../../state/run.js";
import { askToRemove, runs, selectedRun } from "../../state/runs.js";
import { duel, isReady, showRun } from "./controls.js";
import { rankingOf } from "./fleet.js";
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
  return (
    <li aria-current={isShown ? "true" : undefined}>
      <button type="button" class="show" onClick={() => showRun(run)} title={m.show(run.number)}>
        <LineSample style={runStyle(run.number)} />
        <strong>{m.run(run.number)}</strong>
        <span class="quiet">{statusText(run)}</span>
        <b>{accuracyText(run)}</b>
      </button>
      <p class="quiet">{describe(run)}</p>
      <Button icon="remove" label={m.remove(run.number)} onClick={() => askToRemove(run)} />
    </li>
  );
}

/** A run's best validation accuracy; for a fleet, the mean and the standard deviation. */
function accuracyText(run: Run): string {
  const ranking = rankingOf(run);
  if (!ranking) return "–";
  const { mean, std } = ranking.spread;
  return `${formatPercent(mean)}${std === undefined ? "" : ` ± ${(100 * std).toFixed(2)}`}`;
}

/** A run's settings in one line. */
function describe({ recipe, members, settings: { fields } }: Run): string {
  const m = messages();
  const { kinds, poolings } = layerMessages();
  return [
    m.sources[fields.data],
    m.recipes[fields.recipe],
    `${kinds[recipe.activation].name} + ${poolings[recipe.pooling].short}`,
    `${m.epochCount} ${recipe.epochs}`,
    members.length === 1 ? `${m.seed} ${fields.seed}` : m.seedsFrom(fields.seed, members[members.length - 1].seed),
    ...(fields.device === "gpu" ? [m.card] : []),
    ...(fields.lr === undefined ? [] : [`${m.learningRate} ${fields.lr}`]),
    ...(fields.batch === undefined ? [] : [`${m.batchSize} ${fields.batch}`]),
    ...(fields.dropout === undefined ? [] : [`${m.dropout} ${fields.dropout}`]),
    ...(fields.augment === undefined ? [] : [`${m.augmentation} ${fields.augment}`]),
    ...(fields.val === undefined ? [] : [`${m.validationFraction} ${fields.val}`]),
  ].join(" · ");
}
