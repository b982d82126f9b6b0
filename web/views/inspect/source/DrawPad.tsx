import { effect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { changeUrl } from "../../../address/url.js";
import { Button } from "../../../kit/controls.js";
import { useScale, useWidth } from "../../../kit/hooks.js";
import { type PadStroke, PEN_RADIUS } from "../../../scene/pen.js";
import { usePen } from "../../../scene/usePen.js";
import { canvasColors } from "../layers/colors.js";
import { prepare } from "../layers/paint.js";
import { messages } from "../messages/index.js";
import { beginStroke, clearDrawing, drawing, extendStroke, isCentred, undoStroke } from "../state/shownImage.js";

/** The maximum side, in CSS pixels, which leaves room for the maps beside it. */
const MOST_SIDE = 320;

const STROKES = { begin: beginStroke, extend: extendStroke };

/** A square to draw on with a pointer. */
export function DrawPad() {
  const m = messages();
  const [box, boxWidth] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const pen = usePen(STROKES, "inspect-stroke");
  const side = Math.min(MOST_SIDE * useScale(), boxWidth);
  const { strokes, isExample, cleared } = drawing.value;
  useLayoutEffect(() =>
    effect(() => {
      if (!canvas.current || side === 0) return;
      const pixels = Math.floor(side * devicePixelRatio);
      const context = prepare(canvas.current, pixels, pixels);
      if (context) paintStrokes(context, drawing.value.strokes, pixels, drawing.value.isExample);
    }),
  );
  return (
    <div class="pad" ref={box}>
      <canvas ref={canvas} role="img" aria-label={m.padLabel} data-name={m.drawing} {...pen} />
      {isExample && (
        <p class="hint" aria-hidden="true">
          {m.drawHere}
        </p>
      )}
      <div class="pad-controls">
        <Button disabled={strokes.length === 0 && !cleared} onClick={undoStroke}>
          {m.undo}
        </Button>
        <Button disabled={strokes.length === 0} onClick={clearDrawing}>
          {m.clear}
        </Button>
        <label class="check">
          <input
            type="checkbox"
            checked={isCentred.value}
            onChange={({ currentTarget }) => changeUrl({ inspectCentre: currentTarget.checked ? "on" : "off" })}
          />
          <span>{m.centre}</span>
        </label>
      </div>
    </div>
  );
}

function paintStrokes(
  context: CanvasRenderingContext2D,
  strokes: readonly PadStroke[],
  side: number,
  isExample: boolean,
): void {
  const { ink } = canvasColors.value;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.lineWidth = 2 * PEN_RADIUS * side;
  context.strokeStyle = ink;
  context.globalAlpha = isExample ? 0.35 : 1;
  for (const stroke of strokes) {
    context.beginPath();
    for (const { x, y } of stroke) context.lineTo(x * side, y * side);
    // A dot is a line to the same point.
    if (stroke.length === 1) context.lineTo(stroke[0].x * side, stroke[0].y * side);
    context.stroke();
  }
}
