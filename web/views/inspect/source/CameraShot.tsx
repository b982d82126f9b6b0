import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { decodeImage } from "../../../../src/browser/index.js";
import { Button } from "../../../kit/Button.js";
import { squareOf, useCamera } from "../../../kit/useCamera.js";
import { messages } from "../messages/index.js";
import { take } from "../state/shownImage.js";
import { Inverted } from "./Inverted.js";

/** The side of a shot: larger than the network's input. */
const SIDE = 256;

/** Takes an image with the camera. */
export function CameraShot() {
  const m = messages();
  const video = useRef<HTMLVideoElement>(null);
  const hasFailed = useSignal(false);
  useCamera(video, hasFailed);
  if (hasFailed.value) return <p class="notice">{m.cameraFailed}</p>;
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
      <Inverted />
    </div>
  );
}
