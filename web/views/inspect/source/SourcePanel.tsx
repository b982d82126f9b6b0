import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { decodeImage } from "../../../../src/browser/index.js";
import { SOURCES, type Source } from "../../../address/inspectFields.js";
import { changeUrl } from "../../../address/url.js";
import { cameraFailures } from "../../../i18n/camera.js";
import { Button, Choice } from "../../../kit/controls.js";
import { type CameraFailure, squareOf, useCamera } from "../../../kit/useCamera.js";
import { messages } from "../messages/index.js";
import { parts } from "../state/choosableImages.js";
import { isCentred, source, type TakenImage, take, taken } from "../state/shownImage.js";
import { DataPicker } from "./DataPicker.js";
import { DrawPad } from "./DrawPad.js";
import { FilePicker } from "./FilePicker.js";

/** How an opened or captured image becomes the input: with light and dark swapped, and centred. */
export function Adjustments() {
  const image = taken.value;
  if (!image) return null;
  return (
    <div>
      <Centred />
      <Inverted image={image} />
    </div>
  );
}

/** Whether ink is centred as in MNIST. */
function Centred() {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isCentred.value}
        onChange={({ currentTarget }) => changeUrl({ inspectCentre: currentTarget.checked ? "on" : "off" })}
      />
      <span>{messages().centre}</span>
    </label>
  );
}

function Inverted({ image }: { readonly image: TakenImage }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={image.inverted}
        onChange={({ currentTarget }) => {
          taken.value = { ...image, inverted: currentTarget.checked };
        }}
      />
      <span>{messages().inverted}</span>
    </label>
  );
}

/** The side of a shot: larger than the network's input. */
const SIDE = 256;

/** Takes an image with the camera. */
export function CameraShot() {
  const m = messages();
  const video = useRef<HTMLVideoElement>(null);
  const failure = useSignal<CameraFailure | undefined>(undefined);
  useCamera(video, failure);
  if (failure.value) return <p class="notice">{cameraFailures()[failure.value]}</p>;
  const snap = async () => {
    if (video.current?.videoWidth) take(await decodeImage(await squareOf(video.current, SIDE)), "camera");
  };
  return (
    <div class="camera-shot">
      <video ref={video} muted playsInline aria-label={m.cameraImage} />
      <Button primary onClick={() => void snap()}>
        {m.snap}
      </Button>
      <p class="quiet">{m.cameraNote}</p>
      <Adjustments />
    </div>
  );
}

const SOURCE_VIEWS: Readonly<Record<Source, () => preact.JSX.Element | null>> = {
  draw: DrawPad,
  data: DataPicker,
  file: FilePicker,
  camera: CameraShot,
};

/** Chooses the source of the image. */
export function SourcePanel() {
  const m = messages();
  const SourceView = SOURCE_VIEWS[source.value];
  const available = SOURCES.filter((one) => one !== "data" || parts.value.length > 0);
  return (
    <section class="source" aria-label={m.image}>
      <Choice
        label={m.image}
        options={available.map((value) => ({ value, label: m.sources[value] }))}
        value={source.value}
        onChange={(inspectSource) => changeUrl({ inspectSource })}
      />
      <SourceView />
    </section>
  );
}
