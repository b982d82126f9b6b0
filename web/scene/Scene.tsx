import "./scene.css";
import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { announce } from "../kit/regions.js";
import type { Structure } from "./arithmetic.js";
import { sceneColors } from "./colors.js";
import { type Hit, hitAt, type SceneLayout } from "./layout.js";
import { messages } from "./messages.js";
import { isOpen, layoutBetween, type OpenLayout, rowAt } from "./openLayout.js";
import { type Picture, type SceneMark, ScenePainter } from "./paint.js";
import { describe, formatSure, headsOf, mapOf, nameOfUnit, unitOf } from "./words.js";

export interface SceneProps {
  readonly picture: ReadonlySignal<Picture>;
  readonly layout: SceneLayout;
  /** Whether values ease when the picture changes; they do not while a pen draws. */
  readonly isEased: () => boolean;
  /**
   * Whether the network is being trained: the scene is drawn whenever its values arrive then, and not in between, which
   * would take time from the training.
   */
  readonly isTraining?: () => boolean;
  /** Changes when the light is to run through the network again. */
  readonly light: ReadonlySignal<number>;
  /** What is pointed out; default: nothing. */
  readonly pointedOut?: readonly SceneMark[];
  /** Called with a map or unit; undefined: the answer. */
  readonly onChoose: (hit: Hit | undefined) => void;
  /** Called with the map whose row of an open joint is to be opened to numbers. */
  readonly onFocusRow: (from: number) => void;
}

/** The time in which a joint opens. */
const OPENING_MILLISECONDS = 480;

/** The time after a pen has moved in which it alone has the scene drawn, which would be drawn twice a frame else. */
const PEN_MILLISECONDS = 45;

/** The most time that passes in a scene between two states of a training, so that what is rare eases, too. */
const MOST_BETWEEN = 150;

const never = () => false;

/** Two layouts, and how far one has become the other. */
interface Change {
  readonly from: SceneLayout;
  readonly wasOpen: boolean;
  share: number;
}

/** Scrolling by such a share of a scene's height changes what counts as visible. */
const VISIBLE_STEPS = Array.from({ length: 51 }, (_, step) => step / 50);
/** What counts as visible around the window, so that scrolling shows nothing that is out of date. */
const VISIBLE_MARGIN = "25% 0px";

/** How far a tooltip is from the pointer. */
const TOOLTIP_DISTANCE = 14;

/** The network as one picture: all values, and what each part adds to the chosen unit. */
export function Scene(props: SceneProps) {
  const { picture, layout, isEased, isTraining = never, light, pointedOut, onChoose, onFocusRow } = props;
  const m = messages();
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<ScenePainter>(undefined);
  painter.current ??= new ScenePainter();
  const hovered = useSignal<{ readonly hit: Hit; readonly x: number; readonly y: number } | undefined>(undefined);
  const focused = useSignal(false);
  const frame = useRef<number>(undefined);
  const before = useRef(0);
  const penDrew = useRef(Number.NEGATIVE_INFINITY);
  const lightShown = useRef(-1);
  const change = useRef<Change>(undefined);
  const hasDrawn = useRef(false);
  const visible = useVisibleBand(canvas);
  const target = useRef<SceneLayout>(layout);

  const { structure, probabilities, classes, contributions } = picture.value;
  const colors = sceneColors.value;
  const heads = headsOf(structure);
  const still = isStill();

  /** @param isMoving whether it is drawn again soon: then only what is in sight is drawn, on a phone a small part */
  const draw = (isMoving: boolean) => {
    const context = contextOf(canvas.current, layout);
    if (!context) return;
    hasDrawn.current = true;
    const changing = change.current;
    const share = changing ? 1 - (1 - changing.share) ** 3 : 1;
    const now = changing ? layoutBetween(changing.from, layout, share) : layout;
    const open = isOpen(layout) ? { layout, share: changing?.wasOpen ? 1 : share } : undefined;
    const hit = hovered.peek()?.hit;
    context.save();
    if (isMoving && visible.current) {
      context.beginPath();
      context.rect(0, visible.current.top, layout.width, visible.current.height);
      context.clip();
    }
    painter.current?.draw(context, now, colors, {
      heads,
      hovered: hit,
      isFocused: focused.peek(),
      open,
      pointedOut,
    });
    context.restore();
  };
  const drawLatest = useRef(draw);
  drawLatest.current = draw;

  const step = (now: number) => {
    frame.current = undefined;
    if (now - penDrew.current < PEN_MILLISECONDS) {
      frame.current = requestAnimationFrame(step);
      return;
    }
    const passed = Math.min(50, now - before.current);
    let goesOn = painter.current?.advance(passed);
    if (change.current) {
      change.current.share += passed / OPENING_MILLISECONDS;
      if (change.current.share >= 1) change.current = undefined;
      goesOn = true;
    }
    before.current = now;
    drawLatest.current(goesOn === true);
    if (goesOn) frame.current = requestAnimationFrame(step);
  };
  const afterTheFirst = () => {
    frame.current = requestAnimationFrame(step);
  };
  // In the same frame as what it shows has changed.
  useLayoutEffect(() => {
    const own = painter.current;
    if (!own) return;
    own.show(picture.value, isEased());
    if (light.value !== lightShown.current) {
      lightShown.current = light.value;
      own.relight();
    }
    const last = target.current;
    target.current = layout;
    const isSameSize = last.width === layout.width && last.height === layout.height;
    if (still || !isSameSize || last.stages.length !== layout.stages.length) {
      change.current = undefined;
    } else if (openUnit(last) !== openUnit(layout)) {
      change.current = { from: last, wasOpen: isOpen(last), share: 0 };
    }
    if (still) own.settle();
    const training = isTraining();
    if (training || !isEased()) {
      const now = performance.now();
      own.advance(Math.min(training ? MOST_BETWEEN : 50, now - before.current));
      before.current = now;
      if (!training) penDrew.current = now;
    }
    const isLast = still || training;
    const isFirst = !hasDrawn.current;
    if (isLast || !isFirst) draw(!isLast);
    if (isLast || frame.current !== undefined) return;
    if (isEased()) before.current = performance.now();
    // The page itself is shown first.
    frame.current = requestAnimationFrame(isFirst ? afterTheFirst : step);
  });
  useEffect(
    () => () => {
      if (frame.current !== undefined) cancelAnimationFrame(frame.current);
    },
    [],
  );

  const hitOf = ({ offsetX, offsetY }: MouseEvent) => hitAt(layout, structure, offsetX, offsetY);
  const winner = probabilities.indexOf(Math.max(...probabilities));
  const tip = hovered.value;
  const tipText = tip && describe(picture.value, tip.hit);
  return (
    <div class="scene">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: arrow keys choose its parts */}
      <canvas
        ref={canvas}
        class="scene-canvas"
        style={{ width: `${layout.width}px`, height: `${layout.height}px` }}
        role="application"
        tabIndex={0}
        data-name={m.saved}
        aria-label={`${m.scene(classes[winner] ?? "", formatSure(probabilities[winner]))} ${nameOfUnit(picture.value, contributions.unit)}`}
        onFocus={() => {
          focused.value = true;
        }}
        onBlur={() => {
          focused.value = false;
        }}
        onPointerMove={(event) => {
          if (event.pointerType === "touch") return;
          const hit = hitOf(event);
          hovered.value = hit && { hit, x: event.offsetX, y: event.offsetY };
          const isRow = isOpen(layout) && rowAt(layout, event.offsetX, event.offsetY) !== undefined;
          event.currentTarget.style.cursor = hit || isRow ? "pointer" : "default";
        }}
        onPointerLeave={() => {
          hovered.value = undefined;
        }}
        onClick={(event) => {
          const row = isOpen(layout) ? rowAt(layout, event.offsetX, event.offsetY) : undefined;
          if (row === undefined) onChoose(hitOf(event));
          else onFocusRow(row);
        }}
        onKeyDown={(event) => partKey(event, picture, onChoose)}
      />
      {tip && (
        <div
          class="scene-tip"
          aria-hidden="true"
          style={{
            left: `${tip.x}px`,
            top: `${tip.y + TOOLTIP_DISTANCE}px`,
            transform: `translateX(${tip.x > layout.width / 2 ? "-100%" : "0"})`,
          }}
        >
          <strong>{nameOfUnit(picture.value, unitOf(structure, tip.hit))}</strong>
          {tipText}
        </div>
      )}
    </div>
  );
}

