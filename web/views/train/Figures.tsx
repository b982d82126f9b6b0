import type { ComponentChildren } from "preact";
import { formatDuration } from "../../../src/report/numbers.js";
import { formatCount, formatLoss, formatPercent } from "../../i18n/numbers.js";
import type { Run } from "../../state/run.js";
import { selectedRun } from "../../state/runs.js";
import { commandLine } from "./commandLine.js";
import { messages } from "./messages/index.js";

/** As many batches as it takes to tell how fast a training is. */
const MEASURED_BATCHES = 16;

/** How the arithmetic of a graphics card begins. */
const CARD = "webgpu ";

/** The selected run in numbers. */
export function Figures() {
  const m = messages();
  const run = selectedRun.value;
  const last = run?.member.value.epochs.value.at(-1);
  const best = run?.member.value.best;
  const progress = run?.progress.value;
  const machine = run?.machine.value;
  const latest = run?.member.value.latest.value;
  /** Of each network. A few batches say little: the first ones also wait for the engine. */
  const isMeasured = run && progress && progress.images >= MEASURED_BATCHES * run.recipe.batchSize;
  const rate = isMeasured ? progress.images / progress.seconds : undefined;
  return (
    <section class="figures">
      <dl>
        <Figure
          label={run?.isFleet ? m.validationAccuracyOf(run.member.value.seed) : m.validationAccuracy}
          value={last && formatPercent(last.validationAccuracy)}
          note={best && m.bestIn(formatPercent(best.validationAccuracy), best.epoch)}
        />
        <Figure
          label={m.trainLoss}
          value={latest && formatLoss(latest.loss)}
          note={latest && m.overImages(formatCount(latest.samples), formatPercent(latest.accuracy))}
        />
        <Figure label={m.imagesPerSecond} value={rate && run && formatCount(rate * run.members.length)} />
        <Figure
          label={m.timeLeft}
          value={rate && progress && formatDuration((progress.totalImages - progress.images) / rate)}
          note={progress && m.elapsed(formatDuration(progress.seconds))}
        />
        {machine?.arithmetic.startsWith(CARD) ? (
          <Figure label={m.device} value={m.card} note={machine.arithmetic.slice(CARD.length)} />
        ) : (
          <Figure
            label={m.threads}
            value={machine && String(machine.threads)}
            note={machine && (machine.arithmetic === "wasm-fused" ? m.fused : m.notFused)}
          />
        )}
      </dl>
      {run && <Fingerprint run={run} />}
    </section>
  );
}

interface FigureProps {
  readonly label: string;
  readonly value: string | 0 | undefined;
  readonly note?: ComponentChildren;
}

function Figure({ label, value, note }: FigureProps) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {value || "–"}
        <small>{note}</small>
      </dd>
    </div>
  );
}

/** The number of hexadecimal digits shown at first. */
const SHORT = 12;

/** The fingerprint of the run's weights: shortened, and in full with an explanation. */
function Fingerprint({ run }: { readonly run: Run }) {
  const m = messages();
  const weights = run.member.value.weights.value;
  if (!weights) return null;
  const command = commandLine(run.settings.fields, run.member.value.seed);
  return (
    <details class="fingerprint">
      <summary>
        {run.isFleet ? m.fingerprintOfNetwork(run.member.value.seed) : m.fingerprint}{" "}
        <code>{weights.fingerprint.slice(0, SHORT)}</code>{" "}
        <span class="quiet">{m.fingerprintOf(formatEpochs(weights.epoch))}</span>
      </summary>
      <p>
        <code>{weights.fingerprint}</code>
      </p>
      <p class="quiet">{run.settings.fields.device === "gpu" ? m.fingerprintOnCard : m.fingerprintNote}</p>
      {command && (
        <p class="quiet">
          {m.commandLine} <code>{command}</code>
        </p>
      )}
    </details>
  );
}

/** 3, or 2.35 within an epoch. */
function formatEpochs(epoch: number): string {
  return Number.isInteger(epoch) ? String(epoch) : epoch.toFixed(2);
}
