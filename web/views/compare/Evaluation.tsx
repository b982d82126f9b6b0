import { useSignal } from "@preact/signals";
import { standardError } from "../../../src/report/numbers.js";
import type { Evaluation as Result } from "../../../src/training/metrics.js";
import { addressWith } from "../../address/url.js";
import { formatCount, formatLoss, formatPercent } from "../../i18n/numbers.js";
import { Button, Choice } from "../../kit/controls.js";
import { Matrix } from "../../kit/Matrix.js";
import { network } from "../../state/currentNetwork.js";
import { dataState } from "../../state/loadedData.js";
import { type EvaluationImages, evaluate, evaluationState, misfit, nameOf, settingsFor } from "./evaluate.js";
import { messages } from "./messages/index.js";

const EVALUATION_IMAGES = ["validation", "all"] as const;

/** Evaluates the shown network on the images in memory. */
export function Evaluation() {
  const m = messages();
  const images = useSignal<EvaluationImages>("validation");
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
            label={m.evaluateOn(data.parts.train.name)}
            options={EVALUATION_IMAGES.map((value) => ({ value, label: m.chosenImages[value] }))}
            value={images.value}
            onChange={(value) => {
              images.value = value;
            }}
          />
          <p class="quiet">{m.chosenImagesNotes[images.value](settingsFor(shown).seed)}</p>
          <div class="buttons">
            <Button
              primary
              disabled={evaluationState.value.type === "running"}
              onClick={() => evaluate(shown, data, images.value)}
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
      return state.of === of ? <Figures evaluation={state.evaluation} images={state.images} /> : null;
  }
}

interface FiguresProps {
  readonly evaluation: Result;
  readonly images: EvaluationImages;
}

function Figures({ evaluation: { accuracy, correct, total, loss, perClass, confusion }, images }: FiguresProps) {
  const m = messages();
  const error = (100 * standardError(accuracy, total)).toFixed(2);
  return (
    <>
      <p class="accuracy" role="status">
        <strong>{formatPercent(accuracy)}</strong> ± {error}
        <small>
          {m.outcome(formatCount(correct), formatCount(total), m.chosenImages[images])} {m.lossOf(formatLoss(loss))}
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
