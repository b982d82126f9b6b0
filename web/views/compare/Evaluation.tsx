import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { standardError } from "../../../src/report/numbers.js";
import type { Evaluation as Result } from "../../../src/training/metrics.js";
import { addressWith } from "../../address/url.js";
import { formatCount, formatLoss, formatPercent } from "../../i18n/numbers.js";
import { Button, Choice } from "../../kit/controls.js";
import { type Cell, Matrix } from "../../kit/Matrix.js";
import { CellImages } from "../../mistakes/CellImages.js";
import { messages as cellMessages } from "../../mistakes/messages/index.js";
import { type Network, network } from "../../state/currentNetwork.js";
import { dataState, type LoadedData } from "../../state/loadedData.js";
import { heldOut } from "../../state/settings.js";
import type { SurveyedImages } from "../../state/survey.js";
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
      <Outcome of={nameOf(shown)} shown={shown} data={data} />
    </section>
  );
}

interface OutcomeProps {
  readonly of: string;
  readonly shown: Network;
  readonly data: LoadedData | undefined;
}

/** The result of the newest evaluation, if it is of the shown network. */
function Outcome({ of, shown, data }: OutcomeProps) {
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
      return state.of === of ? (
        <Figures evaluation={state.evaluation} images={state.images} shown={shown} data={data} />
      ) : null;
  }
}

/** The images of an evaluation. */
function imagesOf(shown: Network, data: LoadedData, images: EvaluationImages): SurveyedImages {
  const dataset = data.parts.train;
  const indices =
    images === "validation" ? heldOut(data, settingsFor(shown)) : Uint32Array.from(dataset.labels, (_, index) => index);
  return { dataset, indices };
}

interface FiguresProps {
  readonly evaluation: Result;
  readonly images: EvaluationImages;
  readonly shown: Network;
  readonly data: LoadedData | undefined;
}

function Figures({ evaluation, images, shown, data }: FiguresProps) {
  const { accuracy, correct, total, loss, perClass, confusion } = evaluation;
  const m = messages();
  const cell = useSignal<Cell | undefined>(undefined);
  const surveyed = useMemo(() => data && imagesOf(shown, data, images), [shown.origin.number, data, images]);
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
        cells={
          surveyed && {
            label: cellMessages().cell,
            shown: cell.value,
            onShow: (chosen) => {
              cell.value = chosen;
            },
          }
        }
      />
      {cell.value && surveyed && (
        <CellImages
          network={shown}
          images={surveyed}
          part={images === "validation" && shown.origin.type === "run" ? "validation" : "train"}
          cell={cell.value}
          onClose={() => {
            cell.value = undefined;
          }}
        />
      )}
    </>
  );
}
