import { effect, useComputed, useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { changeUrl, url } from "../../../address/url.js";
import { useScale, useWidth } from "../../../kit/hooks.js";
import { askSurvey, surveyOf, surveyState } from "../../../state/survey.js";
import { project } from "../../../worker/inspect/principal.js";
import { canvasColors } from "../layers/colors.js";
import { ARROWS } from "../layers/keyboard.js";
import { prepare } from "../layers/paint.js";
import { messages } from "../messages/index.js";
import { isLabelled, unfiltered } from "../state/choosableImages.js";
import { response } from "../state/response.js";
import { shownNetwork, shownRun, structure } from "../state/shownNetwork.js";
import { type Frame, frameOf, nearestPoint, nextPoint, placeIn } from "./scatter.js";

/** The most images in the plane. */
const MOST = 1500;
/** A point can be picked from this many pixels away. */
const REACH = 14;

/** The images in the plane in which the values of the last layer before the output vary most; each can be picked. */
export function EmbeddingPanel() {
  const m = messages();
  const [box, pixels] = useWidth<HTMLDivElement>();
  const scale = useScale();
  const width = pixels / scale;
  const canvas = useRef<HTMLCanvasElement>(null);
  const images = useComputed(() => {
    const part = unfiltered.value;
    if (!part || !isLabelled.value) return undefined;
    const count = Math.min(MOST, part.indices.length);
    const indices = Uint32Array.from(
      { length: count },
      (_, place) => part.indices[Math.floor((place * part.indices.length) / count)],
    );
    return { dataset: part.dataset, indices };
  });
  useSignalEffect(() => {
    if (shownNetwork.value && images.value && shownRun.value?.status.value !== "running") {
      askSurvey(shownNetwork.value, images.value);
    }
  });
  const shown = useComputed(() => surveyOf(shownNetwork.value?.parameters, images.value));
  /** Where the image on display is in the plane. */
  const here = useComputed(() => {
    const { papers } = structure.value ?? {};
    const paper = papers?.[Math.max(0, papers.length - 2)];
    const features = paper && response.value?.values[paper.last + 1];
    return shown.value && features ? project(shown.value.survey.principal, features) : undefined;
  });
  const draw = () => {
    if (!canvas.current || width === 0 || !shown.value) return;
    const side = Math.floor(pixels * devicePixelRatio);
    const context = prepare(canvas.current, side, side);
    if (!context) return;
    context.scale(scale * devicePixelRatio, scale * devicePixelRatio);
    paint(context, frameOf(shown.value.survey.coordinates, width));
    context.setTransform(1, 0, 0, 1, 0, 0);
  };
  const paint = (context: CanvasRenderingContext2D, frame: Frame) => {
    if (!shown.value) return;
    const { survey, images: of } = shown.value;
    const { quiet, warning, mark, halo } = canvasColors.value;
    const { classes } = of.dataset;
    context.font = `10px ${getComputedStyle(context.canvas).fontFamily}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    of.indices.forEach((index, place) => {
      const label = of.dataset.labels[index];
      const [x, y] = placeIn(frame, survey.coordinates[2 * place], survey.coordinates[2 * place + 1]);
      const isWrong = survey.predictions[place] !== label;
      context.fillStyle = isWrong ? warning : quiet;
      context.fillText(initialOf(classes, label), x, y);
      if (!isWrong) return;
      context.strokeStyle = warning;
      context.strokeRect(x - 6, y - 6.5, 12, 12);
    });
    if (!here.value) return;
    const [x, y] = placeIn(frame, here.value[0], here.value[1]);
    for (const [color, line] of [
      [halo, 5],
      [mark, 2],
    ] as const) {
      context.strokeStyle = color;
      context.lineWidth = line;
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      context.moveTo(x - 14, y);
      context.lineTo(x + 14, y);
      context.moveTo(x, y - 14);
      context.lineTo(x, y + 14);
      context.stroke();
    }
  };
  useLayoutEffect(() => effect(draw));
  const pick = (place: number | undefined) => {
    if (place === undefined || !shown.value) return;
    const inspectIndex = shown.value.images.indices[place];
    changeUrl({ inspectSource: "data", inspectClass: undefined, inspectIndex }, "replace");
  };
  const state = surveyState.value;
  if (!images.value) return <p class="quiet">{m.noData}</p>;
  const move = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (!arrow || !shown.value) return;
    event.preventDefault();
    const current = shown.value.images.indices.indexOf(url.value.inspectIndex ?? -1);
    pick(nextPoint(shown.value.survey.coordinates, Math.max(0, current), arrow));
  };
  return (
    <div class="embedding-panel">
      <p class="quiet">{m.embeddingNote(shown.value?.images.indices.length ?? images.value.indices.length)}</p>
      {!shown.value && (
        <progress value={state.type === "running" ? state.share : undefined} max={1} aria-label={m.surveying} />
      )}
      {state.type === "failed" && <p role="alert">{state.message}</p>}
      <div ref={box}>
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys pick its images */}
        <canvas
          ref={canvas}
          class="units"
          role="application"
          tabIndex={0}
          aria-label={m.embeddingLabel}
          data-name={m.panels.embedding}
          onKeyDown={move}
          onClick={({ offsetX, offsetY }) => {
            if (!shown.value) return;
            const { coordinates } = shown.value.survey;
            pick(nearestPoint(coordinates, frameOf(coordinates, width), offsetX / scale, offsetY / scale, REACH));
          }}
        />
      </div>
      <p class="quiet">{m.embeddingKey}</p>
    </div>
  );
}

/** The class's name if it is a character, otherwise its first letter or, if others begin with it too, its number. */
function initialOf(classes: readonly string[], label: number): string {
  const first = [...(classes[label] ?? "?")][0];
  return classes.some((name, index) => index !== label && [...name][0] === first) ? String(label) : first;
}
