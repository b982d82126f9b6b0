import { MOMENTS } from "../../address/inspectFields.js";
import { changeUrl, url } from "../../address/url.js";
import { Button, Choice } from "../../kit/controls.js";
import { openedNetwork } from "../../state/currentNetwork.js";
import { restAll } from "../../state/runs.js";
import { messages } from "./messages/index.js";
import { shownNetwork, shownRun } from "./state/shownNetwork.js";
import { Timeline } from "./Timeline.js";

/** The shown network, its training, and whether maps show values before or after activation. */
export function RunBar() {
  const m = messages();
  const run = shownRun.value;
  const origin = shownNetwork.value?.origin;
  const isRunning = run?.status.value === "running";
  return (
    <div class="run-bar">
      {origin?.type === "file" && (
        <p>
          {origin.name} <Button icon="remove" label={m.closeFile} onClick={() => (openedNetwork.value = undefined)} />
        </p>
      )}
      {run?.canGo.value && (
        <Button
          icon={isRunning ? "pause" : "play"}
          onClick={() => {
            if (isRunning) return run.rest();
            restAll(run);
            run.go("end");
          }}
        >
          {isRunning ? m.pauseTraining : m.resumeTraining}
        </Button>
      )}
      <Timeline />
      <Choice
        label={m.moment}
        options={MOMENTS.map((value) => ({ value, label: m.moments[value] }))}
        value={url.value.inspectMoment}
        onChange={(inspectMoment) => changeUrl({ inspectMoment })}
      />
    </div>
  );
}
