import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { cameraFailures } from "../../../i18n/camera.js";
import { Button } from "../../../kit/controls.js";
import { Dialog } from "../../../kit/Dialog.js";
import { type CameraFailure, squareOf, useCamera } from "../../../kit/useCamera.js";
import type { LabelledImage } from "../../../worker/data/protocol.js";
import { messages } from "../messages/index.js";

export interface CameraProps {
  readonly open: Signal<boolean>;
  readonly onImages: (images: readonly LabelledImage[]) => void;
}

/** A class being recorded. */
interface RecordedClass {
  readonly name: string;
  readonly images: readonly ImageBitmap[];
}

/** The interval between images while a button is held. */
const MILLISECONDS = 120;
/** The side of the stored images: larger than the network's input. */
const SIDE = 128;

/** A dialog that takes images, class by class. */
export function Camera({ open, onImages }: CameraProps) {
  const m = messages();
  return (
    <Dialog open={open} title={m.cameraTitle} close={m.close}>
      <Recorder
        onImages={(images) => {
          onImages(images);
          open.value = false;
        }}
      />
    </Dialog>
  );
}

function Recorder({ onImages }: Pick<CameraProps, "onImages">) {
  const m = messages();
  const video = useRef<HTMLVideoElement>(null);
  const failure = useSignal<CameraFailure | undefined>(undefined);
  const classes = useSignal<readonly RecordedClass[]>(
    [1, 2].map((number) => ({ name: m.className(number), images: [] })),
  );
  useCamera(video, failure);
  const change = (place: number, changes: Partial<RecordedClass>) => {
    classes.value = classes.value.map((one, index) => (index === place ? { ...one, ...changes } : one));
  };
  const record = async (place: number) => {
    if (!video.current?.videoWidth) return;
    const image = await squareOf(video.current, SIDE);
    change(place, { images: [...classes.value[place].images, image] });
  };
  if (failure.value) return <p class="notice">{cameraFailures()[failure.value]}</p>;
  return (
    <div class="camera">
      <p>{m.cameraNote}</p>
      <video ref={video} muted playsInline />
      {classes.value.map(({ name, images }, place) => (
        <div class="pair" key={place}>
          <input
            type="text"
            aria-label={m.className(place + 1)}
            value={name}
            onInput={({ currentTarget }) => change(place, { name: currentTarget.value })}
          />
          <HeldButton label={m.record(name)} note={m.imageCount(images.length)} onHold={() => void record(place)} />
        </div>
      ))}
      <div class="buttons">
        <Button
          onClick={() => {
            classes.value = [...classes.value, { name: m.className(classes.value.length + 1), images: [] }];
          }}
        >
          {m.addClass}
        </Button>
        <Button
          primary
          disabled={classes.value.filter(({ images }) => images.length > 0).length < 2}
          onClick={() =>
            onImages(classes.value.flatMap(({ name, images }) => images.map((image) => ({ label: name, image }))))
          }
        >
          {m.useThese}
        </Button>
      </div>
    </div>
  );
}

interface HeldButtonProps {
  readonly label: string;
  readonly note: string;
  readonly onHold: () => void;
}

/** A button that repeats an action while it is held, by pointer or key. */
function HeldButton({ label, note, onHold }: HeldButtonProps) {
  const timer = useRef<number | undefined>(undefined);
  const release = () => {
    clearInterval(timer.current);
    timer.current = undefined;
  };
  const hold = () => {
    if (timer.current !== undefined) return;
    onHold();
    timer.current = setInterval(onHold, MILLISECONDS);
  };
  useEffect(() => release, []);
  const isHolding = ({ key }: KeyboardEvent) => key === " " || key === "Enter";
  return (
    <button
      type="button"
      class="button"
      aria-label={label}
      onPointerDown={hold}
      onPointerUp={release}
      onPointerLeave={release}
      onKeyDown={(event) => isHolding(event) && hold()}
      onKeyUp={(event) => isHolding(event) && release()}
      onBlur={release}
    >
      {note}
    </button>
  );
}
