import type { ComponentChildren } from "preact";
import { formatCount, formatValue } from "../i18n/numbers.js";
import { Button } from "../kit/controls.js";
import { hasMaps } from "../scene/layout.js";
import { messages as sceneMessages } from "../scene/messages.js";
import type { Picture } from "../scene/paint.js";
import { SumSheet } from "../scene/SumSheet.js";
import { addedBy, formatSigned, mapOf, nameOfUnit, placeOf } from "../scene/words.js";
import { isDrawing } from "./image.js";
import { messages, type Piece } from "./messages/index.js";
import type { Learning, Subject } from "./subject.js";

/** The probability below which the network is said to doubt. */
const DOUBT = 0.6;
/** The accuracies at which maps have begun, and have come, to show strokes. */
const [FORMING, FORMED] = [0.3, 0.85];

/** A headline, and the sentence beside it. */
export interface Said {
  readonly headline: string;
  readonly pieces: readonly Piece[];
  readonly more?: string;
}

export interface SayProps {
  readonly subject: Subject;
  /** What else to say, for example while there is no network yet. Default: what the picture shows. */
  readonly said?: Said;
  /** The level of the headline. Default: it is the view's. */
  readonly level?: "h1" | "h2";
  /** What stands beside it while no part is chosen. */
  readonly children?: ComponentChildren;
}

/** The headline and the sentence beside it: what is seen, and why. */
export function Say({ subject, said, level, children }: SayProps) {
  return (
    <Saying said={said ?? sentencesOn(subject)} level={level}>
      {subject.picture.value.chosen ? <Back subject={subject} /> : children}
    </Saying>
  );
}

export interface SayingProps extends Pick<SayProps, "level" | "children"> {
  readonly said: Said;
}

/** A headline, the sentence beside it, and what stands at its end. */
export function Saying({ said: { headline, pieces, more }, level: Headline = "h1", children }: SayingProps) {
  return (
    <header class="network-say">
      <Headline>{headline}</Headline>
      <p>
        {/* Another sentence is another element, since the parts of one would move about as it changes. */}
        <span key={pieces.map(({ text }) => text).join("")}>
          <Pieces pieces={pieces} />
          {more}
        </span>
      </p>
      {children}
    </header>
  );
}

/** Leads back from a part to the answer. */
export function Back({ subject }: { readonly subject: Subject }) {
  return (
    <Button icon="back" onClick={() => subject.choose(undefined)}>
      {messages().back}
    </Button>
  );
}

export interface SheetProps {
  /** The networks that have the part, with their names if they are several. */
  readonly of: readonly { readonly subject: Subject; readonly name?: string }[];
  readonly width: number;
}

/** On a phone, the chosen part worked out, on a sheet from below. */
export function Sheet({ of, width }: SheetProps) {
  const own = of.filter(({ subject }) => subject.isReady.value && subject.picture.value.chosen);
  if (own.length === 0) return null;
  const [{ subject: first }] = own;
  const { chosen } = first.picture.value;
  const headline = of.length > 1 && chosen ? nameOfUnit(first.picture.value, chosen) : saidOfPart(first).headline;
  return (
    <section class="network-sheet" aria-label={headline}>
      <h2>{headline}</h2>
      {own.map(({ subject, name }, index) => (
        <Worked key={index} subject={subject} name={name} width={width - 2 * SHEET_MARGIN} />
      ))}
      <div class="network-buttons">
        <Back subject={first} />
      </div>
    </section>
  );
}

/** The chosen part of one network worked out. */
function Worked({
  subject,
  name,
  width,
}: {
  readonly subject: Subject;
  readonly name?: string;
  readonly width: number;
}) {
  const { sum } = subject.picture.value;
  return (
    <>
      {name !== undefined && <h3>{name}</h3>}
      <p>
        <Pieces pieces={saidOfPart(subject).pieces} />
      </p>
      {sum && <SumSheet sum={sum} width={width} />}
    </>
  );
}

const SHEET_MARGIN = 18;

function Pieces({ pieces }: { readonly pieces: readonly Piece[] }) {
  return (
    <>
      {pieces.map(({ text, tone }, index) =>
        tone ? (
          <strong key={index} class={`network-${tone}`}>
            {text}
          </strong>
        ) : (
          text
        ),
      )}
    </>
  );
}

/** What the picture of a network shows, in words. */
export function sentencesOn(subject: Subject): Said {
  const m = messages();
  const shown = subject.picture.value;
  if (shown.chosen) return saidOfPart(subject);
  if (subject.isBlank.value) return { headline: m.blank, pieces: [{ text: m.blankMore }] };
  // Nobody can read reasons that change with every move of the pen.
  const pieces = isDrawing.value ? [] : reasons(shown);
  const learning = subject.learning.value;
  if (!learning) return { headline: headlineOf(subject), pieces, more: m.how };
  const { accuracy } = learning;
  const state = accuracy < FORMING ? m.noise : accuracy < FORMED ? m.forming : m.formed;
  return { headline: headlineWhile(learning, subject), pieces, more: state };
}

