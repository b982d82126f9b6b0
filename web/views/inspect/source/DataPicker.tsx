import { useComputed } from "@preact/signals";
import { changeUrl, url } from "../../../address/url.js";
import { formatCount } from "../../../i18n/numbers.js";
import { Button, Choice, Select } from "../../../kit/controls.js";
import { canvasColors } from "../layers/colors.js";
import { imagePixels, outline, paintMaps } from "../layers/paint.js";
import { Sheet } from "../layers/Sheet.js";
import { mapCorner } from "../layers/sheetLayout.js";
import { messages } from "../messages/index.js";
import {
  background,
  choosable,
  choosePlace,
  chooseRandom,
  chosenPlace,
  parts,
  shownPart,
} from "../state/choosableImages.js";

/** Images visible at once. */
const PAGE = 12;

/** Picks an image from the data in memory. */
export function DataPicker() {
  const m = messages();
  const page = useComputed(() => Math.floor(chosenPlace.value / PAGE));
  const data = choosable.value;
  if (!data || !shownPart.value) return null;
  const { dataset, indices } = data;
  const { channels, height, width, classes } = dataset;
  const size = channels * height * width;
  const shown = indices.subarray(page.value * PAGE, (page.value + 1) * PAGE);
  const place = chosenPlace.value;
  return (
    <div class="data-picker">
      {parts.value.length > 1 && (
        <Choice
          label={m.part}
          options={parts.value.map((value) => ({ value, label: m.parts[value] }))}
          value={shownPart.value}
          onChange={(inspectPart) => changeUrl({ inspectPart, inspectIndex: undefined })}
        />
      )}
      <Select
        label={m.ofClass}
        options={[
          { value: "", label: m.allClasses },
          ...classes.map((name, index) => ({ value: String(index), label: name })),
        ]}
        value={url.value.inspectClass === undefined ? "" : String(url.value.inspectClass)}
        onChange={(value) =>
          changeUrl({ inspectClass: value === "" ? undefined : Number(value), inspectIndex: undefined })
        }
      />
      {shown.length > 0 && (
        <Sheet
          count={PAGE}
          height={height}
          width={width}
          room={{ height: 400, mostScale: 2, gap: 5 }}
          name={m.sources.data}
          label={m.dataLabel(place + 1, indices.length, classes[dataset.labels[indices[place]]])}
          paint={(context, layout) => {
            const colors = canvasColors.value;
            shown.forEach((index, order) => {
              const image = dataset.images.subarray(index * size, (index + 1) * size);
              const [left, top] = mapCorner(layout, order);
              context.save();
              context.translate(left, top);
              const single = { ...layout, count: 1, columns: 1 };
              paintMaps(context, single, imagePixels(image, channels, background.value, colors));
              if (page.value * PAGE + order === place) {
                const whole = (extent: number) => ({ first: 0, last: extent - 1 });
                const block = { channels: whole(1), rows: whole(height), columns: whole(width) };
                outline(context, single, block, colors.mark, colors.halo);
              }
              context.restore();
            });
          }}
          cursor={{
            unit: undefined,
            onMove: (unit, how) => {
              if (how === "pointer") choosePlace(page.value * PAGE + Math.floor(unit / (height * width)));
            },
            onArrow: (right, down, columns) => choosePlace(place + right + columns * down),
          }}
        />
      )}
      <div class="pad-controls">
        <Button icon="back" label={m.previous} disabled={place === 0} onClick={() => choosePlace(place - 1)} />
        <Button
          icon="step"
          label={m.following}
          disabled={place >= indices.length - 1}
          onClick={() => choosePlace(place + 1)}
        />
        <Button onClick={chooseRandom}>{m.random}</Button>
        <p class="quiet">{m.placeOf(formatCount(Math.min(place + 1, indices.length)), formatCount(indices.length))}</p>
      </div>
    </div>
  );
}
