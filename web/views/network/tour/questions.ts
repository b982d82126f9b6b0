import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Chapter } from "../../../address/tourFields.js";
import { formatCount, formatValue } from "../../../i18n/numbers.js";
import { SceneNetwork, type Stage, type UnitSum } from "../../../scene/arithmetic.js";
import { formatShort } from "../../../scene/joint.js";
import { hasMaps } from "../../../scene/layout.js";
import { messages as sceneMessages } from "../../../scene/messages.js";
import type { SceneMark } from "../../../scene/paint.js";
import { formatSigned, formatSure, strongestPlace } from "../../../scene/words.js";
import { camera, isDrawing } from "../../../stage/image.js";
import type { PadMark } from "../../../stage/marks.js";
import { snapshots } from "../state/network.js";
import { subject } from "../state/subject.js";
import { type FooledImage, MOST_LEVELS } from "./fool.js";
import { messages } from "./messages/index.js";

/** Numbers beside a question. */
export interface Grid {
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly isSigned: boolean;
  /** The cells that are pointed out. */
  readonly marked?: readonly number[];
  readonly format: (value: number) => string;
  readonly caption: () => string;
}

/** A question about the picture on display, with its answer as the engine works it out. */
export interface Question {
  /** What can be answered, in order: a few choices, or the stops of a slider. */
  readonly stops: readonly number[];
  readonly isRange: boolean;
  readonly answer: number;
  /** How far from the answer a guess may be. */
  readonly near: number;
  readonly ask: () => string;
  readonly format: (stop: number) => string;
  /** The answer in words, with its numbers. */
  readonly explain: () => string;
  readonly grids: readonly Grid[];
  /** What is marked while it is asked. */
  readonly pad?: readonly PadMark[];
  readonly scene?: readonly SceneMark[];
  /** The part of the network that shows the answer, as in the address. */
  readonly part?: string;
}

/** The stages that the chapters are about: the first two convolutions, and the pooling between them. */
const places = computed(() => {
  const { stages } = subject.structure.value;
  const after = (from: number, kind: Stage["kind"]) =>
    stages.findIndex((stage, place) => place > from && stage.kind === kind && hasMaps(stage));
  const first = after(0, "convolution");
  return { first, pool: after(first, "subsampling"), second: after(first, "convolution"), output: stages.length - 1 };
});

/** The network and its values, once it is ready. */
const network = () => subject.network.value!;
const values = () => subject.values.value!;

function stageOf(place: number): Stage {
  return subject.structure.value.stages[place];
}

/** What a stage shows, from the values of all layers. */
function shownBy(stage: Stage, all: readonly Float64Array[] = values()): Float64Array {
  return all[stage.last + 1];
}

function sumOfMap(own: Float64Array, { height, width }: Stage, map: number): number {
  return own.subarray(map * height * width, (map + 1) * height * width).reduce((sum, value) => sum + value, 0);
}

/** The index of the largest. */
function largest(numbers: ArrayLike<number>): number {
  let best = 0;
  for (let place = 1; place < numbers.length; place++) if (numbers[place] > numbers[best]) best = place;
  return best;
}

function sumAt(stage: number, index: number): UnitSum | undefined {
  return network().sumOf(values(), { stage, index });
}

/** How far from the number of pixels with ink a guess may be, as a share of all. */
const NEAR_PIXELS = 0.05;
/** The side of the piece of the image that is shown in numbers. */
const PIECE = 7;

function pixels(): Question {
  const { height, width } = subject.inputShape.value;
  const size = height * width;
  const paper = subject.background.value;
  const ink = Uint8Array.from(subject.ownPixels.value.subarray(0, size), (byte) => Math.abs(byte - paper));
  const answer = ink.reduce((count, byte) => count + Number(byte > 0), 0);
  const [top, left] = inkiest(ink, height, width);
  const piece = Array.from(
    { length: PIECE * PIECE },
    (_, place) => ink[(top + Math.floor(place / PIECE)) * width + left + (place % PIECE)],
  );
  return {
    stops: Array.from({ length: size + 1 }, (_, stop) => stop),
    isRange: true,
    answer,
    near: Math.round(NEAR_PIXELS * size),
    ask: () => messages().pixels.ask(formatCount(size)),
    format: formatCount,
    explain: () => messages().pixels.explain(formatCount(answer), percentOf(answer / size)),
    grids: [{ values: piece, width: PIECE, isSigned: false, format: String, caption: () => messages().pixels.piece }],
    pad: [{ top: top / height, left: left / width, height: PIECE / height, width: PIECE / width, name: "" }],
  };
}

