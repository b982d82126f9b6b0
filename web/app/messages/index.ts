import { translated } from "../../i18n/language.js";
import { en } from "./en.js";
import { zh } from "./zh.js";

/** The messages of the page around the views. */
export const messages = translated({ en, zh });
