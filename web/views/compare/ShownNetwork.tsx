import { useSignal } from "@preact/signals";
import { WEIGHTS_FORMATS } from "../../../src/formats/weightFiles.js";
import { isActivation, isPooling, type Model, summarize } from "../../../src/model/index.js";
import { layerMessages } from "../../i18n/layers/index.js";
import { formatCount } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import { download } from "../../kit/download.js";
import { type Network, network } from "../../state/currentNetwork.js";
import { runs } from "../../state/runs.js";
import { recordOf } from "./browserRun.js";
import { messages } from "./messages/index.js";
import { fileStem, networkFile } from "./networkFile.js";

/** The shown network, and the formats to save it in. */
export function ShownNetwork() {
  const m = messages();
  const shown = network.value;
  return (
    <section class="shown">
      <h2>{m.shownNetwork}</h2>
      {shown ? <Facts shown={shown} /> : <p class="quiet">{m.noNetwork}</p>}
      {shown && <Save shown={shown} />}
    </section>
  );
}

function Facts({ shown: { origin, model, classes, fingerprint } }: { readonly shown: Network }) {
  const m = messages();
  const { channels, height, width } = model.input;
  const facts = {
    [m.name]: origin.type === "run" ? m.run(origin.number, origin.seed) : origin.name,
    [m.input]: `${channels} × ${height} × ${width}`,
    [m.layers]: layersOf(model),
    [m.parameters]: formatCount(summarize(model).totalParameters),
    [m.classes]: classes.join(", "),
  };
  return (
    <dl>
      {Object.entries(facts).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {fingerprint && (
        <div>
          <dt>{m.fingerprint}</dt>
          <dd>
            <code data-testid="shown-fingerprint">{fingerprint}</code>
          </dd>
        </div>
      )}
    </dl>
  );
}

/** The activation and pooling, which its tensors do not reveal. */
function layersOf({ layers }: Model): string {
  const { kinds, poolings } = layerMessages();
  const activation = layers.find(isActivation);
  const pooling = layers.find(isPooling);
  return [activation && kinds[activation.type].name, pooling && poolings[pooling.type].full]
    .filter((name) => name !== undefined)
    .join(", ");
}

function Save({ shown }: { readonly shown: Network }) {
  const m = messages();
  const isPacking = useSignal(false);
  const { origin } = shown;
  const run = origin.type === "run" ? runs.value.find(({ number }) => number === origin.number) : undefined;
  const isDone = run?.status.value === "done";
  const saveFolder = async () => {
    const member = run?.member.peek();
    const weights = member?.weights.peek();
    if (!run || !member || !weights) return;
    isPacking.value = true;
    try {
      // Loaded on demand: the code that draws the run folder's charts is as large as the rest of the page.
      const { runFolderZip } = await import("./runFolder.js");
      const name = fileStem(shown);
      download(`${name}.zip`, await runFolderZip(name, recordOf(run, member, name), weights.parameters));
    } finally {
      isPacking.value = false;
    }
  };
  return (
    <>
      <h3>{m.save}</h3>
      <div class="buttons">
        {WEIGHTS_FORMATS.map((format) => (
          <Button key={format} onClick={() => download(`${fileStem(shown)}.${format}`, networkFile(shown, format))}>
            {m.formats[format]}
          </Button>
        ))}
        {run && (
          <Button disabled={!isDone || isPacking.value} onClick={() => void saveFolder()}>
            {m.runFolder}
          </Button>
        )}
      </div>
      <p class="quiet">{run && !isDone ? m.runFolderLater : m.saveNote}</p>
    </>
  );
}
