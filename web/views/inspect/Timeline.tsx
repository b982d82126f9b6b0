import { useSignal, useSignalEffect } from "@preact/signals";
import { useId } from "preact/hooks";
import { Button } from "../../kit/controls.js";
import { messages } from "./messages/index.js";
import { shownEpoch, shownRun, timeline, timelinePlace } from "./state/shownNetwork.js";

/** The approximate duration of a full playback; no snapshot is shown longer than SNAPSHOT_MILLISECONDS. */
const PLAY_MILLISECONDS = 6000;
const SNAPSHOT_MILLISECONDS = 250;

/** Scrubs through the parameters of the run; everything shown follows. */
export function Timeline() {
  const m = messages();
  const id = useId();
  const isPlaying = useSignal(false);
  const count = timeline.value.length;
  useSignalEffect(() => {
    if (!isPlaying.value) return;
    const pause = Math.min(SNAPSHOT_MILLISECONDS, PLAY_MILLISECONDS / timeline.peek().length);
    const timer = setInterval(() => {
      const next = (timelinePlace.peek() ?? -1) + 1;
      const isLast = next >= timeline.peek().length - 1;
      timelinePlace.value = isLast ? undefined : next;
      if (isLast) isPlaying.value = false;
    }, pause);
    return () => clearInterval(timer);
  });
  if (count < 2) return null;
  const last = count - 1;
  const play = () => {
    if (!isPlaying.value && timelinePlace.value === undefined) timelinePlace.value = 0;
    isPlaying.value = !isPlaying.value;
  };
  const epoch = shownEpoch.value ?? 0;
  const text = timelinePlace.value !== undefined ? m.epoch(epoch) : isTraining() ? m.nowAt(epoch) : m.bestAt(epoch);
  return (
    <div class="timeline">
      <Button
        icon={isPlaying.value ? "pause" : "play"}
        label={isPlaying.value ? m.pause : m.playTraining}
        onClick={play}
      />
      <label for={id}>{m.training}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={last}
        step={1}
        value={timelinePlace.value ?? last}
        aria-valuetext={text}
        onInput={({ currentTarget }) => {
          isPlaying.value = false;
          const place = Number(currentTarget.value);
          timelinePlace.value = place === last ? undefined : place;
        }}
      />
      <output for={id}>{text}</output>
    </div>
  );
}

function isTraining(): boolean {
  return shownRun.value?.canGo.value === true;
}
