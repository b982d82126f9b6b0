import { type ReadonlySignal, useSignal, useSignalEffect } from "@preact/signals";
import { Button } from "../../../kit/controls.js";
import { messages } from "../messages/index.js";

/** The approximate duration of a full playback; no step takes longer than STEP_MILLISECONDS. */
const PLAY_MILLISECONDS = 15_000;
const STEP_MILLISECONDS = 400;

export interface StepPlayerProps {
  readonly total: ReadonlySignal<number>;
  /** The number of steps done; undefined while the complete result is shown. */
  readonly done: ReadonlySignal<number | undefined>;
  readonly onShow: (done: number | undefined) => void;
  /** What is computed or, while stepping, the last step in words. */
  readonly text: string;
}

/** Steps through a sum: play, one step back or forward, and the complete result. */
export function StepPlayer({ total, done, onShow, text }: StepPlayerProps) {
  const m = messages();
  const isPlaying = useSignal(false);
  const [steps, current] = [total.value, done.value];
  useSignalEffect(() => {
    if (!isPlaying.value) return;
    const pause = Math.min(STEP_MILLISECONDS, PLAY_MILLISECONDS / Math.max(1, total.peek()));
    const timer = setInterval(() => {
      const next = (done.peek() ?? 0) + 1;
      onShow(next);
      if (next >= total.peek()) isPlaying.value = false;
    }, pause);
    return () => clearInterval(timer);
  });
  const step = (by: number) => {
    isPlaying.value = false;
    onShow((current ?? (by > 0 ? 0 : steps)) + by);
  };
  const play = () => {
    if (!isPlaying.value && (current === undefined || current === steps)) onShow(0);
    isPlaying.value = !isPlaying.value;
  };
  return (
    <div class="player">
      <Button icon="reset" label={m.showWhole} disabled={current === undefined} onClick={() => onShow(undefined)} />
      <Button icon="back" label={m.stepBack} disabled={current === 0} onClick={() => step(-1)} />
      <Button icon={isPlaying.value ? "pause" : "play"} label={isPlaying.value ? m.pause : m.playSum} onClick={play} />
      <Button icon="step" label={m.stepForward} disabled={current === steps} onClick={() => step(1)} />
      <p>{current === undefined ? m.allSteps(steps) : m.stepOf(current, steps)}</p>
      <p class="so-far" aria-live={isPlaying.value ? "off" : "polite"}>
        {text}
      </p>
    </div>
  );
}
