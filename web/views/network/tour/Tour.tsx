import "./tour.css";
import { untracked, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import type { Chapter } from "../../../address/tourFields.js";
import { addressWith, changeUrl } from "../../../address/url.js";
import { formatCount } from "../../../i18n/numbers.js";
import { Button } from "../../../kit/controls.js";
import { announce } from "../../../kit/regions.js";
import { sceneColors } from "../../../scene/colors.js";
import { drawGrid } from "../../../scene/joint.js";
import { layoutDown } from "../../../scene/layout.js";
import { SumSheet } from "../../../scene/SumSheet.js";
import { altered, isDrawing } from "../../../stage/image.js";
import { padMarks, sceneMarks } from "../../../stage/marks.js";
import type { FrameSize } from "../../../stage/Stage.js";
import { useShortcuts } from "../../../state/shortcuts.js";
import { askHistory, rewoundTo, snapshots } from "../state/network.js";
import { subject } from "../state/subject.js";
import { rewind, stopReplay } from "../state/teaching.js";
import { chapter, chapters, firstAnswers, given, guess, neighbour, question, turn } from "./answers.js";
import { type FooledImage, fool, MOST_LEVELS } from "./fool.js";
import { messages } from "./messages/index.js";
import { fooling as found, type Grid, type Question, reads } from "./questions.js";
import { Summary, summaryTitle } from "./Summary.js";

const SHORTCUTS = {
  title: () => messages().pageKeys,
  shortcuts: [
    { key: "PageDown", label: () => messages().doNext, act: () => turn(1) },
    { key: "PageUp", label: () => messages().doBack, act: () => turn(-1) },
  ],
};

/** The headline of the open chapter, and what it is about. */
export function Lead() {
  const m = messages();
  const now = chapter.value;
  return (
    <header class="network-say tour-lead">
      <h1>{now === "end" ? summaryTitle() : m.titles[now]}</h1>
      <p>{now === "end" ? m.summary.text : m.texts[now]}</p>
    </header>
  );
}

export interface PanelProps {
  readonly size: FrameSize;
}

/** The question of the open chapter, the way through the tour, and at its end what has been answered. */
export function Panel({ size }: PanelProps) {
  useShortcuts(SHORTCUTS);
  useMarks();
  useFooling();
  const m = messages();
  const now = chapter.value;
  useEffect(() => {
    if (now === "learning") void askHistory();
    announce(now === "end" ? summaryTitle() : `${messages().titles[now]}. ${messages().texts[now]}`);
    return () => {
      restore();
      announce("");
    };
  }, [now]);
  useScroll(size);
  return (
    <section class={`tour ${now === "end" ? "is-end" : ""}`} aria-label={m.tour}>
      {now === "end" ? <Summary /> : <Asked size={size} now={now} />}
      <Way />
    </section>
  );
}

/** Shows the network and the picture as they are. */
function restore(): void {
  stopReplay();
  rewoundTo.value = undefined;
  altered.value = undefined;
}

/** Marks what is asked about and, once a guess has been made, shows the part that has the answer. */
function useMarks(): void {
  useSignalEffect(() => {
    const asked = question.value;
    const isGiven = given.value !== undefined;
    padMarks.value = asked?.pad ?? [];
    sceneMarks.value = (!isGiven && asked?.scene) || [];
    untracked(() => {
      if (!isGiven) restore();
      changeUrl({ part: isGiven ? asked?.part : undefined, networkSpace: false }, "replace");
    });
  });
  useEffect(
    () => () => {
      padMarks.value = [];
      sceneMarks.value = [];
    },
    [],
  );
}

/** The time after which a frame is drawn while something is worked out. */
const SLICE_MILLISECONDS = 12;

/** Works out what changing every pixel does, for the chapter about it, without making the page wait. */
function useFooling(): void {
  useSignalEffect(() => {
    const image = subject.ownPixels.value;
    const network = subject.network.value;
    if (chapter.value !== "fooled" || isDrawing.value || subject.isBlank.value || !network) return;
    const steps: FooledImage[] = [];
    const next = fool(network, image, (pixels) => subject.inputOf(pixels));
    let timer = setTimeout(function work() {
      const end = performance.now() + SLICE_MILLISECONDS;
      let step = next.next();
      for (; !step.done; step = next.next()) {
        steps.push(step.value);
        if (performance.now() > end) break;
      }
      if (step.done) found.value = { image, steps };
      else timer = setTimeout(work);
    });
    return () => clearTimeout(timer);
  });
}

/** Where the flow turns downwards, the stage that a chapter is about comes into sight. */
function useScroll({ isAcross, width }: FrameSize): void {
  const stage = question.value?.pad ? 0 : (question.value?.scene?.[0]?.stage ?? 0);
  const now = chapter.value;
  const isGiven = given.value !== undefined;
  useEffect(() => {
    if (isAcross) return;
    const canvas = document.querySelector(".network-scene");
    const { stages } = layoutDown(subject.structure.peek(), width);
    const top = canvas && stage > 0 ? canvas.getBoundingClientRect().top + scrollY + stages[stage][0].y - 40 : 0;
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    scrollTo({ top, behavior: isStill ? "instant" : "smooth" });
  }, [isAcross, width, stage, now, isGiven]);
}

/** A chapter's question, or its answer. */
function Asked({ now, size }: PanelProps & { readonly now: Chapter }) {
  const { isAcross, width, unit } = size;
  const m = messages();
  const asked = question.value;
  const { sum } = subject.picture.value;
  if (!asked) {
    const isWaiting = !subject.isBlank.value && !isDrawing.value;
    return <p class="tour-waiting">{isWaiting ? m.working : m.draw}</p>;
  }
  const own = given.value;
  return (
    <div class="tour-asked">
      {asked.grids.map((grid, index) => (
        <GridFigure key={index} grid={grid} cell={(grid.width > 5 ? 19 : 25) * unit} />
      ))}
      <div class="tour-question">
        <p class="tour-ask">
          {!own && <span>{m.predict}</span>} {asked.ask()}
        </p>
        {asked.isRange ? (
          own ? null : (
            <Range key={now} asked={asked} />
          )
        ) : (
          <Options asked={asked} guessed={own?.guess} />
        )}
        <div role="status">{own && <Explained asked={asked} guessed={own.guess} />}</div>
        {own && now === "learning" && <Moments />}
        {own && now === "fooled" && <Strength />}
        {own && !isAcross && sum && <SumSheet sum={sum} width={width - 36} />}
        {own && <p class="quiet">{m.another}</p>}
      </div>
    </div>
  );
}

function take(stop: number): void {
  guess(stop);
  const answer = question.peek()?.answer;
  if (answer === undefined) return;
  if (chapter.peek() === "learning") rewind(answer);
  if (chapter.peek() === "fooled") strengthen(answer);
}

/** The answers to choose from; once one has been chosen, which is right. */
function Options({ asked, guessed }: { readonly asked: Question; readonly guessed: number | undefined }) {
  const m = messages();
  return (
    <div class="tour-options">
      {asked.stops.map((stop) => {
        const text = asked.format(stop);
        const isAnswer = guessed !== undefined && stop === asked.answer;
        const isGuess = stop === guessed;
        return (
          <button
            key={stop}
            type="button"
            class={`button${isAnswer ? " is-answer" : isGuess ? " is-wrong" : ""}`}
            disabled={guessed !== undefined}
            aria-label={isAnswer ? m.isAnswer(text) : isGuess ? m.isGuess(text) : text}
            onClick={() => take(stop)}
          >
            {isAnswer ? "✓ " : isGuess ? "✗ " : ""}
            {text}
          </button>
        );
      })}
    </div>
  );
}

/** A slider over the stops of a question. */
function Range({ asked }: { readonly asked: Question }) {
  const m = messages();
  const id = useId();
  const place = useSignal(Math.floor(asked.stops.length / 2));
  const stop = asked.stops[Math.min(place.value, asked.stops.length - 1)];
  return (
    <div class="tour-range">
      <label for={id}>{m.guess}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={asked.stops.length - 1}
        value={place.value}
        aria-valuetext={asked.format(stop)}
        onInput={({ currentTarget }) => {
          place.value = currentTarget.valueAsNumber;
        }}
      />
      <output for={id}>{asked.format(stop)}</output>
      <Button primary onClick={() => take(stop)}>
        {m.check}
      </Button>
    </div>
  );
}

/** Whether a guess was right, and why. */
function Explained({ asked, guessed }: { readonly asked: Question; readonly guessed: number }) {
  const m = messages();
  const verdict =
    guessed === asked.answer ? m.right : Math.abs(guessed - asked.answer) <= asked.near ? m.almost : m.wrong;
  return (
    <p class="tour-explained">
      <strong>{verdict}</strong> {asked.isRange && m.youSaid(asked.format(guessed))} {asked.explain()}
    </p>
  );
}

/** What the network read at each moment of its training; a click shows it then. */
function Moments() {
  const own = reads.value;
  if (!own) return null;
  return (
    <fieldset class="tour-moments">
      <legend class="visually-hidden">{messages().learning.moments}</legend>
      {own.map((read, moment) => {
        const isShown = moment === (rewoundTo.value ?? own.length - 1);
        return (
          <button key={moment} type="button" class="button" aria-pressed={isShown} onClick={() => rewind(moment)}>
            <strong>{subject.className(read)}</strong>
            <small>{formatCount(Math.round(snapshots.value[moment]?.images ?? 0))}</small>
          </button>
        );
      })}
    </fieldset>
  );
}

/** Shows the picture with every pixel changed by a number of levels. */
function strengthen(level: number): void {
  altered.value = level === 0 ? undefined : found.peek()?.steps[Math.min(MOST_LEVELS, level)].pixels;
}

/** A slider over how much every pixel changes. */
function Strength() {
  const m = messages();
  const id = useId();
  const level = useSignal(Math.min(MOST_LEVELS, question.peek()?.answer ?? 0));
  const step = found.value?.steps[level.value];
  if (!step) return null;
  const text = m.fooled.now(String(level.value), subject.className(step.read));
  return (
    <div class="tour-range">
      <label for={id}>{m.fooled.slider}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={MOST_LEVELS}
        value={level.value}
        aria-valuetext={text}
        onInput={({ currentTarget }) => {
          level.value = currentTarget.valueAsNumber;
          strengthen(level.value);
        }}
      />
      <output for={id}>{text}</output>
    </div>
  );
}

/** Numbers as cells. */
function GridFigure({ grid, cell }: { readonly grid: Grid; readonly cell: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colors = sceneColors.value;
  const { values, width, isSigned, marked = [], format } = grid;
  const rows = values.length / width;
  const [across, down] = [width * cell + 4, rows * cell + 4];
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!canvas.current || !context) return;
    const density = devicePixelRatio;
    canvas.current.width = Math.round(across * density);
    canvas.current.height = Math.round(down * density);
    context.setTransform(density, 0, 0, density, 2 * density, 2 * density);
    const most = Math.max(...Array.from(values, Math.abs)) || 1;
    drawGrid(context, { values, width, left: 0, top: 0, cell, isSigned, most, format }, colors);
    if (marked.length === 0) return;
    const [first, last] = [marked[0], marked[marked.length - 1]];
    const [left, top] = [first % width, Math.floor(first / width)];
    context.lineWidth = 3;
    context.strokeStyle = colors.accent;
    const [wide, tall] = [(last % width) - left + 1, Math.floor(last / width) - top + 1];
    context.strokeRect(left * cell, top * cell, wide * cell, tall * cell);
  });
  const text = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, column) => format(values[row * width + column])).join(" "),
  ).join("; ");
  return (
    <figure class="tour-grid">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${grid.caption()}: ${text}`}
        style={{ width: `${across}px`, height: `${down}px` }}
      />
      <figcaption aria-hidden="true">{grid.caption()}</figcaption>
    </figure>
  );
}

/** The chapters, and the buttons that lead through them. */
function Way() {
  const m = messages();
  const now = chapter.value;
  const all = chapters.value;
  const place = now === "end" ? -1 : all.indexOf(now);
  const back = neighbour(-1);
  return (
    <nav class="tour-way" aria-label={m.chapters}>
      <p>{place < 0 ? m.end : m.chapter(place + 1, all.length)}</p>
      <ol>
        {[...all, "end" as const].map((one, index) => {
          const own = one === "end" ? undefined : firstAnswers.value[one];
          const title = one === "end" ? m.end : m.titles[one];
          return (
            <li key={one}>
              <a
                href={addressWith({ tour: one })}
                class={own ? (own.isRight ? "is-right" : "is-wrong") : ""}
                aria-current={one === now ? "step" : undefined}
                title={title}
              >
                {one === "end" ? "Σ" : index + 1}
                <span class="visually-hidden"> {title}</span>
              </a>
            </li>
          );
        })}
      </ol>
      <div class="network-buttons">
        <Button disabled={!back} onClick={() => turn(-1)}>
          {m.back}
        </Button>
        {now !== "end" && (
          <Button primary={given.value !== undefined} onClick={() => turn(1)}>
            {neighbour(1) === "end" ? m.end : m.next}
          </Button>
        )}
        <Button onClick={() => changeUrl({ tour: undefined, lesson: undefined, part: undefined })}>{m.close}</Button>
      </div>
    </nav>
  );
}
