import { translated } from "../../i18n/language.js";
import { en } from "./en.js";
import { zh } from "./zh.js";

/** What is asked about a file that does not tell its model. */
export const messages = translated({ en, zh });
