import { useSignal } from "@preact/signals";
import { standardError } from "../../../src/report/numbers.js";
import type { Evaluation as Result } from "../../../src/training/metrics.js";
import { addressWith } from "../../address/url.js";
import { formatCount, formatLoss, formatPercent } from "../../i18n/numbers.js";
import { Button } from "../../kit/Button.js";
import { Choice } from "../../kit/Choice.js";
import { Matrix } from "../../kit/Matrix.js";
import { network } from "../../state/currentNetwork.js";
import { dataState } from "../../state/loadedData.js";
import { evaluate, evaluationState, type Judged, misfit, nameOf, settingsFor } from "./evaluate.js";
import { messages } from "./messages/index.js";

const JUDGED = ["validation", "all"] as const;

/** Evaluates the shown network on the images in memory. */
export function Evaluation() {
  const m = messages();
  const judged = useSignal<Judged>("validation");
  const shown = network.value;
  const data = dataState.value.type === "ready" ? dataState.value.data : undefined;
  if (!shown) return null;
  const fault = data && misfit(shown, data);
  return (
    <section class="evaluation">
      <h2>{m.evaluation}</h2>
      {!data && (
        <p class="quiet">
          {m.noData} <a href={addressWith({ view: "train" })}>{m.toData}</a>
        </p>
      )}
      {data && fault && <p class="quiet">{m.misfits[fault](data.parts.train.name)}</p>}
      {data && !fault && (
        <>
          <Choice
            label={m.judgedBy(data.parts.train.name)}
            options={JUDGED.map((value) => ({ value, label: m.judged[value] }))}
            value={judged.value}
            onChange={(value) => {
              judged.value = value;
            }}
          />
          <p class="quiet">{m.judgedNotes[judged.value](settingsFor(shown).seed)}</p>
          <div class="buttons">
            <Button
              primary
              disabled={evaluationState.value.type === "running"}
              onClick={() => evaluate(shown, data, judged.value)}
            >
              {m.evaluate}
            </Button>
          </div>
        </>
      )}
      <Outcome of={nameOf(shown)} />
    </section>
  );
}

/** The result of the newest evaluation, if it is of the shown network. */
function Outcome({ of }: { readonly of: string }) {
  const m = messages();
  const state = evaluationState.value;
  switch (state.type) {
    case "none":
      return null;
    case "running":
      return <progress value={state.progress?.done} max={state.progress?.total ?? 1} aria-label={m.evaluating} />;
    case "failed":
      return (
        <p class="notice" role="alert">
          {state.message}
        </p>
      );
    case "done":
      return state.of === of ? <Figures evaluation={state.evaluation} judged={state.judged} /> : null;
  }
}

interface FiguresProps {
  readonly evaluation: Result;
  readonly judged: Judged;
}

function Figures({ evaluation: { accuracy, correct, total, loss, perClass, confusion }, judged }: FiguresProps) {
  const m = messages();
  const error = (100 * standardError(accuracy, total)).toFixed(2);
  return (
    <>
      <p class="accuracy" role="status">
        <strong>{formatPercent(accuracy)}</strong> ± {error}
        <small>
          {m.outcome(formatCount(correct), formatCount(total), m.judged[judged])} {m.lossOf(formatLoss(loss))}
        </small>
      </p>
      <Matrix
        caption={m.confusion}
        classes={perClass.map(({ label }) => label)}
        counts={confusion}
        trueLabel={m.trueClass}
        predictedLabel={m.predictedClass}
      />
    </>
  );
}
