import { useSignal } from "@preact/signals";
import { shortened } from "../../../src/report/markup.js";
import { formatDuration, standardError } from "../../../src/report/numbers.js";
import { type ComparedRun, compareRuns } from "../../../src/runs/comparison.js";
import type { RunRecord } from "../../../src/runs/record.js";
import { formatPercent } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import { LineSample } from "../../kit/LineChart.js";
import { runStyle } from "../../kit/palette.js";
import { ScrollRegion } from "../../kit/regions.js";
import { type Entry, entries } from "./entries.js";
import { messages } from "./messages/index.js";

/** Settings that differ between machines and do not affect the result. */
const PASSED_OVER = ["Node", "V8", "browser", "path", "folder", "checksum"];

/** Longer values are truncated to this many characters. */
const LONGEST_VALUE = 24;

/** The number of fingerprint digits shown. */
const SHORT = 10;

/** All runs and weights files side by side. */
export function RunTable() {
  const m = messages();
  const failure = useSignal<string | undefined>(undefined);
  const all = entries.value;
  const records = all.flatMap(({ record }) => record ?? []);
  const compared = new Map(compareRuns(records).map((run, index) => [records[index], run]));
  const settings = Object.keys(compared.values().next().value?.settings ?? {}).filter(
    (name) => !PASSED_OVER.includes(name),
  );
  const show = async (entry: Entry) => {
    failure.value = undefined;
    try {
      await entry.show();
    } catch (error) {
      failure.value = `${entry.name}: ${error instanceof Error ? error.message : error}`;
    }
  };
  return (
    <section class="runs-beside">
      <h2>{m.beside}</h2>
      {all.length === 0 ? (
        <p class="quiet">{m.nothingBeside}</p>
      ) : (
        <ScrollRegion label={m.beside}>
          <table>
            <thead>
              <tr>
                <th scope="col">{m.name}</th>
                <th scope="col">{m.bestValidation}</th>
                <th scope="col">{m.test}</th>
                <th scope="col">{m.epochs}</th>
                <th scope="col">{m.time}</th>
                <th scope="col">{m.fingerprint}</th>
                <th scope="col">
                  <span class="visually-hidden">{m.actions}</span>
                </th>
                {settings.map((name) => (
                  <th key={name} scope="col">
                    {m.settings[name] ?? name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {all.map((entry) => (
                <Row
                  key={entry.number}
                  entry={entry}
                  run={entry.record && compared.get(entry.record)}
                  settings={settings}
                  onShow={() => void show(entry)}
                />
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      {failure.value && (
        <p class="notice" role="alert">
          {failure.value}
        </p>
      )}
    </section>
  );
}

interface RowProps {
  readonly entry: Entry;
  readonly run?: ComparedRun;
  readonly settings: readonly string[];
  readonly onShow: () => void;
}

function Row({ entry, run, settings, onShow }: RowProps) {
  const m = messages();
  const { name, number, source, record, isGrowing, fingerprint, isShown } = entry;
  return (
    <tr aria-current={isShown ? "true" : undefined}>
      <th scope="row">
        <LineSample style={runStyle(number)} /> {name}
        <small>
          {m.sources[source]}
          {isGrowing && <span class="live">{m.live}</span>}
        </small>
      </th>
      <td>
        {run?.bestValidationAccuracy === undefined ? (
          "–"
        ) : (
          <Share {...validationOf(run.bestValidationAccuracy, record)} />
        )}
      </td>
      <td>{run?.test ? <Share share={run.test.accuracy} error={run.test.standardError} /> : "–"}</td>
      <td>{run ? (run.finished ? run.epochs : m.epochsOf(run.epochs, run.epochsPlanned)) : "–"}</td>
      <td>{run ? formatDuration(run.seconds) : "–"}</td>
      <td>{fingerprint ? <code title={fingerprint}>{fingerprint.slice(0, SHORT)}</code> : "–"}</td>
      <td class="actions">
        <Button disabled={isShown} onClick={onShow}>
          {isShown ? m.isShown : m.show}
        </Button>
        <Button icon="remove" label={m.remove(name)} onClick={entry.remove} />
      </td>
      {settings.map((setting) => (
        <td key={setting} title={run?.settings[setting]}>
          {shortened(run?.settings[setting] || "–", LONGEST_VALUE)}
        </td>
      ))}
    </tr>
  );
}

interface ShareProps {
  readonly share: number;
  readonly error?: number;
}

/** A fraction with its standard error in percentage points. */
function Share({ share, error }: ShareProps) {
  return (
    <>
      {formatPercent(share)}
      {error !== undefined && <span class="error"> ± {(100 * error).toFixed(2)}</span>}
    </>
  );
}

/** The accuracy on the held-out validation images. */
function validationOf(share: number, record: RunRecord | undefined): ShareProps {
  if (!record) return { share };
  const { data, recipe } = record.config;
  return { share, error: standardError(share, Math.max(1, Math.round(data.images * recipe.validationFraction))) };
}
