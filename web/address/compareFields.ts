import { names, optionalText } from "./fields.js";

/** A network in Compare: one that comes with the page, a served run by its name after a slash, or another by its number. */
const compared = () =>
  optionalText((text) => (/^(digits|clothes|[1-9]\d{0,5}|\/[^/]+)$/.test(text) ? text : undefined));

/** The fields of the Compare view; their names start with the view's. */
export const compareFields = {
  /** The served runs that are open. */
  compareRuns: names(),
  /** The two networks that are shown the same image. Default: the one that all views show, and another. */
  compareFirst: compared(),
  compareSecond: compared(),
};
