import { computed, signal } from "@preact/signals";
import { CHAPTERS, type Chapter, chaptersOf } from "../../../address/tourFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { subject } from "../state/subject.js";
import { type Question, questions } from "./questions.js";

/** An answer that a visitor has given. */
export interface Given {
  readonly question: Question;
  readonly guess: number;
  /** The picture that it is about. */
  readonly pixels: Uint8Array;
}

/** The chapters of the lesson, or all. */
export const chapters = computed<readonly Chapter[]>(() => {
  const { lesson } = url.value;
  return lesson === undefined ? CHAPTERS : chaptersOf(lesson);
});

/** The open chapter, or the page that sums up. */
export const chapter = computed<Chapter | "end">(() => url.value.tour ?? chapters.value[0]);

const latest = signal<Partial<Record<Chapter, Given>>>({});

/** The first answer in each chapter: those count. */
export const firstAnswers = signal<Partial<Record<Chapter, Given>>>({});

/** The question of the open chapter. */
export const question = computed(() => (chapter.value === "end" ? undefined : questions[chapter.value].value));

/** The answer to the question of the open chapter, if one has been given for this picture. */
export const given = computed(() => {
  const own = chapter.value === "end" ? undefined : latest.value[chapter.value];
  return own?.pixels === subject.ownPixels.value ? own : undefined;
});

/** Answers the open chapter's question. */
export function guess(stop: number): void {
  const now = chapter.peek();
  const asked = question.peek();
  if (now === "end" || !asked) return;
  const answer: Given = { question: asked, guess: stop, pixels: subject.ownPixels.peek() };
  latest.value = { ...latest.peek(), [now]: answer };
  firstAnswers.value = { [now]: answer, ...firstAnswers.peek() };
}

/** Whether a guess is right, or a value close enough. */
export function isRight({ question: { answer, near }, guess: stop }: Given): boolean {
  return Math.abs(stop - answer) <= near;
}

/** Asks all questions again. */
export function startAgain(): void {
  latest.value = {};
  firstAnswers.value = {};
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
