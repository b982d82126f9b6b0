import "./space.css";
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { sceneColors } from "../colors.js";
import type { Hit } from "../layout.js";
import { messages } from "../messages.js";
import { type Picture, ScenePainter } from "../paint.js";
import { partKey } from "../Scene.js";
import { describe, formatSure, headsOf, nameOfUnit, unitOf } from "../words.js";
import { fittedCamera, hitInSpace, projected, spaceOf, viewOf } from "./spaceLayout.js";
import { SpacePainter } from "./spacePainter.js";

export interface SpaceProps {
  readonly picture: ReadonlySignal<Picture>;
  readonly width: number;
  readonly height: number;
  /** CSS pixels in a unit of the design. */
  readonly unit: number;
  /** The part of the width at the left and at the right where other things stand. */
  readonly margins: readonly [left: number, right: number];
  readonly isEased: () => boolean;
  readonly light: ReadonlySignal<number>;
  readonly onChoose: (hit: Hit | undefined) => void;
  /** Called if there is no WebGL 2, or it is lost. */
  readonly onFail: () => void;
}

/** Where the camera comes from, and where it comes to rest; radians. */
const START = { yaw: 1.25, pitch: 0.05 };
const REST = { yaw: 0.62, pitch: 0.24 };
const MOVE_MILLISECONDS = 1400;
/** How far the view turns for a drag of a pixel. */
const TURN = 0.006;
const LIMITS = { yaw: [-0.3, 1.45], pitch: [-0.5, 1.2], zoom: [0.35, 1.8] } as const;
/** The share of the height that is left free above, for the names, and below. */
const FREE = { above: 0.12, below: 0.05 };
/** A move of the camera. */
interface CameraMove {
  readonly yaw?: number;
  readonly pitch?: number;
  readonly zoom?: number;
}

/** The moves that keys make. */
const KEYS: Readonly<Record<string, CameraMove>> = {
  "Shift+ArrowLeft": { yaw: -0.1 },
  "Shift+ArrowRight": { yaw: 0.1 },
  "Shift+ArrowUp": { pitch: 0.08 },
  "Shift+ArrowDown": { pitch: -0.08 },
  "+": { zoom: 0.87 },
  "-": { zoom: 1.15 },
};

/** How far a pointer may move in a click, in CSS pixels. */
const CLICK_DISTANCE = 4;

