import { addressWith } from "../../address/url.js";
import { Button } from "../../kit/Button.js";
import { dataState } from "../../state/loadedData.js";
import { selectedRun } from "../../state/runs.js";
import { messages } from "./messages/index.js";
import { OpenWeights } from "./OpenWeights.js";
import { startQuickRun } from "./quickRun.js";

/** Where there is no network yet: a training in one click, or a file. */
export function Start() {
  const m = messages();
  const state = dataState.value;
  const run = selectedRun.value;
  if (run) return <p role="status">{run.failure.value ?? m.starting}</p>;
  const { progress } = state.type === "loading" ? state : {};
  return (
    <section class="start">
      <p class="large">{m.noNetwork}</p>
      {state.type === "loading" ? (
        <div class="working">
          <progress
            value={progress && progress.total > 0 ? progress.done / progress.total : undefined}
            max={1}
            aria-label={m.drawingDigits}
          />
          <p>{m.drawingDigits}</p>
        </div>
      ) : (
        <Button primary icon="play" onClick={startQuickRun}>
          {m.trainNow}
        </Button>
      )}
      {state.type === "failed" && <p role="alert">{state.message}</p>}
      <p class="quiet">
        {m.orTrain} <a href={addressWith({ view: "train" })}>{m.trainView}</a>
      </p>
      <OpenWeights />
    </section>
  );
}
