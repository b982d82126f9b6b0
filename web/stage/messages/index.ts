import { translated } from "../../i18n/language.js";
import { en } from "./en.js";
import { zh } from "./zh.js";

export type { Piece } from "./en.js";

/** The stage's messages. */
export const messages = translated({ en, zh });
