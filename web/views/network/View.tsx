import "./network.css";
import { computed, signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { changeUrl, url } from "../../address/url.js";
import { announce } from "../../kit/regions.js";
import { layoutAcross, layoutDown, type SceneLayout } from "../../scene/layout.js";
import { layoutOpen } from "../../scene/openLayout.js";
import { Scene } from "../../scene/Scene.js";
import { formatSure } from "../../scene/words.js";
import { useShortcuts } from "../../state/shortcuts.js";
import { Answer, Key } from "./Answer.js";
import { messages } from "./messages/index.js";
import { Pad } from "./Pad.js";
import { Picks } from "./Picks.js";
import { Say, Sheet } from "./Say.js";
import { Strip } from "./Strip.js";
import { sceneMarks } from "./state/marks.js";
import { className, haveWords } from "./state/names.js";
import { askPretrained, isLoaded, network, rewoundTo, shownPretrained, shownRun } from "./state/network.js";
import { choose, focusedRow, isBlank, picture, winner } from "./state/picture.js";
import { askSamples, camera, clearPad, demonstrate, isDrawing, light, undoStroke } from "./state/source.js";
import { replay } from "./state/teaching.js";

/** Resolves once the network on display has its parameters; their loading does not wait for the page. */
export const opened = askPretrained(shownPretrained.peek() ?? "digits");

const SHORTCUTS = {
  title: () => messages().title,
  shortcuts: [
    { key: "c", label: () => messages().doClear, act: clearPad },
    { key: "u", label: () => messages().doUndo, act: undoStroke },
    { key: "a", label: () => messages().doAnswer, act: () => choose(undefined) },
    { key: "r", label: () => messages().doReplay, act: () => void replay() },
  ],
};

/** Narrower windows have the flow turned downwards. */
const LEAST_ACROSS = 1080;
/** The window for which the design is drawn, and the least that its units shrink to. */
const DESIGN_WINDOW = { width: 1440, height: 850 };
const LEAST_UNIT = 0.82;
/** The flow downwards is not wider. */
const MOST_DOWN = 680;

/** The height of the space on a phone. */
const DOWN_SPACE_HEIGHT = 300;

const isEased = () => !isDrawing.peek();

/** Whether the picture has stayed flat although the space was asked for. */
const hasNoSpace = signal(false);

type SpaceModule = typeof import("../../scene/space/Space.js");

/** The space, once it has been loaded: only those who ask for it do. */
const Space = signal<SpaceModule["Space"] | undefined>(undefined);

type TourModule = typeof import("./tour/Tour.js");

/** The guided tour, once it has been loaded. */
const Tour = signal<TourModule | undefined>(undefined);

/** Whether the address has a chapter of the tour, or a lesson. */
const isTouring = computed(() => url.value.tour !== undefined || url.value.lesson !== undefined);

/** Goes back to the flat picture, for example if there is no WebGL 2. */
function leaveSpace(): void {
  hasNoSpace.value = true;
  changeUrl({ networkSpace: false }, "replace");
}

/** The view "The network": the pad, every layer, and the answer as one picture; below, how it learned. */
export function View() {
  useShortcuts(SHORTCUTS);
  const m = messages();
  const stage = useRef<HTMLDivElement>(null);
  const size = useSignal(sizeOfWindow());
  const stageHeight = useSignal(0);
  useLayoutEffect(() => {
    const measure = () => {
      size.value = sizeOfWindow();
    };
    const observer = new ResizeObserver(([entry]) => {
      stageHeight.value = Math.floor(entry.contentRect.height);
    });
    if (stage.current) observer.observe(stage.current);
    addEventListener("resize", measure);
    return () => {
      observer.disconnect();
      removeEventListener("resize", measure);
    };
  }, [size, stageHeight]);
  useWeights();
  useLiveParameters();
  useAnnouncements();
  useSignalEffect(() => {
    if (!url.value.networkSpace || Space.peek()) return;
    import("../../scene/space/Space.js").then((module) => {
      Space.value = module.Space;
    }, leaveSpace);
  });
  useSignalEffect(() => {
    if (!isTouring.value || Tour.peek()) return;
    void import("./tour/Tour.js").then((module) => {
      Tour.value = module;
    });
  });
  const tour = isTouring.value ? Tour.value : undefined;
  const { width, unit, isAcross } = size.value;
  const { structure } = network.value;
  const hasWords = haveWords();
  const height = stageHeight.value;
  const closed = useMemo(
    () =>
      isAcross
        ? layoutAcross(structure, { width, height, unit, hasWords })
        : layoutDown(structure, Math.min(MOST_DOWN, width)),
    [structure, isAcross, width, height, unit, hasWords],
  );
  const { chosen, sum } = picture.value;
  const layout =
    isAcross && chosen && sum && !url.value.networkSpace
      ? layoutOpen(structure, { width, height, unit, hasWords }, chosen, sum, focusedRow.value)
      : closed;
  const isAnswerAsked = sceneMarks.value.some(
    ({ stage, isCovered }) => isCovered && stage === structure.stages.length - 1,
  );
  return (
    <>
      <div
        class={`network-view fills-window ${isAcross ? "is-across" : "is-down"}${tour ? " is-touring" : ""}${isAnswerAsked ? " is-asking-decision" : ""}`}
        style={{ "--u": `${unit}px` }}
      >
        {tour ? <tour.Lead /> : <Say />}
        <div class="network-stage" ref={stage}>
          <div class="network-ends">
            <Pad top={isAcross ? layout.stages[0][0].y : undefined} />
            <Answer top={isAcross ? answerPlace(closed) : undefined} />
          </div>
          <Key />
          <div class="network-scene">
            {Space.value && url.value.networkSpace ? (
              <Space.value
                picture={picture}
                width={isAcross ? width : Math.min(MOST_DOWN, width)}
                height={isAcross ? height : DOWN_SPACE_HEIGHT}
                unit={unit}
                margins={isAcross ? [0.24, 0.185] : [0.05, 0.09]}
                isEased={isEased}
                light={light}
                onChoose={choose}
                onFail={leaveSpace}
              />
            ) : (
              <Scene
                picture={picture}
                layout={layout}
                isEased={isEased}
                light={light}
                pointedOut={sceneMarks.value}
                onChoose={choose}
                onFocusRow={(from) => {
                  focusedRow.value = from;
                }}
              />
            )}
          </div>
        </div>
        <Picks />
        {hasNoSpace.value && (
          <p class="network-note" role="status">
            {m.noSpace}
          </p>
        )}
        {tour ? (
          <tour.Panel isAcross={isAcross} width={Math.min(MOST_DOWN, width)} unit={unit} layout={layout} />
        ) : (
          <Strip unit={unit} />
        )}
      </div>
      {!isAcross && !tour && <Sheet width={Math.min(MOST_DOWN, width)} />}
      <p class="network-licences">{m.licences}</p>
    </>
  );
}

function sizeOfWindow() {
  const { clientWidth: width } = document.documentElement;
  const unit = Math.max(LEAST_UNIT, Math.min(width / DESIGN_WINDOW.width, innerHeight / DESIGN_WINDOW.height));
  const isAcross = width >= LEAST_ACROSS;
  return { width, unit: isAcross ? unit : 1, isAcross };
}

/** The room that the answer takes above and below its middle, in units of the design. */
const ANSWER_ROOM = 150;

/** The height of the answer: that of its class, as far as it has its place there. */
function answerPlace({ stages, top, end, unit }: SceneLayout): number {
  const row = stages[stages.length - 1][winner.value];
  const middle = row ? row.y + row.height / 2 : (top + end) / 2;
  return Math.max(top + ANSWER_ROOM * unit - 40 * unit, Math.min(end - ANSWER_ROOM * unit, middle));
}

/** Loads what the view shows, and draws an example as soon as it is there. */
function useWeights(): void {
  useSignalEffect(() => {
    const name = shownPretrained.value;
    if (name) void askPretrained(name);
  });
  useSignalEffect(() => {
    if (!isLoaded.value) return;
    queueMicrotask(() => {
      demonstrate(matchMedia("(prefers-reduced-motion: reduce)").matches);
      light.value++;
      void askSamples();
    });
  });
}

/** The interval between requests for the parameters of a running training. */
const LIVE_MILLISECONDS = 120;

/** Keeps the scene up to date with a running training while the view is mounted. */
function useLiveParameters(): void {
  useSignalEffect(() => {
    const run = shownRun.value;
    if (run?.status.value !== "running" || rewoundTo.value !== undefined) return;
    const timer = setInterval(() => run.requestSnapshot(), LIVE_MILLISECONDS);
    return () => clearInterval(timer);
  });
}

/** Tells screen readers the answer once the pen is up. */
function useAnnouncements(): void {
  useEffect(() => () => announce(""), []);
  useSignalEffect(() => {
    if (
      isDrawing.value ||
      camera.value === "live" ||
      !isLoaded.value ||
      isBlank.value ||
      shownRun.value?.status.value === "running"
    )
      return;
    const { probabilities, chosen } = picture.value;
    // The scene tells the part that is chosen.
    if (chosen) return;
    announce(messages().announceAnswer(className(winner.value), formatSure(probabilities[winner.value])));
  });
}
