import { useSignalEffect } from "@preact/signals";
import { changeUrl } from "../../address/url.js";
import { formatCount, formatPercent } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import { announce } from "../../kit/regions.js";
import type { Run } from "../../state/run.js";
import { nextNumber, runs, selectedRun } from "../../state/runs.js";
import { currentRun, go, isReady, playOrPause, reset, resume } from "./controls.js";
import { conclude, diagnose, FEW_IMAGES, troublesOf } from "./diagnosis.js";
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
          {run.failure.value} {run.canGo.value && m.interrupted(run.member.value.weights.value?.epoch ?? 0)}
        </p>
      )}
    </div>
  );
}

/** What is wrong with the selected run if it does not learn, and what to do. */
export function Diagnosis() {
  const m = messages();
  const run = selectedRun.value;
  const found = run && diagnose(run);
  if (!run) return null;
  if (!found) {
    return (
      <>
        <Advice run={run} />
        <Concluded run={run} />
      </>
    );
  }
  const { kind, rate, usual } = found;
  return (
    <div class="notice diagnosis" role="status">
      <p>{m.diagnoses[kind](String(rate), String(usual))}</p>
      {run.settings.fields.lr !== undefined && (
        <Button onClick={() => changeUrl({ lr: undefined })}>{m.usualRate(String(usual))}</Button>
      )}
    </div>
  );
}

/** What else goes wrong with a run, what to do about it, and settings that help. */
function Advice({ run }: { readonly run: Run }) {
  const m = messages();
  const troubles = troublesOf(run);
  if (troubles.length === 0) return null;
  return (
    <div class="notice diagnosis" role="status">
      {troubles.map((trouble) => (
        <p key={trouble.kind}>
          {trouble.kind === "oneClass"
            ? m.troubles.oneClass(trouble.name, formatPercent(trouble.share))
            : trouble.kind === "overfits"
              ? m.troubles.overfits(formatPercent(trouble.train), formatPercent(trouble.validation))
              : m.troubles.fewImages(trouble.name, trouble.count)}
        </p>
      ))}
      <Button onClick={() => changeUrl(FEW_IMAGES)}>{m.settingsForFew}</Button>
    </div>
  );
}

/** What a finished run has shown, in a sentence or two. */
function Concluded({ run }: { readonly run: Run }) {
  const m = messages();
  const found = conclude(run, runs.value);
  if (!found) return null;
  const { accuracy, images, mistake, other } = found;
  const points = other && (100 * Math.abs(other.difference)).toFixed(1);
  return (
    <p class="conclusion">
      {m.concluded(formatPercent(accuracy), formatCount(images))}{" "}
      {mistake ? m.mistake(mistake.from, mistake.to, mistake.count) : m.noMistake}{" "}
      {other &&
        (other.isClear
          ? m[other.difference > 0 ? "better" : "worse"](String(points), other.run.number)
          : m.alike(other.run.number))}
    </p>
  );
}

function textOf(run: Run): string {
  const m = messages();
  const progress = run.progress.value;
  if (run.status.value === "done") return m.finished(run.member.value.bestEpoch.value ?? run.recipe.epochs);
  const what = run.status.value === "running" && progress ? m.phase[progress.phase] : statusText(run);
  const where = m.epochOf(progress?.epoch ?? 1, run.recipe.epochs);
  const networks = run.isFleet ? [m.networkCount(run.members.length)] : [];
  return [m.run(run.number), ...networks, where, what].join(" · ");
}

/** A run's status in a word; one that is paused before its first step is ready. */
export function statusText({ status, progress, machine, settings }: Run): string {
  const isReadyToBegin = status.value === "resting" && !progress.value;
  if (status.value === "running" && !machine.value && settings.fields.device === "gpu") return messages().compiling;
  return messages().status[isReadyToBegin ? "starting" : status.value];
}

/** Announces the selected run's epochs and its end to screen readers. */
function announceEpochs(): void {
  const run = selectedRun.value;
  const last = run?.member.value.epochs.value.at(-1);
  if (!run || !last) return;
  const m = messages();
  const text = m.announceEpoch(last.epoch, formatPercent(last.validationAccuracy));
  announce(run.status.value === "done" ? `${m.finishedShort}. ${text}` : text);
}

/** Play, pause, step, reset, and the training's progress. */
export function Transport() {
  const m = messages();
  const shown = selectedRun.value;
  const isRunning = shown?.status.value === "running";
  const canStep = isReady.value && !isRunning;
  const startsAnother = runs.value.length > 0 && currentRun.value?.canGo.value !== true;
  const canReset = shown !== undefined && shown.progress.value !== undefined;
  return (
    <section class="transport" aria-label={m.controls}>
      <div class="buttons">
        <PlayButton />
        <Button icon="step" disabled={!canStep} onClick={() => go("batch")}>
          {startsAnother ? m.stepBatchAs(nextNumber.value) : m.stepBatch}
        </Button>
        <Button icon="stepEpoch" disabled={!canStep} onClick={() => go("epoch")}>
          {startsAnother ? m.stepEpochAs(nextNumber.value) : m.stepEpoch}
        </Button>
        <Button icon="reset" disabled={!canReset} onClick={reset}>
          {m.reset}
        </Button>
      </div>
      <Position />
      {startsAnother && isReady.value && !currentRun.value && (
        <p class="quiet">{m.settingsChanged(nextNumber.value)}</p>
      )}
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
        {!current && isReady.value && <Button onClick={() => go("end")}>{m.trainAs(nextNumber.value)}</Button>}
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
      : m.trainAs(nextNumber.value);
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
