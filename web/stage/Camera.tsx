import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { decodeImage } from "../../src/browser/index.js";
import { cameraFailures } from "../i18n/camera.js";
import { Button } from "../kit/controls.js";
import { type CameraFailure, squareOf, useCamera } from "../kit/useCamera.js";
import { photographed } from "../scene/photograph.js";
import { camera, captured, closeCamera } from "./image.js";
import { messages } from "./messages/index.js";
import type { Subject } from "./subject.js";

/** The interval between the images that the network reads. */
const MILLISECONDS = 100;
/** The side of such an image: larger than the network's input. */
const SIDE = 112;
/** The frame's side, as a share of the picture's, at first and at least. */
const FRAME = { initial: 0.7, least: 0.25 };

/** The camera on the pad: the network reads what is within the frame, several times a second. */
export function Camera({ subject }: { readonly subject: Subject }) {
  const m = messages();
  const id = useId();
  const video = useRef<HTMLVideoElement>(null);
  const failure = useSignal<CameraFailure | undefined>(undefined);
  const share = useSignal(FRAME.initial);
  useCamera(video, failure);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let isGone = false;
    const look = async () => {
      const element = video.current;
      if (element?.videoWidth && camera.peek() === "live") {
        const image = await decodeImage(await squareOf(element, SIDE, share.peek()));
        const source = { width: image.width, height: image.height, rgba: new Uint8Array(image.data.buffer) };
        if (!isGone && camera.peek() === "live") {
          captured.value = photographed(
            source,
            subject.inputShape.peek(),
            subject.background.peek(),
            subject.areDigits.peek(),
          );
        }
      }
      if (!isGone) timer = setTimeout(look, MILLISECONDS);
    };
    void look();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [subject, share]);
  const isHeld = camera.value === "held";
  return (
    <div class="network-camera">
      <div class="network-film">
        <video ref={video} muted playsInline aria-label={m.cameraPicture} hidden={failure.value !== undefined} />
        {failure.value ? (
          <p role="alert">{cameraFailures()[failure.value]}</p>
        ) : (
          <span class="network-frame" style={{ inset: `${50 * (1 - share.value)}%` }} aria-hidden="true" />
        )}
      </div>
      <div class="network-under">
        {failure.value === undefined && (
          <>
            <label class="visually-hidden" for={id}>
              {m.cameraFrame}
            </label>
            <input
              id={id}
              type="range"
              title={m.cameraFrame}
              min={FRAME.least}
              max={1}
              step={0.05}
              value={share.value}
              onInput={({ currentTarget }) => {
                share.value = currentTarget.valueAsNumber;
              }}
            />
            <Button
              icon={isHeld ? "play" : "pause"}
              label={isHeld ? m.cameraGo : m.cameraHold}
              onClick={() => {
                if (isHeld) void video.current?.play();
                else video.current?.pause();
                camera.value = isHeld ? "live" : "held";
              }}
            />
          </>
        )}
        <Button onClick={closeCamera}>{m.cameraClose}</Button>
      </div>
    </div>
  );
}
