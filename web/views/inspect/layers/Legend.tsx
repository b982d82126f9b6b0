import { type ReadonlySignal, useComputed } from "@preact/signals";
import { formatValue } from "../../../i18n/numbers.js";
import { messages } from "../messages/index.js";
import { canvasColors, gradientOf } from "./colors.js";
import type { ValueRange } from "./range.js";

export interface LegendProps {
  readonly range: ReadonlySignal<ValueRange>;
  /** Paper to ink, blue to orange, or paper to orange. */
  readonly palette: "sequential" | "diverging" | "upper";
}

/** The value range of the maps' colours. */
export function Legend({ range, palette }: LegendProps) {
  const least = useComputed(() => formatValue(range.value.least));
  const most = useComputed(() => formatValue(range.value.most));
  const isEmpty = useComputed(() => range.value.least === range.value.most);
  const { diverging, sequential } = canvasColors.value;
  const gradient =
    palette === "sequential" ? gradientOf(sequential) : gradientOf(diverging, palette === "upper" ? "upper" : "whole");
  if (isEmpty.value) return <p class="value-range">{messages().allZero}</p>;
  return (
    <p class="value-range">
      <span class="visually-hidden">{messages().colours} </span>
      <span>{least}</span>
      <span class="scale" style={{ background: gradient }} />
      <span>{most}</span>
    </p>
  );
}
