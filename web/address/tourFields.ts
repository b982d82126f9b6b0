import { optionalChoice, optionalText } from "./fields.js";

/** The chapters of the guided tour, in their order. */
export const CHAPTERS = [
  "pixels",
  "kernel",
  "map",
  "pooling",
  "combination",
  "decision",
  "learning",
  "fooled",
] as const;
export type Chapter = (typeof CHAPTERS)[number];

/** The fields of the guided tour through the view The network. */
export const tourFields = {
  /** The open chapter, or the page that sums up. Default: no tour or, in a lesson, its first chapter. */
  tour: optionalChoice([...CHAPTERS, "end"]),
  /** The chapters of a lesson, separated by commas. Default: all. */
  lesson: optionalText((text) => {
    const known = chaptersOf(text);
    return known.length > 0 ? known.join(",") : undefined;
  }),
};

/** The chapters that a text names, each once. */
export function chaptersOf(text: string): Chapter[] {
  const named = text.split(",").flatMap((name) => CHAPTERS.filter((chapter) => chapter === name));
  return [...new Set(named)];
}