/** The corner of the piece with the most changes of ink. */
function inkiest(ink: Uint8Array, height: number, width: number): readonly [top: number, left: number] {
  let best: readonly [number, number] = [0, 0];
  let most = -1;
  for (let top = 0; top + PIECE <= height; top++) {
    for (let left = 0; left + PIECE <= width; left++) {
      let changes = 0;
      for (let row = 0; row < PIECE; row++) {
        const from = (top + row) * width + left;
        for (let place = from + 1; place < from + PIECE; place++) changes += Math.abs(ink[place] - ink[place - 1]);
      }
      if (changes > most) [most, best] = [changes, [top, left]];
    }
  }
  return best;
}

const LETTERS = ["A", "B", "C"];

function kernel(): Question | undefined {
  const { first } = places.value;
  const stage = stageOf(first);
  const { layer } = subject.structure.value.layers[stage.main];
  if (layer.type !== "conv2d") return undefined;
  const { kernel: side, stride, padding } = layer;
  const { height, width } = subject.inputShape.value;
  const corner = (place: number) =>
    [Math.floor(place / stage.width) * stride - padding, (place % stage.width) * stride - padding] as const;
  const paper = subject.background.value;
  const isInky = (place: number) => {
    const [top, left] = corner(place);
    if (top < 0 || left < 0 || top + side > height || left + side > width) return false;
    for (let tap = 0; tap < side * side; tap++) {
      const pixel = (top + Math.floor(tap / side)) * width + left + (tap % side);
      if (subject.ownPixels.value[pixel] !== paper) return true;
    }
    return false;
  };
  const size = stage.height * stage.width;
  const inky = Array.from({ length: size }, (_, place) => place).filter(isInky);
  if (inky.length === 0) return undefined;
  const sums = values()[stage.main + 1];
  const best = Array.from({ length: stage.count }, (_, map) =>
    Math.max(...inky.map((place) => sums[map * size + place])),
  );
  const map = largest(best);
  const sum = (place: number) => sums[map * size + place];
  const areApart = (one: number, other: number) => {
    const [[top, left], [below, right]] = [corner(one), corner(other)];
    return Math.abs(top - below) >= side || Math.abs(left - right) >= side;
  };
  const pick = (from: readonly number[], cost: (place: number) => number) =>
    from.length === 0 ? [] : [from.reduce((one, other) => (cost(other) < cost(one) ? other : one))];
  const [strongest] = pick(inky, (place) => -sum(place));
  const [weakest] = pick(
    inky.filter((place) => areApart(place, strongest)),
    sum,
  );
  const middle = weakest === undefined ? 0 : (sum(strongest) + sum(weakest)) / 2;
  const between = pick(
    inky.filter((place) => areApart(place, strongest) && (weakest === undefined || areApart(place, weakest))),
    (place) => Math.abs(sum(place) - middle),
  );
  const windows = [strongest, weakest, ...between]
    .filter((place) => place !== undefined)
    .toSorted((one, other) => one - other);
  if (windows.length < 2) return undefined;
  const answer = windows.indexOf(strongest);
  const weights = sumAt(first, map * size + strongest)?.addends[0].weights;
  if (!weights) return undefined;
  return {
    ...choice(windows.length, answer),
    ask: () => messages().kernel.ask(map + 1, stage.term),
    format: (stop) => messages().kernel.window(LETTERS[stop]),
    explain: () =>
      messages().kernel.explain(windows.map((place, window) => `${LETTERS[window]}: ${formatSigned(sum(place))}`)),
    grids: [gridOfWeights(weights, side, () => messages().kernel.weights(map + 1))],
    pad: windows.map((place, window) => {
      const [top, left] = corner(place);
      return {
        top: top / height,
        left: left / width,
        height: side / height,
        width: side / width,
        name: LETTERS[window],
      };
    }),
    scene: [{ stage: first, map }],
    part: partOf(stage, map, strongest),
  };
}

