import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { formatPercent } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import { DropZone, type PlacedFile } from "../../kit/DropZone.js";
import { openFiles } from "../../opening/openFiles.js";
import { chooseServed, chosenRuns, servedFailures, servedRuns, watchServer } from "../../opening/servedRuns.js";
import { labServer } from "../../state/server.js";
import { messages } from "./messages/index.js";

/** Opens run folders and weights files. */
export function OpenSection() {
  const m = messages();
  const failures = useSignal<readonly string[]>([]);
  const open = async (files: readonly PlacedFile[]) => {
    failures.value = [];
    failures.value = await openFiles(files);
  };
  const all = [...failures.value, ...Object.entries(servedFailures.value).map(([name, text]) => `${name}: ${text}`)];
  return (
    <section class="open">
      <h2>{m.open}</h2>
      <div class="sources">
        <DropZone label={m.open} onFiles={(files) => void open(files)}>
          {(choose) => (
            <>
              <p>{m.dropNote}</p>
              <div class="buttons">
                <Button onClick={() => choose("files")}>{m.chooseFiles}</Button>
                <Button onClick={() => choose("folder")}>{m.chooseFolder}</Button>
              </div>
            </>
          )}
        </DropZone>
        {labServer.value && <ServedRuns />}
      </div>
      {all.length > 0 && (
        <div class="notice" role="alert">
          {all.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </div>
      )}
    </section>
  );
}

/** The runs that the page's server lists; ticked ones are opened and watched. */
function ServedRuns() {
  const m = messages();
  useEffect(watchServer, []);
  const chosen = chosenRuns.value;
  const runs = servedRuns.value;
  return (
    <fieldset class="served">
      <legend>{m.served}</legend>
      {runs?.length === 0 && <p class="quiet">{m.noneServed}</p>}
      {runs?.map(({ name, epochsDone, epochs, finished, bestValidationAccuracy }) => (
        <label key={name} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(name)}
            onChange={({ currentTarget }) => chooseServed(name, currentTarget.checked)}
          />
          <span>{name}</span>
          <small>
            {finished ? m.epochCount(epochsDone) : m.epochsOf(epochsDone, epochs)}
            {bestValidationAccuracy !== null && ` · ${formatPercent(bestValidationAccuracy)}`}
          </small>
        </label>
      ))}
    </fieldset>
  );
}
