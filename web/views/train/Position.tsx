import { useSignalEffect } from "@preact/signals";
import { formatPercent } from "../../i18n/numbers.js";
import { announce } from "../../kit/announce.js";
import type { Run } from "../../state/run.js";
import { selectedRun } from "../../state/runs.js";
import { isReady } from "./controls.js";
import { messages } from "./messages/index.js";

/** The selected run's progress: a bar and a line of text. */
export function Position() {
  const m = messages();
  const run = selectedRun.value;
  useSignalEffect(announceEpochs);
  const progress = run?.progress.value;
  const share = progress ? progress.images / progress.totalImages : 0;
  return (
    <div class="position">
      <progress value={share} max={1} aria-label={m.status[run?.status.value ?? "starting"]} />
      <p>{run ? textOf(run) : isReady.value ? m.ready : m.waitingForData}</p>
      {run?.failure.value && (
        <p class="notice" role="alert">
          {run.failure.value}
        </p>
      )}
    </div>
  );
}

function textOf(run: Run): string {
  const m = messages();
  const progress = run.progress.value;
  if (run.status.value === "done") return m.finished(run.bestEpoch.value ?? run.recipe.epochs);
  const what = run.status.value === "running" && progress ? m.phase[progress.phase] : statusText(run);
  const where = m.epochOf(progress?.epoch ?? 1, run.recipe.epochs);
  return `${m.run(run.number)} · ${where} · ${what}`;
}

/** A run's status in a word; one that is paused before its first step is ready. */
export function statusText({ status, progress }: Run): string {
  const isReadyToBegin = status.value === "resting" && !progress.value;
  return messages().status[isReadyToBegin ? "starting" : status.value];
}

/** Announces the selected run's epochs and its end to screen readers. */
function announceEpochs(): void {
  const run = selectedRun.value;
  const last = run?.epochs.value.at(-1);
  if (!run || !last) return;
  const m = messages();
  const text = m.announceEpoch(last.epoch, formatPercent(last.validationAccuracy));
  announce(run.status.value === "done" ? `${m.finishedShort}. ${text}` : text);
}
