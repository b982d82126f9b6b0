import { computed, effect } from "@preact/signals";
import { LANGUAGES, type Language, url } from "../address/url.js";

/** The language that the browser asks for, as far as the lab speaks it. */
const PREFERRED = preferredLanguage(navigator.languages);

/** The page's language. */
export const language = computed<Language>(() => url.value.lang ?? PREFERRED);

const TAGS: Readonly<Record<Language, string>> = { en: "en", zh: "zh-Hans" };

effect(() => {
  document.documentElement.lang = TAGS[language.value];
});

/** The first of the tags ("zh-CN", "en", …) whose language the lab speaks; English where there is none. */
export function preferredLanguage(tags: readonly string[]): Language {
  const known = tags.map((tag) => LANGUAGES.find((one) => tag.toLowerCase().split("-")[0] === one));
  return known.find((one) => one !== undefined) ?? "en";
}

/**
 * Messages in every language. What is given back reads those of the page's language and has a component drawn again when
 * that changes. Numbers and names go into messages that are functions.
 */
export function translated<Messages>(byLanguage: Readonly<Record<Language, Messages>>): () => Messages {
  return () => byLanguage[language.value];
}
