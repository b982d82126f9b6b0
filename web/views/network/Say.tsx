import { CHAPTERS } from "../../address/tourFields.js";
import { addressWith } from "../../address/url.js";
import { formatCount, formatValue } from "../../i18n/numbers.js";
import { Button } from "../../kit/controls.js";
import { hasMaps } from "../../scene/layout.js";
import { messages as sceneMessages } from "../../scene/messages.js";
import type { Picture } from "../../scene/paint.js";
import { SumSheet } from "../../scene/SumSheet.js";
import { addedBy, formatSigned, mapOf, placeOf } from "../../scene/words.js";
import { messages, type Piece } from "./messages/index.js";
import { className } from "./state/names.js";
import { failure, isLoaded, rewoundTo, shownRun, snapshots } from "./state/network.js";
import { choose, chosenTuning, isBlank, picture, winner } from "./state/picture.js";
import { accuracyNow, imagesNow } from "./state/progress.js";
import { sample } from "./state/source.js";

/** The probability below which the network is said to doubt. */
const DOUBT = 0.6;
/** The accuracies at which maps have begun, and have come, to show strokes. */
const [FORMING, FORMED] = [0.3, 0.85];

/** The headline and the sentence below it: what is seen, and why. */
export function Say() {
  const { headline, pieces, more } = said();
  return (
    <header class="network-say">
      <h1>{headline}</h1>
      <p>
        <Pieces pieces={pieces} />
        {more && <span>{more}</span>}
      </p>
      {picture.value.chosen ? (
        <Back />
      ) : (
        <a class="button network-tour" href={addressWith({ tour: CHAPTERS[0], networkSpace: false })}>
          {messages().tour}
        </a>
      )}
    </header>
  );
}

/** Leads back from a part to the answer. */
function Back() {
  return (
    <Button icon="back" onClick={() => choose(undefined)}>
      {messages().back}
    </Button>
  );
}

/** On a phone, the chosen part worked out, on a sheet from below. */
export function Sheet({ width }: { readonly width: number }) {
  const shown = picture.value;
  if (!shown.chosen) return null;
  const { headline, pieces } = saidOfPart(shown);
  return (
    <section class="network-sheet" aria-label={headline}>
      <h2>{headline}</h2>
      <p>
        <Pieces pieces={pieces} />
      </p>
      {shown.sum && <SumSheet sum={shown.sum} width={width - 2 * SHEET_MARGIN} />}
      <div class="network-buttons">
        <Back />
      </div>
    </section>
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

interface Said {
  readonly headline: string;
  readonly pieces: readonly Piece[];
  readonly more?: string;
}

function said(): Said {
  const m = messages();
  if (failure.value) return { headline: m.loading, pieces: [{ text: m.failed(failure.value) }] };
  if (!isLoaded.value) return { headline: m.loading, pieces: [{ text: m.loadingMore }] };
  const shown = picture.value;
  if (shown.chosen) return saidOfPart(shown);
  if (isBlank.value) return { headline: m.blank, pieces: [{ text: m.blankMore }] };
  const pieces = reasons(shown);
  const learning = rewoundTo.value !== undefined || shownRun.value?.status.value === "running";
  if (learning) {
    const accuracy = accuracyNow.value ?? 0;
    const state = accuracy < FORMING ? m.noise : accuracy < FORMED ? m.forming : m.formed;
    return { headline: headlineWhileLearning(), pieces, more: state };
  }
  return { headline: headlineOf(shown), pieces, more: m.how };
}

function headlineWhileLearning(): string {
  const m = messages();
  const images = imagesNow.value ?? snapshots.value.at(-1)?.images ?? 0;
  const name = className(winner.value);
  return images === 0 ? m.beforeLearning(name) : m.afterImages(formatCount(Math.round(images)), name);
}

function headlineOf({ probabilities }: Picture): string {
  const m = messages();
  const [best, second] = [...probabilities.keys()].sort((one, other) => probabilities[other] - probabilities[one]);
  const meant = sample.value?.label;
  if (meant !== undefined && meant !== best) return m.misreads(className(best), className(meant));
  return probabilities[best] < DOUBT ? m.doubts(className(best), className(second)) : m.reads(className(best));
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

function saidOfPart(shown: Picture): Said {
  const m = messages();
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
    headline = m.whyOutput(className(map));
  } else if (hasMaps(own)) {
    headline = value > 0 ? m.whyMap(map + 1, own.term) : m.silentMap(map + 1, own.term);
    const tuning = chosenTuning.value;
    const answers = tuning && sceneMessages().tunings[tuning];
    if (own.kind === "subsampling") pieces.push({ text: m.pooling(formatValue(value), row, column) });
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