/** The network in space: the same values, edges and parts as the flat scene. */
export function Space(props: SpaceProps) {
  const { picture, width, height, unit, margins, isEased, light, onChoose, onFail } = props;
  const m = messages();
  const canvas = useRef<HTMLCanvasElement>(null);
  const values = useRef<ScenePainter>(undefined);
  values.current ??= new ScenePainter();
  const painter = useRef<SpacePainter>(undefined);
  const labels = useRef<HTMLDivElement>(null);
  const frame = useRef<number>(undefined);
  const before = useRef(0);
  const lightShown = useRef(-1);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const turn = useRef({ ...(still ? REST : START), zoom: 1, moved: still ? 1 : 0 });
  const drag = useRef<{ readonly x: number; readonly y: number; yaw: number; pitch: number; isClick: boolean }>(
    undefined,
  );
  const hovered = useSignal<{ readonly hit: Hit; readonly x: number; readonly y: number } | undefined>(undefined);

  const { structure, probabilities, classes, contributions } = picture.value;
  const space = useMemo(() => spaceOf(structure), [structure]);
  const aspect = Math.max(0.3, width / Math.max(1, height));
  const [left, right] = margins;
  const rest = useMemo(() => {
    const room = { left: 2 * left - 1, right: 1 - 2 * right, bottom: 2 * FREE.below - 1, top: 1 - 2 * FREE.above };
    return fittedCamera(space, REST, aspect, room);
  }, [space, aspect, left, right]);
  const colors = sceneColors.value;
  const heads = headsOf(structure);
  const outputs = structure.stages.length - 1;

  const view = () => {
    const { yaw, pitch, zoom } = turn.current;
    return viewOf({ ...rest, yaw, pitch, distance: rest.distance * zoom }, aspect);
  };

  const draw = () => {
    const state = values.current?.state;
    const element = canvas.current;
    if (!state || !element || !painter.current || width === 0 || height === 0) return;
    const [across, down] = [width, height].map((side) => Math.round(side * devicePixelRatio));
    if (element.width !== across) element.width = across;
    if (element.height !== down) element.height = down;
    const { matrix } = view();
    painter.current.draw(state, matrix, colors, unit);
    const spans = labels.current?.children ?? [];
    const points = [...space.tops, ...space.stages[outputs].map(({ centre }) => centre)];
    for (const [index, point] of points.entries()) {
      const at = projected(matrix, point);
      const span = spans[index] as HTMLElement | undefined;
      if (!span) continue;
      span.hidden = at === undefined;
      if (!at) continue;
      const [x, y] = [((at[0] + 1) / 2) * width, ((1 - at[1]) / 2) * height];
      span.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    }
  };
  const drawLatest = useRef(draw);
  drawLatest.current = draw;

  const step = (now: number) => {
    frame.current = undefined;
    const passed = Math.min(50, now - before.current);
    before.current = now;
    let goesOn = values.current?.advance(passed);
    const { moved } = turn.current;
    if (moved < 1) {
      const next = Math.min(1, moved + passed / MOVE_MILLISECONDS);
      const eased = 1 - (1 - next) ** 3;
      turn.current.yaw = START.yaw + (REST.yaw - START.yaw) * eased;
      turn.current.pitch = START.pitch + (REST.pitch - START.pitch) * eased;
      turn.current.moved = next;
      goesOn = true;
    }
    drawLatest.current();
    if (goesOn) frame.current = requestAnimationFrame(step);
  };
  const wake = () => {
    if (frame.current !== undefined) return;
    before.current = performance.now();
    frame.current = requestAnimationFrame(step);
  };

  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element) return;
    try {
      painter.current = new SpacePainter(element, space);
    } catch {
      onFail();
      return;
    }
    element.addEventListener("webglcontextlost", onFail);
    return () => {
      element.removeEventListener("webglcontextlost", onFail);
      painter.current?.dispose();
      painter.current = undefined;
    };
    // One context for each network's structure.
  }, [space, onFail]);
  useLayoutEffect(() => {
    const own = values.current;
    if (!own) return;
    own.show(picture.value, isEased());
    if (light.value !== lightShown.current) {
      lightShown.current = light.value;
      own.relight();
    }
    if (still) own.settle();
    draw();
    if (!still) wake();
  });
  useEffect(
    () => () => {
      if (frame.current !== undefined) cancelAnimationFrame(frame.current);
    },
    [],
  );

  /** Turns the camera, and brings it closer or farther away by a factor. */
  const moveBy = ({ yaw = 0, pitch = 0, zoom = 1 }: CameraMove) => {
    const own = turn.current;
    own.moved = 1;
    own.yaw = within(own.yaw + yaw, LIMITS.yaw);
    own.pitch = within(own.pitch + pitch, LIMITS.pitch);
    own.zoom = within(own.zoom * zoom, LIMITS.zoom);
    draw();
  };
  const hitOf = ({ offsetX, offsetY }: MouseEvent) => {
    const { origin, rayThrough } = view();
    const direction = rayThrough((2 * offsetX) / width - 1, 1 - (2 * offsetY) / height);
    return hitInSpace(space, structure, origin, direction);
  };
  const winner = probabilities.indexOf(Math.max(...probabilities));
  const tip = hovered.value;
  return (
    <div class="space">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys choose its parts */}
      <canvas
        key={structure}
        ref={canvas}
        class="space-canvas"
        style={{ width: `${width}px`, height: `${height}px` }}
        role="application"
        tabIndex={0}
        data-name={m.saved}
        aria-label={`${m.scene(classes[winner] ?? "", formatSure(probabilities[winner]))} ${m.spaceKeys} ${nameOfUnit(picture.value, contributions.unit)}`}
        onPointerDown={(event) => {
          const { yaw, pitch } = turn.current;
          turn.current.moved = 1;
          drag.current = { x: event.clientX, y: event.clientY, yaw, pitch, isClick: true };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const held = drag.current;
          if (held) {
            const [right, down] = [event.clientX - held.x, event.clientY - held.y];
            if (Math.hypot(right, down) > CLICK_DISTANCE) held.isClick = false;
            turn.current.yaw = within(held.yaw + right * TURN, LIMITS.yaw);
            turn.current.pitch = within(held.pitch + down * TURN, LIMITS.pitch);
            draw();
            return;
          }
          const hit = event.pointerType === "touch" ? undefined : hitOf(event);
          hovered.value = hit && { hit, x: event.offsetX, y: event.offsetY };
          event.currentTarget.style.cursor = hit ? "pointer" : "grab";
        }}
        onPointerUp={(event) => {
          if (drag.current?.isClick) onChoose(hitOf(event));
          drag.current = undefined;
        }}
        onPointerLeave={() => {
          hovered.value = undefined;
        }}
        onDblClick={() => {
          Object.assign(turn.current, REST, { zoom: 1 });
          draw();
        }}
        onWheel={(event) => {
          // Without the key, which pinching on a touchpad sets, the page scrolls.
          if (!event.ctrlKey && !event.metaKey) return;
          event.preventDefault();
          moveBy({ zoom: Math.exp(event.deltaY * 0.004) });
        }}
        onKeyDown={(event) => {
          const move = KEYS[`${event.shiftKey && event.key.startsWith("Arrow") ? "Shift+" : ""}${event.key}`];
          if (!move) return partKey(event, picture, onChoose);
          event.preventDefault();
          moveBy(move);
        }}
      />
      <div class="space-labels" ref={labels} aria-hidden="true">
        {heads.map(({ title }, stage) => (
          <span key={stage} class="space-head">
            <b>{title}</b>
          </span>
        ))}
        {classes.map((name, index) => (
          <span key={`class ${index}`} class={`space-class${index === winner ? " is-answer" : ""}`}>
            <b>{name}</b>
          </span>
        ))}
      </div>
      {tip && (
        <div
          class="scene-tip"
          aria-hidden="true"
          style={{
            left: `${tip.x}px`,
            top: `${tip.y + 14}px`,
            transform: `translateX(${tip.x > width / 2 ? "-100%" : "0"})`,
          }}
        >
          <strong>{nameOfUnit(picture.value, unitOf(structure, tip.hit))}</strong>
          {describe(picture.value, tip.hit)}
        </div>
      )}
    </div>
  );
}

function within(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(most, Math.max(least, value));
}
