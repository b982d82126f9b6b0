import { computed, signal } from "@preact/signals";
import { CHAPTERS, type Chapter, chaptersOf } from "../../../address/tourFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { keep } from "../../../state/keeping.js";
import { subject } from "../state/subject.js";
import { questions } from "./questions.js";

/** An answer that a visitor has given. */
export interface Given {
  readonly guess: number;
  /** The picture that it is about. */
  readonly pixels: Uint8Array;
}

/** An answer for the summary, in words. */
export interface Answered {
  readonly question: string;
  readonly guess: string;
  readonly answer: string;
  /** Whether the guess is right, or close enough. */
  readonly isRight: boolean;
}

/** All that has been answered; kept when the page closes. */
interface Answers {
  /** The newest answer in each chapter. */
  readonly latest: Partial<{ readonly [chapter in Chapter]: Given }>;
  /** The first one: those count. */
  readonly first: Partial<{ readonly [chapter in Chapter]: Answered }>;
}

/** The chapters of the lesson, or all. */
export const chapters = computed<readonly Chapter[]>(() => {
  const { lesson } = url.value;
  return lesson === undefined ? CHAPTERS : chaptersOf(lesson);
});

/** The open chapter, or the page that sums up. */
export const chapter = computed<Chapter | "end">(() => url.value.tour ?? chapters.value[0]);

const answers = signal<Answers>({ latest: {}, first: {} });

void keep("answers", "tour", answers);

/** The first answer in each chapter: those count. */
export const firstAnswers = computed(() => answers.value.first);

/** The question of the open chapter. */
export const question = computed(() => (chapter.value === "end" ? undefined : questions[chapter.value].value));

/** The answer to the question of the open chapter, if one has been given for this picture. */
export const given = computed(() => {
  const own = chapter.value === "end" ? undefined : answers.value.latest[chapter.value];
  const pixels = subject.ownPixels.value;
  return own?.pixels.length === pixels.length && own.pixels.every((byte, place) => byte === pixels[place])
    ? own
    : undefined;
});

/** Answers the open chapter's question. */
export function guess(stop: number): void {
  const now = chapter.peek();
  const asked = question.peek();
  if (now === "end" || !asked) return;
  const { answer, near, ask, format } = asked;
  const isRight = Math.abs(stop - answer) <= near;
  const record: Answered = { question: ask(), guess: format(stop), answer: format(answer), isRight };
  const { latest, first } = answers.peek();
  answers.value = {
    latest: { ...latest, [now]: { guess: stop, pixels: subject.ownPixels.peek() } },
    first: { [now]: record, ...first },
  };
}

/** Asks all questions again. */
export function startAgain(): void {
  answers.value = { latest: {}, first: {} };
  changeUrl({ tour: chapters.peek()[0] });
}

/** The chapter before or after the open one; undefined beyond the first, "end" after the last. */
export function neighbour(step: 1 | -1): Chapter | "end" | undefined {
  const all: readonly (Chapter | "end")[] = [...chapters.value, "end"];
  return all[all.indexOf(chapter.value) + step];
}

/** Opens the chapter before or after. */
export function turn(step: 1 | -1): void {
  const next = neighbour(step);
  if (next) changeUrl({ tour: next });
}
