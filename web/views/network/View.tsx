import "./network.css";
import { computed, signal, useSignalEffect } from "@preact/signals";
import type { ComponentType } from "preact";
import { CHAPTERS } from "../../address/tourFields.js";
import { addressWith, changeUrl, url } from "../../address/url.js";
import { Choice } from "../../kit/controls.js";
import { PRETRAINED } from "../../pretrained/pretrained.js";
import { askSamples, demonstrate, isDrawing, light } from "../../stage/image.js";
import { sceneMarks } from "../../stage/marks.js";
import { askReadyMade } from "../../stage/networks.js";
import { Picks } from "../../stage/Picks.js";
import { type Said, Say } from "../../stage/Say.js";
import { Frame, type FrameSize, type InPlace, isEased, Stage, shortcutsOf } from "../../stage/Stage.js";
import { useLiveParameters } from "../../state/live.js";
import { useShortcuts } from "../../state/shortcuts.js";
import { messages } from "./messages/index.js";
import { Strip } from "./Strip.js";
import { failure, rewoundTo, shownPretrained, shownRun } from "./state/network.js";
import { subject } from "./state/subject.js";
import { replay } from "./state/teaching.js";

/** Resolves once the network on display has its parameters. */
export const open = () => askReadyMade(shownPretrained.peek() ?? "digits");

const STAGE_SHORTCUTS = shortcutsOf(subject);
const SHORTCUTS = {
  title: () => messages().title,
  shortcuts: [{ key: "r", label: () => messages().doReplay, act: () => void replay() }],
};

/** The height of the space on a phone. */
const DOWN_SPACE_HEIGHT = 300;

/** Whether the picture has stayed flat although the space was asked for. */
const hasNoSpace = signal(false);

type SpaceModule = typeof import("../../scene/space/Space.js");

/** The space, once it has been loaded: only those who ask for it do. */
const Space = signal<SpaceModule["Space"] | undefined>(undefined);

type TourModule = typeof import("./tour/Tour.js");

/** The guided tour, once it has been loaded. */
const Tour = signal<TourModule | undefined>(undefined);

/** The page for paper, once it has been loaded. */
const Worksheet = signal<ComponentType | undefined>(undefined);

/** Whether the address has a chapter of the tour, or a lesson. */
const isTouring = computed(() => url.value.tour !== undefined || url.value.lesson !== undefined);

/** Goes back to the flat picture, for example if there is no WebGL 2. */
function leaveSpace(): void {
  hasNoSpace.value = true;
  changeUrl({ networkSpace: false }, "replace");
}

/** The view "The network": the pad, every layer, and the answer as one picture; below, how it learned. */
export function View() {
  useShortcuts(STAGE_SHORTCUTS);
  useShortcuts(SHORTCUTS);
  const m = messages();
  useWeights();
  useLiveParameters(() => (rewoundTo.value === undefined ? shownRun.value : undefined));
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
  useSignalEffect(() => {
    if (url.value.networkSheet === undefined || Worksheet.peek()) return;
    void import("./Worksheet.js").then((module) => {
      Worksheet.value = module.Worksheet;
    });
  });
  const tour = isTouring.value ? Tour.value : undefined;
  if (url.value.networkSheet !== undefined && Worksheet.value) return <Worksheet.value />;
  const outputs = subject.structure.value.stages.length - 1;
  const isAnswerAsked = sceneMarks.value.some(({ stage, isCovered }) => isCovered && stage === outputs);
  return (
    <>
      <Frame class={`fills-window${tour ? " is-touring" : ""}${isAnswerAsked ? " is-asking-decision" : ""}`}>
        {(size) => (
          <>
            {tour ? (
              <tour.Lead />
            ) : (
              <Say subject={subject} said={saidWhileLoading()}>
                <a class="button network-tour" href={addressWith({ tour: CHAPTERS[0], networkSpace: false })}>
                  {m.tour}
                </a>
              </Say>
            )}
            <Stage subject={subject} size={size} inPlace={spaceFor(size)} hasSheet={!tour} />
            <Picks
              sets={PRETRAINED}
              onChoose={(set) => changeUrl({ networkShow: networkFor(set), part: undefined }, "replace")}
            >
              <Choice
                label={m.shape}
                options={[
                  { value: "flat", label: m.flat },
                  { value: "space", label: m.space },
                ]}
                value={url.value.networkSpace ? "space" : "flat"}
                onChange={(shape) => changeUrl({ networkSpace: shape === "space" }, "replace")}
              />
            </Picks>
            {hasNoSpace.value && (
              <p class="network-note" role="status">
                {m.noSpace}
              </p>
            )}
            {tour ? <tour.Panel size={size} /> : <Strip unit={size.unit} />}
          </>
        )}
      </Frame>
      <p class="network-licences">{m.licences}</p>
    </>
  );
}

/** The network that is shown an image that comes with the page: the one trained on its like, or one's own for digits. */
function networkFor(set: (typeof PRETRAINED)[number]) {
  return url.peek().networkShow === "run" && set === "digits" ? "run" : set;
}

/** Undefined as soon as the network is there. */
function saidWhileLoading(): Said | undefined {
  const m = messages();
  if (failure.value) return { headline: m.loading, pieces: [{ text: m.failed(failure.value) }] };
  return subject.isReady.value ? undefined : { headline: m.loading, pieces: [{ text: m.loadingMore }] };
}

/** The space in place of the flat scene, if it is asked for and has been loaded. */
function spaceFor({ unit, isAcross }: FrameSize): InPlace | undefined {
  const Loaded = Space.value;
  if (!Loaded || !url.value.networkSpace) return undefined;
  return ({ width, height }) => (
    <Loaded
      picture={subject.picture}
      width={width}
      height={isAcross ? height : DOWN_SPACE_HEIGHT}
      unit={unit}
      margins={isAcross ? [0.24, 0.185] : [0.05, 0.09]}
      isEased={isEased}
      light={light}
      onChoose={(hit) => subject.choose(hit)}
      onFail={leaveSpace}
    />
  );
}

/** Loads what the view shows, and draws an example as soon as it is there. */
function useWeights(): void {
  useSignalEffect(() => {
    const name = shownPretrained.value;
    if (name) void askReadyMade(name);
  });
  useSignalEffect(() => {
    if (!subject.isReady.value) return;
    queueMicrotask(() => {
      demonstrate(matchMedia("(prefers-reduced-motion: reduce)").matches);
      light.value++;
    });
  });
  useSignalEffect(() => {
    // They would hold up the pen.
    if (light.value > 0 && !isDrawing.value) void askSamples();
  });
}