function gridOfWeights(weights: ArrayLike<number>, width: number, caption: () => string): Grid {
  return { values: weights, width, isSigned: true, format: formatShort, caption };
}

function partOf({ term }: Stage, map: number, place?: number): string {
  return place === undefined ? `${term}:${map + 1}` : `${term}:${map + 1}:${place}`;
}

function choice(count: number, answer: number) {
  return { stops: Array.from({ length: count }, (_, stop) => stop), isRange: false, answer, near: 0 } as const;
}

function map(): Question | undefined {
  const { first, pool } = places.value;
  const stage = stageOf(first);
  const own = shownBy(stage);
  const sums = Array.from({ length: stage.count }, (_, each) => sumOfMap(own, stage, each));
  const tunings = subject.tuningsOfStage(stage) ?? [];
  const strokes = ["horizontal", "vertical", "rising", "falling"];
  const found = largest(sums.map((sum, each) => (strokes.includes(tunings[each]) ? sum : -1)));
  const each = strokes.includes(tunings[found]) ? found : largest(sums);
  if (sums[each] <= 0) return undefined;
  const size = stage.height * stage.width;
  const quarters = [0, 0, 0, 0];
  for (let place = 0; place < size; place++) {
    const isBelow = Math.floor(place / stage.width) >= stage.height / 2;
    const isRight = place % stage.width >= stage.width / 2;
    quarters[2 * Number(isBelow) + Number(isRight)] += Math.max(0, own[each * size + place]);
  }
  const answer = largest(quarters);
  const whole = quarters.reduce((sum, quarter) => sum + quarter, 0);
  const { layer } = subject.structure.value.layers[stage.main];
  const weights = sumAt(first, each * size)?.addends[0].weights;
  if (!weights || layer.type !== "conv2d") return undefined;
  const pooled = stageOf(pool);
  return {
    ...choice(4, answer),
    ask: () => messages().map.ask(each + 1, sceneMessages().tunings[tunings[each]]),
    format: (stop) => messages().map.quarters[stop],
    explain: () => messages().map.explain(messages().map.quarters[answer], percentOf(quarters[answer] / whole)),
    grids: [gridOfWeights(weights, layer.kernel, () => messages().kernel.weights(each + 1))],
    scene: [
      { stage: first, map: each, isCovered: true },
      ...(pooled?.count === stage.count ? [{ stage: pool, map: each, isCovered: true }] : []),
    ],
    part: partOf(stage, each),
  };
}

/** The rows and columns around a block that are shown in numbers. */
const AROUND = 1;

