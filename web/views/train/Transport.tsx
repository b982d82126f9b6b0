import { Button } from "../../kit/Button.js";
import { runs, selectedRun } from "../../state/runs.js";
import { currentRun, go, isReady, playOrPause, reset, resume } from "./controls.js";
import { messages } from "./messages/index.js";
import { Position } from "./Position.js";

/** Play, pause, step, reset, and the training's progress. */
export function Transport() {
  const m = messages();
  const shown = selectedRun.value;
  const isRunning = shown?.status.value === "running";
  const canStep = isReady.value && !isRunning;
  const canReset = shown !== undefined && shown.progress.value !== undefined;
  return (
    <section class="transport" aria-label={m.controls}>
      <div class="buttons">
        <PlayButton />
        <Button icon="step" disabled={!canStep} onClick={() => go("batch")}>
          {m.stepBatch}
        </Button>
        <Button icon="stepEpoch" disabled={!canStep} onClick={() => go("epoch")}>
          {m.stepEpoch}
        </Button>
        <Button icon="reset" disabled={!canReset} onClick={reset}>
          {m.reset}
        </Button>
      </div>
      <Position />
    </section>
  );
}

/** The main button: trains, pauses, resumes, or starts a new run if the settings have changed. */
function PlayButton() {
  const m = messages();
  const shown = selectedRun.value;
  const current = currentRun.value;
  const canResume = shown?.canGo.value === true && shown.progress.value !== undefined;
  if (shown?.status.value === "running") {
    return (
      <>
        <Button primary icon="pause" onClick={playOrPause}>
          {m.pause}
        </Button>
        {!current && isReady.value && <Button onClick={() => go("end")}>{m.trainAs(nextNumber())}</Button>}
      </>
    );
  }
  const continuesCurrent = current?.canGo.value === true;
  const label = continuesCurrent
    ? canResume
      ? m.resume
      : m.train
    : runs.value.length === 0
      ? m.train
      : m.trainAs(nextNumber());
  return (
    <>
      <Button primary icon="play" disabled={!isReady.value} onClick={() => go("end")}>
        {label}
      </Button>
      {shown && canResume && !continuesCurrent && (
        <Button onClick={() => resume(shown, "end")}>{m.resumeRun(shown.number)}</Button>
      )}
    </>
  );
}

function nextNumber(): number {
  return Math.max(0, ...runs.value.map(({ number }) => number)) + 1;
}
