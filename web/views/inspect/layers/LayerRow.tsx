import { useComputed, useSignal } from "@preact/signals";
import { isPooling, type PaperLayer, type ShapedLayer } from "../../../../src/model/index.js";
import { layerMessages } from "../../../i18n/layers/index.js";
import { formatValue } from "../../../i18n/numbers.js";
import { useMedia } from "../../../kit/hooks.js";
import { messages } from "../messages/index.js";
import { response, select, selection, shownLayer } from "../state/response.js";
import { nameOfUnit } from "../state/unitNames.js";
import { canvasColors } from "./colors.js";
import { focusDetail } from "./keyboard.js";
import { Legend } from "./Legend.js";
import { frameMaps, mapPixels, paintMaps, paintMarks } from "./paint.js";
import { kindOfValues, rangeOf } from "./range.js";
import { Sheet } from "./Sheet.js";

export interface LayerRowProps {
  readonly layers: readonly ShapedLayer[];
  readonly paper: PaperLayer;
  /** Its index among the paper's layers. */
  readonly position: number;
}

/** A layer's maps for the current image. */
export function LayerRow({ layers, paper, position }: LayerRowProps) {
  const hovered = useSignal<number | undefined>(undefined);
  const layer = shownLayer(paper);
  const shape = layers[layer].output;
  const [count, height, width] = shape.length === 3 ? shape : [shape[0], 1, 1];
  const isFeatures = shape.length === 1;
  const kind = kindOfValues(layers, layer);
  const range = useComputed(() => {
    const values = response.value?.values[shownLayer(paper) + 1];
    return values ? rangeOf(values, kindOfValues(layers, shownLayer(paper))) : { least: 0, most: 1 };
  });
  const label = useComputed(() => {
    const at = selection.value?.position === position ? selection.value.unit : undefined;
    const values = response.value?.values[shownLayer(paper) + 1];
    const selected = at === undefined || !values ? "" : `${nameOfUnit(paper, shape, at)}: ${formatValue(values[at])}. `;
    return `${messages().layerMaps(paper.term, count, height, width)} ${selected}${messages().arrowsMove}`;
  });
  const reading = useComputed(() => {
    const unit = hovered.value;
    const values = response.value?.values[shownLayer(paper) + 1];
    if (unit === undefined || !values) return messages().shapeOf(count, height, width);
    return `${nameOfUnit(paper, shape, unit)}: ${formatValue(values[unit])}`;
  });
  const isTablet = useMedia("(min-width: 44rem)");
  const isWide = useMedia("(min-width: 90rem)");
  const room = isFeatures
    ? { height: isTablet ? 52 : 90, mostScale: isWide ? 16 : isTablet ? 13 : 11, gap: 1 }
    : { height: isTablet ? 190 : 240, mostScale: isWide ? 7 : isTablet ? 5 : 4, gap: isTablet ? 6 : 5 };
  return (
    <section class="layer" aria-label={paper.term}>
      <header>
        <h2>{paper.term}</h2>
        <p>
          {nameOfKind(layers[paper.main])}
          {layer !== paper.main && <> · {layerMessages().kinds[layers[layer].layer.type].name}</>}
        </p>
        <p class="reading">{reading}</p>
        <Legend range={range} palette={kind === "signed" ? "diverging" : "sequential"} />
      </header>
      <Sheet
        count={count}
        height={height}
        width={width}
        room={room}
        label={label}
        name={paper.term}
        paint={(context, layout) => {
          const values = response.value?.values[shownLayer(paper) + 1];
          if (!values) return;
          const colors = canvasColors.value;
          paintMaps(context, layout, mapPixels(values, range.value, colors));
          if (!isFeatures) frameMaps(context, layout, colors.line);
          paintMarks(context, layout, position);
        }}
        cursor={{
          unit: selection.value?.position === position ? selection.value.unit : undefined,
          onMove: (unit) => select(paper, unit),
          onEnter: focusDetail,
          onHover: (unit) => {
            hovered.value = unit;
          },
        }}
      />
    </section>
  );
}

/** What a layer is called everywhere: C5 of the paper, a convolution there, is a fully connected layer here. */
function nameOfKind({ layer }: ShapedLayer): string {
  const { kinds, poolings } = layerMessages();
  return isPooling(layer) ? poolings[layer.type].full : kinds[layer.type].name;
}
