import { effect, useComputed } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { PaperLayer } from "../../../../src/model/index.js";
import { url } from "../../../address/url.js";
import { formatPercent, formatValue } from "../../../i18n/numbers.js";
import { useScale, useWidth } from "../../../kit/hooks.js";
import { messages } from "../messages/index.js";
import { response, select, selection } from "../state/response.js";
import { shownImage } from "../state/shownImage.js";
import { shownNetwork } from "../state/shownNetwork.js";
import { unlike } from "../state/unlike.js";
import { type BarLayout, barAt, barLayout, paintBars } from "./bars.js";
import { ARROWS, focusDetail } from "./keyboard.js";
import { prepare } from "./paint.js";

/** The network's prediction for the image. */
export function Prediction() {
  const m = messages();
  const classes = shownNetwork.value?.classes;
  const label = shownImage.value?.label;
  if (!response.value || !classes) return null;
  const { prediction, probabilities } = response.value;
  const order = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one]);
  const nameOf = (index: number) => classes[index] ?? String(index);
  return (
    <div class="prediction">
      <p class="quiet">{m.prediction}</p>
      <p class={nameOf(prediction).length > 2 ? "answer long" : "answer"}>{nameOf(prediction)}</p>
      <p>{formatPercent(probabilities[prediction])}</p>
      {order.length > 1 && <p class="quiet">{m.next(nameOf(order[1]), formatPercent(probabilities[order[1]]))}</p>}
      {unlike.value && (
        <p class="unlike" role="status">
          {m.unlike} <small>{m.unlikeNotes[unlike.value]}</small>
        </p>
      )}
      {label !== undefined && <p class={label === prediction ? "quiet" : "wrong"}>{m.labelled(nameOf(label))}</p>}
    </div>
  );
}

export interface OutputRowProps {
  readonly paper: PaperLayer;
  readonly position: number;
}

/** The classes as bars: probabilities or, before the softmax, logits. */
export function OutputRow({ paper, position }: OutputRowProps) {
  const m = messages();
  const [box, width] = useWidth<HTMLDivElement>();
  const scale = useScale();
  const canvas = useRef<HTMLCanvasElement>(null);
  const classes = shownNetwork.value?.classes ?? [];
  const count = response.value?.probabilities.length ?? classes.length;
  const layout: BarLayout = barLayout(count, width / scale);
  const isSelected = selection.value?.position === position;
  const selected = isSelected ? selection.value?.unit : undefined;
  const label = useComputed(() => {
    const probabilities = response.value?.probabilities ?? [];
    const all = Array.from(probabilities, (share, index) => `${classes[index] ?? index}: ${formatPercent(share)}`);
    return `${messages().outputLabel(all.join(", "))} ${messages().arrowsMove}`;
  });
  const draw = () => {
    if (!canvas.current || width === 0 || !response.value) return;
    const { probabilities, values } = response.value;
    const isBefore = url.value.inspectMoment === "before";
    const ratio = scale * devicePixelRatio;
    const context = prepare(
      canvas.current,
      Math.floor(width * devicePixelRatio),
      Math.floor(layout.totalHeight * ratio),
    );
    if (!context) return;
    context.save();
    context.scale(ratio, ratio);
    const shown: ArrayLike<number> = isBefore ? values[values.length - 1] : probabilities;
    const texts = Array.from(shown, (value) => (isBefore ? formatValue(value) : formatPercent(value)));
    paintBars(context, layout, {
      names: texts.map((_, index) => classes[index] ?? String(index)),
      values: shown,
      texts,
      largest: isBefore ? Math.max(...Array.from(shown, Math.abs)) : 1,
      isSigned: isBefore,
      strongest: response.value.prediction,
      selected,
    });
    context.restore();
  };
  useLayoutEffect(() => effect(draw));
  const move = (event: KeyboardEvent) => {
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    if (event.key === "Enter") focusDetail();
    if (right === 0 && down === 0) return;
    event.preventDefault();
    const next = (selected ?? 0) + right * layout.rows + down;
    if (next >= 0 && next < count) select(paper, next);
  };
  return (
    <section class="layer output" aria-label={paper.term}>
      <header>
        <h2>{m.output}</h2>
        <p>{url.value.inspectMoment === "before" ? m.logits : m.probabilities}</p>
      </header>
      <div class="sheet" ref={box}>
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys select its bars */}
        <canvas
          ref={canvas}
          class="units"
          data-name={m.output}
          role="application"
          tabIndex={0}
          aria-label={label}
          onKeyDown={move}
          onClick={({ offsetX, offsetY }) => {
            const unit = barAt(layout, offsetX / scale, offsetY / scale);
            if (unit !== undefined) select(paper, unit);
          }}
        />
      </div>
    </section>
  );
}
