import type { TargetedPointerEvent } from "preact";
import { useRef } from "preact/hooks";
import type { PadPoint, PadStroke } from "./pen.js";

/** What a pad does with strokes. */
export interface Strokes {
  readonly begin: (stroke: PadStroke) => void;
  /** Called with the last stroke as it is now. */
  readonly extend: (stroke: PadStroke) => void;
  readonly end?: () => void;
}

type PenEvent = TargetedPointerEvent<HTMLElement>;

/**
 * The pointer handlers of a square pad. New points reach the network once per frame.
 *
 * @param measure the name of the performance measure from a stroke to all maps drawn, for the browser's developer tools
 */
export function usePen({ begin, extend, end }: Strokes, measure: string) {
  const points = useRef<PadPoint[] | undefined>(undefined);
  const frame = useRef<number | undefined>(undefined);
  const show = () => {
    frame.current = undefined;
    if (!points.current) return;
    const start = performance.now();
    extend([...points.current]);
    // Once the maps have drawn themselves, which they do before the next frame.
    queueMicrotask(() => performance.measure(measure, { start, end: performance.now() }));
  };
  const lift = () => {
    if (!points.current) return;
    if (frame.current !== undefined) cancelAnimationFrame(frame.current);
    show();
    points.current = undefined;
    end?.();
  };
  return {
    onPointerDown: (event: PenEvent) => {
      event.preventDefault();
      event.currentTarget.setPointerCapture(event.pointerId);
      points.current = pointsOf(event, [event]);
      begin([...points.current]);
    },
    onPointerMove: (event: PenEvent) => {
      if (!points.current) return;
      // A mouse reports more points than the page draws frames.
      const events = event.getCoalescedEvents?.() ?? [];
      points.current.push(...pointsOf(event, events.length > 0 ? events : [event]));
      frame.current ??= requestAnimationFrame(show);
    },
    onPointerUp: lift,
    onPointerCancel: lift,
  };
}

function pointsOf({ currentTarget }: PenEvent, events: readonly MouseEvent[]): PadPoint[] {
  const side = currentTarget.clientWidth || 1;
  return events.map(({ offsetX, offsetY }) => ({ x: offsetX / side, y: offsetY / side }));
}
