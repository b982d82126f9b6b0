import { useSignal } from "@preact/signals";
import { WEIGHTS_FORMATS } from "../../../src/formats/weights.js";
import { type Model, summarize } from "../../../src/model/index.js";
import { formatCount } from "../../i18n/numbers.js";
import { Button } from "../../kit/Button.js";
import { download } from "../../kit/download.js";
import { messages as layerMessages } from "../../opening/messages/index.js";
import { type Network, network } from "../../state/currentNetwork.js";
import { runs } from "../../state/runs.js";
import { recordOf } from "./browserRun.js";
import { messages } from "./messages/index.js";
import { fileStem, networkFile } from "./networkFile.js";

/** The network that the views show, and what it can be saved as. */
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
    [m.name]: origin.type === "run" ? m.run(origin.number) : origin.name,
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

/** The activation and the pooling, which its tensors do not tell. */
function layersOf({ layers }: Model): string {
  const { activations, poolings } = layerMessages();
  const activation = layers.find(({ type }) => type === "sigmoid" || type === "relu" || type === "tanh");
  const pooling = layers.find(({ type }) => type === "averagePool2d" || type === "maxPool2d");
  const names: Readonly<Record<string, string>> = { ...activations, ...poolings };
  return [activation, pooling].flatMap((layer) => (layer ? [names[layer.type]] : [])).join(", ");
}

function Save({ shown }: { readonly shown: Network }) {
  const m = messages();
  const isPacking = useSignal(false);
  const { origin } = shown;
  const run = origin.type === "run" ? runs.value.find(({ number }) => number === origin.number) : undefined;
  const isDone = run?.status.value === "done";
  const saveFolder = async () => {
    const weights = run?.weights.peek();
    if (!run || !weights) return;
    isPacking.value = true;
    try {
      // Only now: the charts of its curves are as large as the rest of the page.
      const { runFolderZip } = await import("./runFolder.js");
      const name = fileStem(shown);
      download(`${name}.zip`, runFolderZip(name, recordOf(run, name), weights.parameters));
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
