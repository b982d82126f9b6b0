import "./stage.css";
import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { announce } from "../kit/regions.js";
import type { Structure } from "../scene/arithmetic.js";
import { type AcrossSize, layoutAcross, layoutDown, type SceneLayout } from "../scene/layout.js";
import { layoutOpen } from "../scene/openLayout.js";
import { Scene } from "../scene/Scene.js";
import { formatSure } from "../scene/words.js";
import type { ShortcutGroup } from "../state/shortcuts.js";
import { Answer, Key } from "./Answer.js";
import { askSamples, camera, clearPad, demonstrate, isDrawing, light, undoStroke } from "./image.js";
import { sceneMarks } from "./marks.js";
import { messages } from "./messages/index.js";
import { Pad } from "./Pad.js";
import { Sheet } from "./Say.js";
import type { Subject } from "./subject.js";

/** Narrower frames have the flow turned downwards. */
const LEAST_ACROSS = 1080;
/** The window for which the design is drawn, and the least that its units shrink to. */
const DESIGN_WINDOW = { width: 1440, height: 850 };
const LEAST_UNIT = 0.82;
/** The flow downwards is not wider. */
const MOST_DOWN = 680;
/** The room that an answer takes above and below its middle, in units of the design. */
const ANSWER_ROOM = 150;

/** The size of a frame. */
export interface FrameSize {
  /** Of what is drawn, in CSS pixels. */
  readonly width: number;
  /** CSS pixels in a unit of the design. */
  readonly unit: number;
  /** Whether the flow goes from left to right; otherwise it turns downwards. */
  readonly isAcross: boolean;
}

export interface FrameProps {
  /** More classes, separated by spaces. */
  readonly class?: string;
  readonly children: (size: FrameSize) => ComponentChildren;
}

/** What surrounds the picture of a network: it measures the room that there is, in which all lengths are. */
export function Frame({ class: more = "", children }: FrameProps) {
  const element = useRef<HTMLDivElement>(null);
  const size = useSignal(sizeOf(probableWidth()));
  useLayoutEffect(() => {
    const measure = () => {
      const own = sizeOf(element.current?.clientWidth || document.documentElement.clientWidth);
      const before = size.peek();
      if (own.width !== before.width || own.unit !== before.unit) size.value = own;
    };
    if (size.peek().isAcross) measure();
    const observer = new ResizeObserver(measure);
    if (element.current) observer.observe(element.current);
    addEventListener("resize", measure);
    return () => {
      observer.disconnect();
      removeEventListener("resize", measure);
    };
  }, [size]);
  const { isAcross, unit } = size.value;
  return (
    <div
      ref={element}
      class={`network-view ${isAcross ? "is-across" : "is-down"} ${more}`}
      style={{ "--u": `${unit}px` }}
    >
      {children(size.value)}
    </div>
  );
}

/** On a phone, the screen's: to ask for the window's would lay the page out before it is there. */
function probableWidth(): number {
  const isWide = matchMedia(`(min-width: ${LEAST_ACROSS}px)`).matches;
  return isWide ? document.documentElement.clientWidth : Math.min(LEAST_ACROSS - 1, screen.width);
}

function sizeOf(width: number): FrameSize {
  if (width < LEAST_ACROSS) return { width: Math.min(MOST_DOWN, width), unit: 1, isAcross: false };
  const fitting = Math.min(width / DESIGN_WINDOW.width, innerHeight / DESIGN_WINDOW.height);
  return { width, unit: Math.max(LEAST_UNIT, fitting), isAcross: true };
}

/** What stands in the scene's place. */
export type InPlace = (box: { readonly width: number; readonly height: number }) => ComponentChildren;

export interface StageProps {
  readonly subject: Subject;
  readonly size: FrameSize;
  /** What is drawn in place of the flat scene. */
  readonly inPlace?: InPlace;
  /** Whether a chosen part is worked out on a sheet where the flow turns downwards. Default: it is. */
  readonly hasSheet?: boolean;
}

