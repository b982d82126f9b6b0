import { translated } from "../language.js";
import { en } from "./en.js";
import { zh } from "./zh.js";

/** What kinds of layers are called, and what they do. */
export const layerMessages = translated({ en, zh });
