import { translated } from "../../i18n/language.js";
import { en } from "./en.js";
import { zh } from "./zh.js";

/** The images of a cell of a confusion matrix. */
export const messages = translated({ en, zh });
