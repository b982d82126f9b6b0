import type { Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Plays the camera in a video element while the component is mounted. */
export function useCamera(video: { readonly current: HTMLVideoElement | null }, hasFailed: Signal<boolean>): void {
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

/** The central square of a video frame, scaled to the given side. */
export function squareOf(video: HTMLVideoElement, side: number): Promise<ImageBitmap> {
  const { videoWidth: width, videoHeight: height } = video;
  const least = Math.min(width, height);
  const options = { resizeWidth: side, resizeHeight: side, resizeQuality: "medium" } as const;
  return createImageBitmap(video, (width - least) / 2, (height - least) / 2, least, least, options);
}
