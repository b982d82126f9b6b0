import { optionalText } from "./fields.js";

/** The fields of every view with the picture of a network: what the networks are shown, and the part that is explained. */
export const stageFields = {
  /** An image that comes with the page, or one held out of the training: digits:3, clothes:9, heldOut:120. Default: the drawing. */
  image: optionalText((text) => (/^(digits|clothes|heldOut):\d{1,9}$/.test(text) ? text : undefined)),
  /** A map or unit by its layer's term, counted from 1, and a place on the map: C3:4 or C3:4:37. Default: the answer. */
  part: optionalText((text) => (/^[A-Z]\w*:[1-9]\d*(:\d+)?$/.test(text) ? text : undefined)),
};
