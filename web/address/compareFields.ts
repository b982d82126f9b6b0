import { names } from "./fields.js";

/** The fields of the Compare view; their names start with the view's. */
export const compareFields = {
  /** The served runs that are open. */
  compareRuns: names(),
};
