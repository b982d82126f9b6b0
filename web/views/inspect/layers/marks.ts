import { unitBlock } from "../../../../src/model/index.js";
import { selectedFields, selection } from "../state/response.js";
import { structure } from "../state/shownNetwork.js";
import { stepPlace } from "../state/steps.js";
import { canvasColors } from "./colors.js";
import { outline } from "./paint.js";
import type { SheetLayout } from "./sheetLayout.js";

/**
 * Outlines the receptive field of the selected unit and, while stepping through its sum, the value added last.
 *
 * @param position the layer's index among the paper's layers; −1 for the input
 */
export function paintMarks(context: CanvasRenderingContext2D, layout: SheetLayout, position: number): void {
  const selected = selection.value;
  if (!structure.value || !selected || position > selected.position) return;
  const { mark, halo, ink } = canvasColors.value;
  const { papers } = structure.value;
  const block = selectedFields.value[position === -1 ? 0 : papers[position].last + 1];
  if (block) outline(context, layout, block, mark, halo);
  if (stepPlace.value === undefined || position !== selected.position - 1) return;
  const { count, height, width } = layout;
  const place = unitBlock([count, height, width], stepPlace.value % (count * height * width));
  outline(context, layout, place, ink, halo);
}
