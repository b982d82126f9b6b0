import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { receptiveFields, unitBlock } from "../../src/model/index.js";
import { Button } from "../kit/controls.js";
import { sceneColors } from "../scene/colors.js";
import { hasMaps } from "../scene/layout.js";
import { inputImage } from "../scene/paint.js";
import { usePen } from "../scene/usePen.js";
import {
  beginStroke,
  camera,
  clearPad,
  endStroke,
  extendStroke,
  givenImage,
  openCamera,
  strokes,
  undoStroke,
} from "./image.js";
import { type PadMark, padMarks } from "./marks.js";
import { messages } from "./messages/index.js";
import { namesOf, type Subject } from "./subject.js";

type CameraModule = typeof import("./Camera.js");

/** The camera's part of the pad, once it has been loaded. */
const Camera = signal<CameraModule["Camera"] | undefined>(undefined);

const STROKES = { begin: beginStroke, extend: extendStroke, end: endStroke };

export interface PadProps {
  /** The network that takes its image; the first of several. */
  readonly subject: Subject;
  /** In CSS pixels; undefined where it stands beside the answer. */
  readonly top: number | undefined;
}

/** The pad: the network's input, which a pointer draws on. */
export function Pad({ subject, top }: PadProps) {
  const m = messages();
  const pen = usePen(STROKES, "network-stroke");
  const canvas = useCanvas(subject, subject.padPixels);
  const seen = useCanvas(subject, subject.inputPixels);
  const given = givenImage.value?.dataset;
  const label = given ? m.padImage(namesOf(given.classes)[given.labels[0]]) : m.pad;
  const isFilming = camera.value !== "off";
  return (
    <div
      class={`network-pad${isFilming ? " is-filming" : ""}${padMarks.value.length > 0 ? " has-marks" : ""}`}
      style={top === undefined ? {} : { top: `${top}px` }}
    >
      {isFilming && Camera.value && <Camera.value subject={subject} />}
      <div class="network-framed">
        <canvas ref={canvas} class="network-paper" role="img" aria-label={label} {...pen} />
        {!subject.isMoved.value && <Window subject={subject} />}
        {padMarks.value.map(({ name, ...window }) => (
          <span key={name} class="pad-mark" style={windowStyle(window)} aria-hidden="true">
            <span>{name}</span>
          </span>
        ))}
      </div>
      <div class="network-under">
        <p aria-hidden="true">{m.drawHere}</p>
        {!given && (
          <Button disabled={strokes.value.length === 0} onClick={undoStroke}>
            {m.undo}
          </Button>
        )}
        <Button disabled={subject.isBlank.value} onClick={clearPad}>
          {m.clear}
        </Button>
        <div class="network-use-camera">
          <Button
            icon="camera"
            label={m.useCamera}
            onClick={() => {
              void import("./Camera.js").then((module) => {
                Camera.value = module.Camera;
                openCamera();
              });
            }}
          />
        </div>
      </div>
      <figure class="network-seen" hidden={!isFilming && (!subject.isMoved.value || subject.isBlank.value)}>
        <div class="network-framed">
          <canvas ref={seen} role="img" aria-label={m.seen} />
          {subject.isMoved.value && <Window subject={subject} />}
        </div>
        <figcaption>{m.seen}</figcaption>
      </figure>
    </div>
  );
}

/** What the chosen unit sees of the image. */
function Window({ subject }: { readonly subject: Subject }) {
  const { structure, chosen } = subject.picture.value;
  const stage = chosen && structure.stages[chosen.stage];
  if (!chosen || !stage || !hasMaps(stage)) return null;
  const { output } = structure.layers[stage.main];
  const [{ rows, columns }] = receptiveFields(structure.layers, stage.main, unitBlock(output, chosen.index));
  const { height, width } = subject.inputShape.value;
  const window = {
    top: rows.first / height,
    left: columns.first / width,
    height: (rows.last - rows.first + 1) / height,
    width: (columns.last - columns.first + 1) / width,
  };
  return <span class="network-window" style={windowStyle(window)} aria-hidden="true" />;
}

/** The place of a window, given as shares of the image. */
function windowStyle({ top, left, height, width }: Omit<PadMark, "name">) {
  const percent = (share: number) => `${100 * share}%`;
  return { top: percent(top), left: percent(left), height: percent(height), width: percent(width) };
}

/** A canvas with an image in the network's size. */
function useCanvas({ inputShape, background }: Subject, pixels: ReadonlySignal<Uint8Array>) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(
    () =>
      effect(() => {
        const image = inputImage(pixels.value, inputShape.value, background.value, sceneColors.value);
        const element = canvas.current;
        if (!element) return;
        if (element.width !== image.width) element.width = image.width;
        if (element.height !== image.height) element.height = image.height;
        element.getContext("2d")?.putImageData(image, 0, 0);
      }),
    [inputShape, background, pixels],
  );
  return canvas;
}