/** The picture of a network: the image at its start, every layer, and the answer at its end. */
export function Stage({ subject, size, inPlace, hasSheet = true }: StageProps) {
  const { width, isAcross } = size;
  const [element, height] = useHeight();
  useAnnouncements(subject);
  const layouts = useLayouts(subject, size, { height });
  return (
    <div class="network-stage" ref={element}>
      <div class="network-ends">
        <Pad subject={subject} top={isAcross ? layouts.shown.stages[0][0].y : undefined} />
        <Answer subject={subject} top={isAcross ? answerPlace(layouts.closed, subject.winner.value) : undefined} />
      </div>
      <Key isShown={subject.isReady.value} />
      <div class="network-scene">
        {inPlace ? inPlace({ width, height }) : <SubjectScene subject={subject} layout={layouts.shown} />}
      </div>
      {!isAcross && hasSheet && <Sheet of={[{ subject }]} width={width} />}
    </div>
  );
}

/** The scene of a network on the stage. */
export function SubjectScene({ subject, layout }: { readonly subject: Subject; readonly layout: SceneLayout }) {
  return (
    <Scene
      picture={subject.picture}
      layout={layout}
      isEased={isEased}
      isTraining={() => subject.learning.peek()?.isGoing === true && !isDrawing.peek()}
      light={light}
      pointedOut={sceneMarks.value}
      onChoose={(hit) => subject.choose(hit)}
      onFocusRow={(from) => {
        subject.focusedRow.value = from;
      }}
    />
  );
}

/** Whether changes of a picture ease; they do not while a pen draws. */
export const isEased = () => !isDrawing.peek();

/** Where everything stands: with the joint before the chosen unit open, and without. */
export function useLayouts(
  { structure, picture, areDigits, focusedRow }: Subject,
  { width, unit, isAcross }: FrameSize,
  given: Pick<AcrossSize, "height" | "pad">,
): { readonly closed: SceneLayout; readonly shown: SceneLayout } {
  const own: Structure = structure.value;
  const { height, pad } = given;
  const hasWords = !areDigits.value;
  const across: AcrossSize = { width, height, unit, hasWords, pad };
  const closed = useMemo(
    () => (isAcross ? layoutAcross(own, across) : layoutDown(own, width)),
    [own, isAcross, width, height, unit, hasWords, pad],
  );
  const { chosen, sum } = picture.value;
  const shown = isAcross && chosen && sum ? layoutOpen(own, across, chosen, sum, focusedRow.value) : closed;
  return { closed, shown };
}

/** The height of an element's content box, which follows from its style. */
export function useHeight(): [RefObject<HTMLDivElement | null>, number] {
  const element = useRef<HTMLDivElement>(null);
  const height = useSignal(0);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      height.value = Math.floor(entry.contentRect.height);
    });
    if (element.current) observer.observe(element.current);
    return () => observer.disconnect();
  }, [height]);
  return [element, height.value];
}

/**
 * The height of an answer: that of its class, as far as it has its place there.
 *
 * @param above what stands above it, such as its network's name, in units of the design
 */
export function answerPlace({ stages, top, end, unit }: SceneLayout, winner: number, above = 0): number {
  const row = stages[stages.length - 1][winner];
  const middle = row ? row.y + row.height / 2 : (top + end) / 2;
  return Math.max(top + (ANSWER_ROOM - 40 + above) * unit, Math.min(end - ANSWER_ROOM * unit, middle));
}

/** The shortcuts of views with a stage. */
export function shortcutsOf(subject: Pick<Subject, "choose">): ShortcutGroup {
  return {
    title: () => messages().title,
    shortcuts: [
      { key: "c", label: () => messages().doClear, act: clearPad },
      { key: "u", label: () => messages().doUndo, act: undoStroke },
      { key: "a", label: () => messages().doAnswer, act: () => subject.choose(undefined) },
    ],
  };
}

/** Has an example on the pad if nothing else is there, and loads the images that come with the page. */
export function useExample(): void {
  useEffect(() => {
    demonstrate(true);
    void askSamples();
  }, []);
}

/** Tells screen readers the answer once the pen is up. */
function useAnnouncements(subject: Subject): void {
  useEffect(() => () => announce(""), []);
  useSignalEffect(() => {
    if (isDrawing.value || camera.value === "live" || subject.learning.value?.isGoing) return;
    if (!subject.isReady.value || subject.isBlank.value) return;
    const { probabilities, chosen } = subject.picture.value;
    // The scene tells the part that is chosen.
    if (chosen) return;
    const winner = subject.winner.value;
    announce(messages().announceAnswer(subject.className(winner), formatSure(probabilities[winner])));
  });
}
