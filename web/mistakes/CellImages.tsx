import { useEffect, useRef } from "preact/hooks";
import type { Dataset } from "../../src/data/dataset.js";
import type { Part } from "../address/inspectFields.js";
import { changeUrl } from "../address/url.js";
import { formatPercent } from "../i18n/numbers.js";
import { Button } from "../kit/controls.js";
import { imageOf } from "../kit/ImageSheet.js";
import type { Cell } from "../kit/Matrix.js";
import type { Network } from "../state/currentNetwork.js";
import { askSurvey, type SurveyedImages, surveyOf, surveyState } from "../state/survey.js";
import { messages } from "./messages/index.js";

/** The most images shown of a cell. */
const MOST = 60;

export interface CellImagesProps {
  readonly network: Network;
  readonly images: SurveyedImages;
  /** The part that they are, which Look inside shows. */
  readonly part: Part;
  readonly cell: Cell;
  readonly onClose: () => void;
}

/** The images of a cell of a confusion matrix; one that is chosen goes to Look inside. */
export function CellImages({ network, images, part, cell, onClose }: CellImagesProps) {
  const m = messages();
  useEffect(() => askSurvey(network, images), [network.parameters, images.dataset, images.indices]);
  const state = surveyState.value;
  const [truth, predicted] = [cell.truth, cell.predicted].map((index) => network.classes[index] ?? String(index));
  const of = surveyOf(network.parameters, images);
  const found = of
    ? [...of.images.indices.entries()]
        .filter(
          ([place, index]) =>
            images.dataset.labels[index] === cell.truth && of.survey.predictions[place] === cell.predicted,
        )
        .map(([place, index]) => ({ index, confidence: of.survey.confidences[place] }))
        .toSorted((one, other) => other.confidence - one.confidence)
    : undefined;
  return (
    <section class="cell-images" aria-label={m.title(truth, predicted, found?.length ?? 0)}>
      {!found && <progress value={state.type === "running" ? state.share : undefined} max={1} aria-label={m.looking} />}
      {state.type === "failed" && <p role="alert">{state.message}</p>}
      {found && (
        <>
          <p role="status">
            <strong>{m.title(truth, predicted, found.length)}</strong>
          </p>
          <p class="quiet">
            {found.length === 0 ? m.none : m.hint} {found.length > MOST && m.first(MOST)}
          </p>
          <ul>
            {found.slice(0, MOST).map(({ index, confidence }) => (
              <li key={index}>
                <button
                  type="button"
                  aria-label={m.image(index, formatPercent(confidence))}
                  title={formatPercent(confidence)}
                  onClick={() => lookInside(index, part)}
                >
                  <Thumbnail dataset={images.dataset} index={index} />
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      <div class="buttons">
        <Button onClick={onClose}>{m.close}</Button>
      </div>
    </section>
  );
}

/** Shows an image of the data in Look inside, with the reasons for its class. */
function lookInside(index: number, part: Part): void {
  changeUrl({
    view: "inspect",
    inspectSource: "data",
    inspectPart: part,
    inspectIndex: index,
    inspectClass: undefined,
    inspectPanel: "why",
  });
}

function Thumbnail({ dataset, index }: { readonly dataset: Dataset; readonly index: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    ref.current?.getContext("2d")?.putImageData(imageOf(dataset, index), 0, 0);
  }, [dataset, index]);
  return <canvas ref={ref} width={dataset.width} height={dataset.height} />;
}
