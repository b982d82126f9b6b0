import { effect, type ReadonlySignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useWidth } from "../../../kit/useWidth.js";
import { ARROWS } from "./keyboard.js";
import { prepare } from "./paint.js";
import { neighbour, type SheetLayout, sheetLayout, unitAt } from "./sheetLayout.js";

export interface SheetProps {
  /** Of the maps. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** What it may take, in CSS pixels. */
  readonly room: { readonly height: number; readonly mostScale: number; readonly gap: number };
  /** Around the maps, so that outlines at the border are seen, in CSS pixels. */
  readonly margin?: number;
  /** Draws the maps. Drawn again when a signal that it reads changes. */
  readonly paint: (context: CanvasRenderingContext2D, layout: SheetLayout) => void;
  /** What is seen, for those who do not see it; a signal, where it changes with the image. */
  readonly label: string | ReadonlySignal<string>;
  readonly cursor?: {
    /** The unit that arrows go on from. */
    readonly unit: number | undefined;
    readonly onMove: (unit: number, how: "pointer" | "arrow") => void;
    /** Where arrows do something else than go to the unit beside. */
    readonly onArrow?: (right: number, down: number, columns: number) => void;
    readonly onEnter?: () => void;
    readonly onHover?: (unit: number | undefined) => void;
  };
}

/** Maps side by side on one canvas; with a cursor, their units can be gone over with a pointer and with arrows. */
export function Sheet({ count, height, width, room, margin = 3, paint, label, cursor }: SheetProps) {
  const [box, boxWidth] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const ratio = devicePixelRatio;
  const border = Math.round(margin * ratio);
  const layout = sheetLayout(count, height, width, {
    width: Math.floor(Math.max(1, boxWidth * ratio - 2 * border)),
    height: Math.floor(room.height * ratio),
    mostScale: Math.max(1, Math.floor(room.mostScale * ratio)),
    gap: Math.max(1, Math.round(room.gap * ratio)),
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
  // Anew with every rendering, and in between whenever a signal changes that painting reads.
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
        // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrows are for its units
        <canvas
          ref={canvas}
          class="units"
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
        <canvas ref={canvas} role="img" aria-label={label} />
      )}
    </div>
  );
}