/** The part of a canvas that is in sight, in CSS pixels from its top; undefined until it is known. */
function useVisibleBand(canvas: RefObject<HTMLCanvasElement | null>) {
  const band = useRef<{ readonly top: number; readonly height: number }>(undefined);
  useEffect(() => {
    const observer = new IntersectionObserver(
      ([{ boundingClientRect: whole, intersectionRect: part }]) => {
        band.current = { top: part.top - whole.top, height: part.height };
      },
      { threshold: VISIBLE_STEPS, rootMargin: VISIBLE_MARGIN },
    );
    if (canvas.current) observer.observe(canvas.current);
    return () => observer.disconnect();
  }, [canvas]);
  return band;
}

/** Which joint is open, if any. */
function openUnit(layout: SceneLayout | OpenLayout): string {
  if (!isOpen(layout)) return "";
  // The largest of its stage's rectangles is the chosen one's.
  const { stage } = layout.joint.unit;
  const sizes = layout.stages[stage].map(({ width }) => width);
  return `${stage}:${sizes.indexOf(Math.max(...sizes))}`;
}

/** Chooses the part that a key leads to, and tells screen readers. */
export function partKey(
  event: KeyboardEvent,
  picture: ReadonlySignal<Picture>,
  onChoose: (hit: Hit | undefined) => void,
): void {
  const { structure, contributions } = picture.peek();
  const { unit } = contributions;
  const map = mapOf(structure.stages[unit.stage], unit.index);
  const target = event.key === "Escape" ? "answer" : moved(structure, unit.stage, map, event.key);
  if (!target) return;
  event.preventDefault();
  onChoose(target === "answer" ? undefined : target);
  const now = picture.peek();
  const { stage, index } = now.contributions.unit;
  const { height, width } = structure.stages[stage];
  const hit = { stage, map: Math.floor(index / (height * width)), place: index % (height * width) };
  announce(`${nameOfUnit(now, now.contributions.unit)}: ${describe(now, hit)}`);
}

function isStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** The map that an arrow key leads to: left and right to the next stage, up and down to the next map. */
function moved({ stages }: Structure, stage: number, map: number, key: string): Hit | undefined {
  const step = { ArrowUp: -1, ArrowDown: 1 }[key];
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (step !== undefined) {
    return { stage, map: Math.min(stages[stage].count - 1, Math.max(0, map + step)), place: -1 };
  }
  if (sideways === undefined) return undefined;
  const to = Math.min(stages.length - 1, Math.max(1, stage + sideways));
  // To the map that stands at about the same height.
  return { stage: to, map: Math.floor((map / stages[stage].count) * stages[to].count), place: -1 };
}

/** Sets a canvas to a layout's size, in the screen's pixels. */
function contextOf(canvas: HTMLCanvasElement | null, { width, height }: SceneLayout) {
  const context = canvas?.getContext("2d");
  if (!canvas || !context) return undefined;
  const density = devicePixelRatio;
  const [across, down] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  context.setTransform(density, 0, 0, density, 0, 0);
  return context;
}
