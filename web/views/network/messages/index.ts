import { translated } from "../../../i18n/language.js";
import { en } from "./en.js";
import { zh } from "./zh.js";

/** The view's messages. */
export const messages = translated({ en, zh });
