import { useSignal } from "@preact/signals";
import { MOMENTS } from "../../address/inspectFields.js";
import { changeUrl, url } from "../../address/url.js";
import { Button, Choice } from "../../kit/controls.js";
import { openedNetwork } from "../../state/currentNetwork.js";
import { restAll } from "../../state/runs.js";
import { messages } from "./messages/index.js";
import { linkToView } from "./sharing.js";
import { shownNetwork, shownRun } from "./state/shownNetwork.js";
import { Timeline } from "./Timeline.js";

/** Copies a link that shows the same elsewhere. */
function CopyLink() {
  const m = messages();
  const note = useSignal("");
  const copy = async () => {
    const link = await linkToView();
    await navigator.clipboard.writeText(link);
    note.value = m.linkCopied(Math.ceil(link.length / 1000));
  };
  return (
    <div class="copy-link">
      <Button onClick={() => void copy()}>{m.copyLink}</Button>
      <p class="quiet" role="status">
        {note}
      </p>
    </div>
  );
}

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
      {isSecureContext && <CopyLink />}
      <Choice
        label={m.moment}
        options={MOMENTS.map((value) => ({ value, label: m.moments[value] }))}
        value={url.value.inspectMoment}
        onChange={(inspectMoment) => changeUrl({ inspectMoment })}
      />
    </div>
  );
}
