import type { Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Why there is no picture from the camera. */
export type CameraFailure = "refused" | "missing" | "busy" | "unsupported";

/** Plays the camera in a video element while the component is mounted; on a phone, the one that faces away. */
export function useCamera(
  video: { readonly current: HTMLVideoElement | null },
  failure: Signal<CameraFailure | undefined>,
): void {
  useEffect(() => {
    let stream: MediaStream | undefined;
    let isGone = false;
    const start = async () => {
      try {
        // Without a secure context, there are no media devices.
        if (!navigator.mediaDevices) {
          failure.value = "unsupported";
          return;
        }
        const size = { width: 320, height: 240, facingMode: "environment" };
        stream = await navigator.mediaDevices.getUserMedia({ video: size, audio: false });
        if (isGone) return stop();
        if (!video.current) return;
        video.current.srcObject = stream;
        await video.current.play();
      } catch (error) {
        if (!isGone) failure.value = failureOf(error);
      }
    };
    const stop = () => {
      isGone = true;
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    void start();
    return stop;
  }, [video, failure]);
}

function failureOf(error: unknown): CameraFailure {
  const { name } = error as Error;
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "busy";
}

/**
 * The central square of a video frame, scaled to the given side.
 *
 * @param share the square's side as a share of the frame's shorter one
 */
export function squareOf(video: HTMLVideoElement, side: number, share = 1): Promise<ImageBitmap> {
  const { videoWidth: width, videoHeight: height } = video;
  const least = Math.round(share * Math.min(width, height));
  const options = { resizeWidth: side, resizeHeight: side, resizeQuality: "medium" } as const;
  return createImageBitmap(video, (width - least) / 2, (height - least) / 2, least, least, options);
}
