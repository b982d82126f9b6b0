import { translated } from "../language.js";
import { en } from "./en.js";
import { zh } from "./zh.js";

/** Names and descriptions of the layer types. */
export const layerMessages = translated({ en, zh });
