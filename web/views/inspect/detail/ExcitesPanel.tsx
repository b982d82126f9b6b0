import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { inferShapes, receptiveFields, unitBlock, unitPlace } from "../../../../src/model/index.js";
import { formatCount, formatValue } from "../../../i18n/numbers.js";
import { Button } from "../../../kit/controls.js";
import { runTask } from "../../../state/inspectTask.js";
import type { ExcitingImage, InspectEvent, MapPlace } from "../../../worker/inspect/protocol.js";
import { canvasColors } from "../layers/colors.js";
import { imagePixels, outline, paintMaps } from "../layers/paint.js";
import { Sheet } from "../layers/Sheet.js";
import { messages } from "../messages/index.js";
import { background, choosable } from "../state/choosableImages.js";
import { selection, shownLayer } from "../state/response.js";
import { takeBytes } from "../state/shownImage.js";
import { shownNetwork, structure } from "../state/shownNetwork.js";
import { nameOfMap } from "../state/unitNames.js";

const IMAGES = 12;

/** Feature visualization: what excites the selected map most, in the data in memory and synthesized from noise. */
export function ExcitesPanel() {
  if (!structure.value || !selection.value) return null;
  const { paper, unit } = selection.value;
  const shape = structure.value.layers[paper.main].output;
  const [map] = unitPlace(shape, unit);
  const name = nameOfMap(paper, shape, map);
  return (
    <div class="excites-panel">
      <Found key={`found ${name}`} name={name} place={{ layer: shownLayer(paper), map }} />
      <Climbed key={`climbed ${name}`} name={name} place={{ layer: paper.main, map }} />
    </div>
  );
}

interface PartProps {
  readonly name: string;
  readonly place: MapPlace;
}

/** Runs one task at a time for a component; the task ends with the component. */
function useTask() {
  const end = useRef<(() => void) | undefined>(undefined);
  useEffect(() => () => end.current?.(), []);
  return (
    task: Parameters<typeof runTask>[0]["task"] | undefined,
    onEvent: (event: InspectEvent) => void = () => {},
  ) => {
    end.current?.();
    const network = shownNetwork.peek();
    end.current = task && network ? runTask({ network: withoutOrigin(network), task }, onEvent) : undefined;
  };
}

function withoutOrigin({ model, parameters, normalization }: NonNullable<typeof shownNetwork.value>) {
  return { model, parameters, normalization };
}

function Found({ name, place }: PartProps) {
  const m = messages();
  const run = useTask();
  const share = useSignal<number | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const found = useSignal<readonly ExcitingImage[]>([]);
  const chosen = useSignal(-1);
  const data = choosable.value;
  const model = shownNetwork.value?.model;
  if (!data || !model) return <p class="quiet">{m.noData}</p>;
  const { dataset } = data;
  const size = dataset.channels * dataset.height * dataset.width;
  const search = () => {
    share.value = 0;
    found.value = [];
    chosen.value = -1;
    run({ type: "search", dataset, place, count: IMAGES }, (event) => {
      if (event.type === "progress") share.value = event.done / event.total;
      else share.value = undefined;
      if (event.type === "found") found.value = event.images;
      if (event.type === "failed") failure.value = event.message;
    });
  };
  const abort = () => {
    run(undefined);
    share.value = undefined;
  };
  const look = (order: number) => {
    const { index } = found.value[order];
    takeBytes(dataset.images.slice(index * size, (index + 1) * size));
  };
  const layers = inferShapes(model);
  return (
    <section>
      <h3>{m.foundTitle(name)}</h3>
      {share.value === undefined ? (
        <Button icon="play" onClick={search}>
          {m.search(formatCount(dataset.labels.length))}
        </Button>
      ) : (
        <div class="working">
          <progress value={share.value} max={1} aria-label={m.searching} />
          <Button onClick={abort}>{m.abort}</Button>
        </div>
      )}
      {failure.value && <p role="alert">{failure.value}</p>}
      {found.value.length > 0 && (
        <>
          <Sheet
            count={found.value.length}
            height={dataset.height}
            width={dataset.width}
            room={{ height: 400, mostScale: 3, gap: 6 }}
            name={m.foundTitle(name)}
            label={m.foundLabel(found.value.map(({ value }) => formatValue(value)).join(", "))}
            paint={(context, layout) => {
              const colors = canvasColors.value;
              found.value.forEach(({ index, unit }, order) => {
                const image = dataset.images.subarray(index * size, (index + 1) * size);
                const pixels = imagePixels(image, dataset.channels, background.value, colors);
                const column = order % layout.columns;
                context.save();
                context.translate(
                  column * (layout.width * layout.scale + layout.gap),
                  Math.floor(order / layout.columns) * (layout.height * layout.scale + layout.gap),
                );
                const single = { ...layout, count: 1, columns: 1 };
                paintMaps(context, single, pixels);
                const [field] = receptiveFields(layers, place.layer, unitBlock(layers[place.layer].output, unit));
                outline(context, single, { ...field, channels: { first: 0, last: 0 } }, colors.mark, colors.halo);
                context.restore();
              });
            }}
            cursor={{
              unit: undefined,
              onMove: (unit) => look(Math.floor(unit / (dataset.height * dataset.width))),
              onArrow: (right, down, columns) => {
                chosen.value = Math.min(found.value.length - 1, Math.max(0, chosen.value + right + columns * down));
                look(chosen.value);
              },
            }}
          />
          <p class="quiet">{m.foundNote}</p>
        </>
      )}
    </section>
  );
}

function Climbed({ name, place }: PartProps) {
  const m = messages();
  const run = useTask();
  const seed = useSignal(0);
  const isClimbing = useSignal(false);
  const climbed = useSignal<{ readonly pixels: Uint8Array; readonly value: number } | undefined>(undefined);
  const input = shownNetwork.value?.model.input;
  if (!input) return null;
  const climb = () => {
    isClimbing.value = true;
    run({ type: "climb", place, seed: seed.value }, (event) => {
      if (event.type === "climbed") climbed.value = event;
      isClimbing.value = event.type === "climbed" && !event.done;
    });
    seed.value++;
  };
  const abort = () => {
    run(undefined);
    isClimbing.value = false;
  };
  return (
    <section>
      <h3>{m.climbTitle}</h3>
      <p class="quiet">{m.climbNote(name)}</p>
      <div class="buttons">
        {isClimbing.value ? (
          <Button onClick={abort}>{m.abort}</Button>
        ) : (
          <Button icon="play" onClick={climb}>
            {climbed.value ? m.climbAgain(seed.value) : m.climb}
          </Button>
        )}
        {climbed.value && (
          <Button onClick={() => climbed.value && takeBytes(climbed.value.pixels)}>{m.lookAtIt}</Button>
        )}
      </div>
      {climbed.value && (
        <>
          <Sheet
            count={1}
            height={input.height}
            width={input.width}
            room={{ height: 170, mostScale: 6, gap: 0 }}
            name={m.climbTitle}
            label={m.climbLabel(formatValue(climbed.value.value))}
            paint={(context, layout) => {
              if (!climbed.value) return;
              const pixels = imagePixels(climbed.value.pixels, input.channels, background.value, canvasColors.value);
              paintMaps(context, layout, pixels);
            }}
          />
          <p class="quiet">{m.climbValue(formatValue(climbed.value.value))}</p>
        </>
      )}
    </section>
  );
}