function headlineWhile({ images }: Learning, subject: Subject): string {
  const m = messages();
  const name = subject.className(subject.winner.value);
  return images === 0 ? m.beforeLearning(name) : m.afterImages(formatCount(Math.round(images)), name);
}

function headlineOf(subject: Subject): string {
  const m = messages();
  const { probabilities } = subject.picture.value;
  const [best, second] = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one]);
  const meant = subject.label.value;
  const name = (index: number) => subject.className(index);
  if (meant !== undefined && meant !== best) return m.misreads(name(best), name(meant));
  return probabilities[best] < DOUBT ? m.doubts(name(best), name(second)) : m.reads(name(best));
}

/** The maps of the last convolution, or else the units before the output, that speak most for and against the answer. */
function reasons(shown: Picture): Piece[] {
  const m = messages();
  const { stages } = shown.structure;
  const stage = stages.findLastIndex((one) => one.kind === "convolution" && hasMaps(one));
  if (stage < 1) return [];
  const added = Array.from({ length: stages[stage].count }, (_, map) => ({
    map,
    value: addedBy(shown, stage, map) ?? 0,
  }));
  added.sort((one, other) => other.value - one.value);
  const [first, second] = added;
  const last = added[added.length - 1];
  const pieces: Piece[] = [];
  if (first.value > 0) pieces.push(m.most(first.map + 1, stages[stage].term, formatSigned(first.value)));
  if (second?.value > 0) pieces.push({ text: m.secondly }, m.next(second.map + 1, formatSigned(second.value)));
  if (last.value < 0) {
    if (pieces.length > 0) pieces.push({ text: m.semicolon });
    pieces.push(m.against(last.map + 1, formatSigned(last.value)));
  }
  return pieces.length > 0 ? [...pieces, { text: m.stop }] : [];
}

function saidOfPart(subject: Subject): Said {
  const m = messages();
  const shown = subject.picture.value;
  const { structure, contributions, values, chosen } = shown;
  const { stages } = structure;
  const unit = chosen ?? contributions.unit;
  const own = stages[unit.stage];
  const map = mapOf(own, unit.index);
  const value = values[unit.stage][unit.index];
  const [row, column] = placeOf(own, unit.index);
  const pieces: Piece[] = [];
  let headline: string;
  if (own.kind === "output") {
    headline = m.whyOutput(subject.className(map));
  } else if (hasMaps(own)) {
    headline = value > 0 ? m.whyMap(map + 1, own.term) : m.silentMap(map + 1, own.term);
    const tuning = subject.chosenTuning.value;
    const answers = tuning && sceneMessages().tunings[tuning];
    const isMaximum = structure.layers[own.main].layer.type === "maxPool2d";
    if (own.kind === "subsampling") pieces.push({ text: m.pooling(isMaximum, formatValue(value), row, column) });
    else if (answers) pieces.push({ text: m.tuning(map + 1, answers, formatValue(value), row, column) });
    pieces.push({ text: m.stop });
  } else {
    headline = value > 0 ? m.whyUnit(map + 1, own.term) : m.silentUnit(map + 1, own.term);
  }
  const before = unit.stage - 1;
  const parts = Array.from({ length: stages[before].count }, (_, from) => ({
    from,
    value: addedBy(shown, before, from) ?? 0,
  })).sort((one, other) => other.value - one.value);
  const nameOf = (from: number) =>
    before === 0
      ? m.theDrawing
      : hasMaps(stages[before])
        ? m.mapOf(from + 1, stages[before].term)
        : m.unitOf(from + 1, stages[before].term);
  const [first] = parts;
  const last = parts[parts.length - 1];
  if (own.kind !== "subsampling") {
    if (first.value > 0) pieces.push(m.givesMost(nameOf(first.from), formatSigned(first.value)));
    if (last.value < 0) {
      if (first.value > 0) pieces.push({ text: m.semicolon });
      pieces.push(m.holdsBack(nameOf(last.from), formatSigned(last.value)));
    }
    const sum = parts.reduce((total, part) => total + part.value, 0);
    const stop = first.value > 0 || last.value < 0 ? [{ text: m.stop }] : [];
    pieces.push(...stop, {
      text: `${m.sumsTo(formatValue(contributions.value), formatSigned(contributions.value - sum))}${m.stop}`,
    });
  }
  return { headline, pieces };
}
