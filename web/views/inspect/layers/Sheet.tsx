import { effect, type ReadonlySignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useScale, useWidth } from "../../../kit/hooks.js";
import { ARROWS } from "./keyboard.js";
import { prepare } from "./paint.js";
import { neighbour, type SheetLayout, sheetLayout, unitAt } from "./sheetLayout.js";

export interface SheetProps {
  /** The number of maps. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** The available space, in CSS pixels for text of the usual size. */
  readonly room: { readonly height: number; readonly mostScale: number; readonly gap: number };
  /** The margin around the maps, in CSS pixels, which keeps outlines at the border visible. */
  readonly margin?: number;
  /** Draws the maps; called again when a signal that it reads changes. */
  readonly paint: (context: CanvasRenderingContext2D, layout: SheetLayout) => void;
  /** The accessible name; a signal if it changes with the image. */
  readonly label: string | ReadonlySignal<string>;
  /** What its image is called when it is saved. Default: the accessible name. */
  readonly name?: string;
  readonly cursor?: {
    /** The unit that arrow keys start from. */
    readonly unit: number | undefined;
    readonly onMove: (unit: number, how: "pointer" | "arrow") => void;
    /** Overrides what arrow keys do; by default, they move to the neighbouring unit. */
    readonly onArrow?: (right: number, down: number, columns: number) => void;
    readonly onEnter?: () => void;
    readonly onHover?: (unit: number | undefined) => void;
  };
}

/** Maps side by side on one canvas; with a cursor, units can be selected by pointer and arrow keys. */
export function Sheet({ count, height, width, room, margin = 3, paint, label, name, cursor }: SheetProps) {
  const [box, boxWidth] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = devicePixelRatio;
  const scale = ratio * useScale();
  const border = Math.round(margin * ratio);
  const layout = sheetLayout(count, height, width, {
    width: Math.floor(Math.max(1, boxWidth * ratio - 2 * border)),
    height: Math.floor(room.height * scale),
    mostScale: Math.max(1, Math.floor(room.mostScale * scale)),
    gap: Math.max(1, Math.round(room.gap * scale)),
  });
  const draw = () => {
    if (!canvas.current || boxWidth === 0) return;
    const { totalWidth, totalHeight } = layout;
    const context = prepare(canvas.current, totalWidth + 2 * border, totalHeight + 2 * border);
    if (!context) return;
    context.save();
    context.translate(border, border);
    paint(context, layout);
    context.restore();
  };
  // Draws after every render, and whenever a signal that it reads changes.
  useLayoutEffect(() => effect(draw));
  const unitOf = ({ offsetX, offsetY }: MouseEvent) =>
    unitAt(layout, offsetX * ratio - border, offsetY * ratio - border);
  const onKeyDown = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (event.key === "Enter" && cursor?.onEnter) {
      event.preventDefault();
      cursor.onEnter();
    }
    if (!arrow || !cursor || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (cursor.onArrow) cursor.onArrow(...arrow, layout.columns);
    else cursor.onMove(cursor.unit === undefined ? 0 : neighbour(layout, cursor.unit, ...arrow), "arrow");
  };
  return (
    <div class="sheet" ref={box}>
      {cursor ? (
        // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys select its units
        <canvas
          ref={canvas}
          class="units"
          data-name={name}
          role="application"
          tabIndex={0}
          aria-label={label}
          onKeyDown={onKeyDown}
          onClick={(event) => {
            const unit = unitOf(event);
            if (unit !== undefined) cursor.onMove(unit, "pointer");
          }}
          onPointerMove={(event) => cursor.onHover?.(unitOf(event))}
          onPointerLeave={() => cursor.onHover?.(undefined)}
        />
      ) : (
        <canvas ref={canvas} role="img" aria-label={label} data-name={name} />
      )}
    </div>
  );
}
