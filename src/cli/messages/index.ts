import { en, type Messages } from "./en.js";
import { type Language, languageOf } from "./language.js";
import { zh } from "./zh.js";

/** What the command line says, by language. */
export const MESSAGES: Readonly<Record<Language, Messages>> = { en, zh };

/** The language of this command. */
export const language = languageOf(process.argv.slice(2), process.env);

/** What the command line says, in its language. */
export const messages: Messages = MESSAGES[language];
