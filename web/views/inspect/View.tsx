import "./detail/detail.css";
import "./inspect.css";
import "./layers/layers.css";
import "./source/source.css";
import "./start.css";
import { changeUrl, url } from "../../address/url.js";
import { useLiveParameters } from "../../state/live.js";
import { useShortcuts } from "../../state/shortcuts.js";
import { Detail } from "./detail/Detail.js";
import { useTypical } from "./detail/typical.js";
import { InputRow } from "./layers/InputRow.js";
import { LayerRow } from "./layers/LayerRow.js";
import { OutputRow, Prediction } from "./layers/OutputRow.js";
import { messages } from "./messages/index.js";
import { RunBar } from "./RunBar.js";
import { Start } from "./Start.js";
import { linkFailure, useShared } from "./sharing.js";
import { useGivenImage } from "./source/FilePicker.js";
import { SourcePanel } from "./source/SourcePanel.js";
import { chooseRandom } from "./state/choosableImages.js";
import { clearDrawing, undoStroke } from "./state/shownImage.js";
import { shownRun, structure, timelinePlace } from "./state/shownNetwork.js";
import { showSteps, stepsDone } from "./state/steps.js";
import { Whole } from "./Whole.js";

const SHORTCUTS = {
  title: () => messages().title,
  shortcuts: [
    { key: "c", label: () => messages().doClear, act: clearDrawing },
    { key: "u", label: () => messages().doUndo, act: undoStroke },
    { key: "r", label: () => messages().doRandom, act: chooseRandom },
    {
      key: "a",
      label: () => messages().doMoment,
      act: () => changeUrl({ inspectMoment: url.value.inspectMoment === "after" ? "before" : "after" }),
    },
    { key: ".", label: () => messages().doStepForward, act: () => showSteps((stepsDone.value ?? 0) + 1) },
    { key: ",", label: () => messages().doStepBack, act: () => showSteps((stepsDone.value ?? 0) - 1) },
  ],
};

/** The view "Look inside": input and output, the layers in between, and the details of one unit. */
export function View() {
  const m = messages();
  useShortcuts(SHORTCUTS);
  useGivenImage();
  useLiveParameters(() => (timelinePlace.value === undefined ? shownRun.value : undefined));
  useTypical();
  useShared();
  const current = structure.value;
  return (
    <div class={current ? "inspect lit" : "inspect"}>
      <header class="lead">
        <h1>{m.title}</h1>
        {!current && <p>{m.lead}</p>}
        {linkFailure.value && (
          <p class="notice" role="alert">
            {linkFailure.value}
          </p>
        )}
      </header>
      {current ? <Network {...current} /> : <Start />}
    </div>
  );
}

function Network({ layers, papers }: NonNullable<typeof structure.value>) {
  return (
    <>
      <RunBar />
      <Whole />
      <div class="ends">
        <SourcePanel />
        <Prediction />
        {papers.map(
          (paper, position) =>
            paper.kind === "output" && <OutputRow key={paper.term} paper={paper} position={position} />,
        )}
      </div>
      <div class="layers">
        <InputRow />
        {papers.map(
          (paper, position) =>
            paper.kind !== "output" && <LayerRow key={paper.term} layers={layers} paper={paper} position={position} />,
        )}
      </div>
      <Detail />
    </>
  );
}
