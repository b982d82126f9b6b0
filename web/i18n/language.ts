import { computed, effect } from "@preact/signals";
import { LANGUAGES, type Language } from "../address/pageFields.js";
import { url } from "../address/url.js";

/** The best supported match for the browser's languages. */
const PREFERRED = preferredLanguage(navigator.languages);

/** The page's language. */
export const language = computed<Language>(() => url.value.lang ?? PREFERRED);

const TAGS: Readonly<Record<Language, string>> = { en: "en", zh: "zh-Hans" };

effect(() => {
  document.documentElement.lang = TAGS[language.value];
});

/** The first supported language among the tags ("zh-CN", "en", …), or English if none is supported. */
export function preferredLanguage(tags: readonly string[]): Language {
  const known = tags.map((tag) => LANGUAGES.find((one) => tag.toLowerCase().split("-")[0] === one));
  return known.find((one) => one !== undefined) ?? "en";
}

/**
 * Returns a function that reads the messages in the page's language; components that call it re-render when the
 * language changes. Messages with numbers or names are functions.
 */
export function translated<Messages>(byLanguage: Readonly<Record<Language, Messages>>): () => Messages {
  return () => byLanguage[language.value];
}
