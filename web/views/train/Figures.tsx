import type { ComponentChildren } from "preact";
import { formatDuration } from "../../../src/report/numbers.js";
import { formatCount, formatPercent } from "../../i18n/numbers.js";
import type { Run } from "../../state/run.js";
import { selectedRun } from "../../state/runs.js";
import { commandLine } from "./commandLine.js";
import { messages } from "./messages/index.js";

/** The selected run in numbers. */
export function Figures() {
  const m = messages();
  const run = selectedRun.value;
  const last = run?.epochs.value.at(-1);
  const best = run?.epochs.value.find(({ epoch }) => epoch === run.bestEpoch.value);
  const progress = run?.progress.value;
  const machine = run?.machine.value;
  const rate = progress && progress.images / progress.seconds;
  return (
    <section class="figures">
      <dl>
        <Figure
          label={m.validationAccuracy}
          value={last && formatPercent(last.validationAccuracy)}
          note={best && m.bestIn(formatPercent(best.validationAccuracy), best.epoch)}
        />
        <Figure label={m.imagesPerSecond} value={rate && formatCount(rate)} />
        <Figure
          label={m.timeLeft}
          value={rate && formatDuration((progress.totalImages - progress.images) / rate)}
          note={progress && m.elapsed(formatDuration(progress.seconds))}
        />
        <Figure
          label={m.threads}
          value={machine && String(machine.threads)}
          note={machine && (machine.arithmetic === "wasm-fused" ? m.fused : m.notFused)}
        />
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
  const weights = run.weights.value;
  if (!weights) return null;
  const command = commandLine(run.settings);
  return (
    <details class="fingerprint">
      <summary>
        {m.fingerprint} <code>{weights.fingerprint.slice(0, SHORT)}</code>{" "}
        <span class="quiet">{m.fingerprintOf(formatEpochs(weights.epoch))}</span>
      </summary>
      <p>
        <code>{weights.fingerprint}</code>
      </p>
      <p class="quiet">{m.fingerprintNote}</p>
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
