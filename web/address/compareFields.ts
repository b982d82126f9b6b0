import type { Field } from "./fields.js";

/** Names; a slash parts them, which no folder's name has. */
const names: Field<string> = {
  initial: "",
  parse: (text) => text,
  format: (value) => value,
};

/** What the address says of this view; every name begins with the view's, so that no two views use the same. */
export const compareFields = {
  /** The served runs that are opened. */
  compareRuns: names,
};

/** The names in a field. */
export const namesIn = (text: string): string[] => text.split("/").filter((name) => name !== "");

/** A field of names. */
export const namesAs = (all: readonly string[]): string => all.join("/");
