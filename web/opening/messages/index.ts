import { translated } from "../../i18n/language.js";
import { en } from "./en.js";
import { zh } from "./zh.js";

/** The dialog about a file that does not describe its model. */
export const messages = translated({ en, zh });
