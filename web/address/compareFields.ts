import { names } from "./fields.js";

/** The fields of the view Compare; every name begins with the view's. */
export const compareFields = {
  /** The served runs that are opened. */
  compareRuns: names(),
};