function pooling(): Question | undefined {
  const { first, pool } = places.value;
  if (pool === -1) return undefined;
  const [before, stage] = [stageOf(first), stageOf(pool)];
  const [from, to] = [shownBy(before), shownBy(stage)];
  const side = Math.floor(before.height / stage.height);
  const blockOf = (index: number) => {
    const size = stage.height * stage.width;
    const [each, place] = [Math.floor(index / size), index % size];
    const [row, column] = [side * Math.floor(place / stage.width), side * (place % stage.width)];
    const corner = each * before.height * before.width + row * before.width + column;
    const block = Array.from(
      { length: side * side },
      (_, tap) => from[corner + Math.floor(tap / side) * before.width + (tap % side)],
    );
    return { each, row, column, block };
  };
  // The block with the most besides its largest number.
  const rest = to.map((_, index) => {
    const { block } = blockOf(index);
    const distinct = new Set(block.map(formatValue)).size;
    return distinct === block.length ? block.reduce((sum, value) => sum + value, 0) - Math.max(...block) : -1;
  });
  const index = largest(rest);
  const { each, row, column, block } = blockOf(index);
  const total = block.reduce((sum, value) => sum + value, 0);
  const options = [...block, total / block.length, total, to[index]];
  const texts = options.map(formatValue);
  const stops = options.filter((_, place) => texts.indexOf(texts[place]) === place).toSorted((one, two) => one - two);
  const answer = stops.find((stop) => formatValue(stop) === formatValue(to[index])) ?? to[index];
  const [top, left] = [Math.max(0, row - AROUND), Math.max(0, column - AROUND)];
  const [end, right] = [Math.min(before.height, row + side + AROUND), Math.min(before.width, column + side + AROUND)];
  const width = right - left;
  const around = Array.from({ length: (end - top) * width }, (_, place) => [
    top + Math.floor(place / width),
    left + (place % width),
  ]);
  const size = before.height * before.width;
  const isIn = ([y, x]: readonly number[]) => y >= row && y < row + side && x >= column && x < column + side;
  const isLargest = formatValue(to[index]) === formatValue(Math.max(...block));
  return {
    stops,
    isRange: false,
    answer,
    near: 0,
    ask: () => messages().pooling.ask(side, stage.term),
    format: formatValue,
    explain: () => {
      const [moved, movedPooled] = [changeOf(before), changeOf(stage)].map(percentOf);
      const kept = messages().pooling[isLargest ? "largest" : "other"](formatValue(to[index]));
      return `${kept} ${messages().pooling.moved(before.term, moved, stage.term, movedPooled)}`;
    },
    grids: [
      {
        values: around.map(([y, x]) => from[each * size + y * before.width + x]),
        width,
        isSigned: false,
        marked: around.flatMap((place, cell) => (isIn(place) ? [cell] : [])),
        format: formatShort,
        caption: () => messages().pooling.piece(each + 1, before.term),
      },
    ],
    scene: [
      { stage: first, map: each },
      { stage: pool, map: each, isCovered: true },
    ],
    part: partOf(stage, each, index % (stage.height * stage.width)),
  };
}

/** How much of a stage changes if the image moves to the right by a pixel: the share of all that it shows. */
function changeOf(stage: Stage): number {
  const { width } = subject.inputShape.value;
  const paper = subject.background.value;
  const moved = subject.inputPixels.value.map((_, place, all) => (place % width === 0 ? paper : all[place - 1]));
  const other = shownBy(stage, network().forward(subject.inputOf(moved)));
  const own = shownBy(stage);
  const change = own.reduce((sum, value, place) => sum + Math.abs(value - other[place]), 0);
  return change / (own.reduce((sum, value) => sum + Math.abs(value), 0) || 1);
}

function combination(): Question | undefined {
  const { second } = places.value;
  if (second === -1) return undefined;
  const [before, stage] = [stageOf(second - 1), stageOf(second)];
  const own = shownBy(stage);
  const size = stage.height * stage.width;
  const index = largest(own);
  const each = Math.floor(index / size);
  const sum = sumAt(second, strongestPlace(own, stage, each));
  if (!sum) return undefined;
  const shares = sum.addends.map((addend) => addend.sum);
  const answer = largest(shares);
  return {
    ...choice(before.count, answer),
    ask: () => messages().combination.ask(each + 1, stage.term, before.term),
    format: (stop) => messages().combination.mapOf(stop + 1),
    explain: () =>
      messages().combination.explain(
        answer + 1,
        formatSigned(shares[answer]),
        formatSigned(shares.reduce((all, share) => all + share, 0)),
        formatValue(sum.value),
      ),
    grids: [],
    scene: [{ stage: second, map: each }, ...shares.map((_, from) => ({ stage: second - 1, map: from }))],
    part: partOf(stage, each, index % size),
  };
}

/** The classes that a question offers. */
const MOST_CLASSES = 5;

