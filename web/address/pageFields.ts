import { type Field, flag, optionalChoice } from "./fields.js";

export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

export const THEMES = ["light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** What an address can hide. */
export const CONTROLS = ["tabs", "settings", "footer", "images", "training", "tour", "setup", "runs"] as const;
export type Control = (typeof CONTROLS)[number];

/** The fields of the page around the views. */
export const pageFields = {
  /** Default: the browser's. */
  lang: optionalChoice(LANGUAGES),
  /** Default: the system's. */
  theme: optionalChoice(THEMES),
  /** Whether single-key shortcuts are enabled. */
  keys: flag(true),
  /** Whether it is shown to an audience: large, without what is around the view. */
  present: flag(false),
  /** Whether it is part of another page: without what is around the view. */
  embed: flag(false),
  /** The controls that are hidden, separated by commas. */
  hide: some(CONTROLS),
};

/** Some of several words, each once. */
function some<Option extends string>(options: readonly Option[]): Field<readonly Option[]> {
  return {
    initial: [],
    parse: (text) => options.filter((option) => text.split(",").includes(option)),
    format: (value) => value.join(","),
  };
}
