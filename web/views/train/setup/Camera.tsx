import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../../../kit/Button.js";
import { Dialog } from "../../../kit/Dialog.js";
import type { LabelledPicture } from "../../../worker/data/protocol.js";
import { messages } from "../messages/index.js";

export interface CameraProps {
  readonly open: Signal<boolean>;
  readonly onPictures: (pictures: readonly LabelledPicture[]) => void;
}

/** A class that is being recorded. */
interface RecordedClass {
  readonly name: string;
  readonly pictures: readonly ImageBitmap[];
}

/** Between two pictures while a button is held. */
const MILLISECONDS = 120;
/** The side that pictures are kept at: more than the network sees. */
const SIDE = 128;

/** A dialog in which pictures are taken, class by class. */
export function Camera({ open, onPictures }: CameraProps) {
  const m = messages();
  return (
    <Dialog open={open} title={m.cameraTitle} close={m.close}>
      <Recorder
        onPictures={(pictures) => {
          onPictures(pictures);
          open.value = false;
        }}
      />
    </Dialog>
  );
}

function Recorder({ onPictures }: Pick<CameraProps, "onPictures">) {
  const m = messages();
  const video = useRef<HTMLVideoElement>(null);
  const hasFailed = useSignal(false);
  const classes = useSignal<readonly RecordedClass[]>(
    [1, 2].map((number) => ({ name: m.className(number), pictures: [] })),
  );
  useCamera(video, hasFailed);
  const change = (place: number, changes: Partial<RecordedClass>) => {
    classes.value = classes.value.map((one, index) => (index === place ? { ...one, ...changes } : one));
  };
  const record = async (place: number) => {
    if (!video.current?.videoWidth) return;
    const picture = await squareOf(video.current);
    change(place, { pictures: [...classes.value[place].pictures, picture] });
  };
  if (hasFailed.value) return <p class="notice">{m.cameraFailed}</p>;
  return (
    <div class="camera">
      <p>{m.cameraNote}</p>
      <video ref={video} muted playsInline />
      {classes.value.map(({ name, pictures }, place) => (
        <div class="pair" key={place}>
          <input
            type="text"
            aria-label={m.className(place + 1)}
            value={name}
            onInput={({ currentTarget }) => change(place, { name: currentTarget.value })}
          />
          <HeldButton label={m.record(name)} note={m.pictureCount(pictures.length)} onHold={() => void record(place)} />
        </div>
      ))}
      <div class="buttons">
        <Button
          onClick={() => {
            classes.value = [...classes.value, { name: m.className(classes.value.length + 1), pictures: [] }];
          }}
        >
          {m.addClass}
        </Button>
        <Button
          primary
          disabled={classes.value.filter(({ pictures }) => pictures.length > 0).length < 2}
          onClick={() =>
            onPictures(
              classes.value.flatMap(({ name, pictures }) => pictures.map((picture) => ({ label: name, picture }))),
            )
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

/** A button that does something again and again while it is held, with a pointer or a key. */
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

/** Shows the camera in a video element while it is on the page. */
function useCamera(video: { readonly current: HTMLVideoElement | null }, hasFailed: Signal<boolean>): void {
  useEffect(() => {
    let stream: MediaStream | undefined;
    let isGone = false;
    const start = async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 }, audio: false });
        if (isGone) return stop();
        if (!video.current) return;
        video.current.srcObject = stream;
        await video.current.play();
      } catch {
        hasFailed.value = true;
      }
    };
    const stop = () => {
      isGone = true;
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    void start();
    return stop;
  }, [video, hasFailed]);
}

/** The middle of what the camera sees, as a square. */
function squareOf(video: HTMLVideoElement): Promise<ImageBitmap> {
  const { videoWidth: width, videoHeight: height } = video;
  const side = Math.min(width, height);
  const options = { resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: "medium" } as const;
  return createImageBitmap(video, (width - side) / 2, (height - side) / 2, side, side, options);
}