function decision(): Question {
  const { output } = places.value;
  const shares = subject.probabilities.value;
  const ranked = [...shares.keys()].sort((one, other) => shares[other] - shares[one]);
  const [winner, second] = ranked;
  const logits = shownBy(stageOf(output));
  const offered = ranked.slice(1, 1 + MOST_CLASSES).toSorted((one, other) => one - other);
  return {
    stops: offered,
    isRange: false,
    answer: second,
    near: 0,
    ask: () => messages().decision.ask(subject.className(winner)),
    format: (index) => subject.className(index),
    explain: () =>
      messages().decision.explain(
        { name: subject.className(winner), sum: formatValue(logits[winner]), percent: formatSure(shares[winner]) },
        { name: subject.className(second), sum: formatValue(logits[second]), percent: formatSure(shares[second]) },
        formatCount(Math.exp(Math.min(30, logits[winner] - logits[second]))),
      ),
    grids: [],
    scene: ranked.map((each) => ({ stage: output, map: each, isCovered: true })),
  };
}

/** What the network read of the picture at each moment of its training. */
export const reads = computed<readonly number[] | undefined>(() => {
  const moments = snapshots.value;
  if (moments.length < 2) return undefined;
  const input = subject.inputOf(subject.ownPixels.value);
  const found: number[] = [];
  for (const { parameters } of moments) {
    if (!parameters) return undefined;
    const outputs = new SceneNetwork(subject.structure.value, parameters).forward(input);
    found.push(largest(outputs[outputs.length - 1]));
  }
  return found;
});

function learning(): Question | undefined {
  const own = reads.value;
  if (!own) return undefined;
  const last = own[own.length - 1];
  const answer = own.findLastIndex((read) => read !== last) + 1;
  const images = (moment: number) => formatCount(Math.round(snapshots.value[moment]?.images ?? 0));
  return {
    stops: own.map((_, moment) => moment),
    isRange: true,
    answer,
    near: 1,
    ask: () => messages().learning.ask(subject.className(last)),
    format: (stop) => (stop === 0 ? messages().learning.none : messages().learning.images(images(stop))),
    explain: () =>
      answer === 0
        ? messages().learning.byChance(subject.className(last))
        : messages().learning.explain(images(answer), subject.className(last), subject.className(own[answer - 1])),
    grids: [],
  };
}

/** What changing every pixel does to a picture, level by level, as far as it has been worked out. */
export const fooling = signal<{ readonly image: Uint8Array; readonly steps: readonly FooledImage[] } | undefined>(
  undefined,
);

/** How far from the least change a guess may be, in levels. */
const NEAR_LEVELS = 4;

function fooled(): Question | undefined {
  const known = fooling.value;
  if (known?.image !== subject.ownPixels.value || known.steps.length <= MOST_LEVELS) return undefined;
  const { steps } = known;
  const before = steps[0].read;
  const found = steps.findIndex(({ read }) => read !== before);
  // Beyond the last level: not at all.
  const answer = found === -1 ? MOST_LEVELS + 1 : found;
  return {
    stops: steps.map((_, level) => level + 1),
    isRange: true,
    answer,
    near: NEAR_LEVELS,
    ask: () => messages().fooled.ask(subject.className(before)),
    format: (level) =>
      level <= MOST_LEVELS ? messages().fooled.levels(String(level)) : messages().fooled.never(String(MOST_LEVELS)),
    explain: () =>
      found === -1
        ? messages().fooled.notFooled(subject.className(before), String(MOST_LEVELS))
        : messages().fooled.explain(String(answer), subject.className(steps[answer].read), subject.className(before)),
    grids: [],
  };
}

const ASKED: Readonly<Record<Chapter, () => Question | undefined>> = {
  pixels,
  kernel,
  map,
  pooling,
  combination,
  decision,
  learning,
  fooled,
};

/** The question of each chapter; undefined while there is no picture to ask about, or a pen is on the pad. */
export const questions = Object.fromEntries(
  Object.entries(ASKED).map(([chapter, ask]) => [
    chapter,
    computed(() =>
      subject.isReady.value && !subject.isBlank.value && !isDrawing.value && camera.value !== "live"
        ? ask()
        : undefined,
    ),
  ]),
) as Readonly<Record<Chapter, ReadonlySignal<Question | undefined>>>;

function percentOf(share: number): string {
  return `${Math.round(100 * share)}%`;
}
