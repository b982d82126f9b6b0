import { type Field, number } from "./fields.js";
import { formatInput, parseInput } from "./input.js";

/** A picture's shape as "1x28x28", written as it is read; undefined: that of the network that the views show. */
const input: Field<string | undefined> = {
  initial: undefined,
  parse: (text) => {
    const shape = parseInput(text);
    return shape && formatInput(shape);
  },
  format: (value) => value ?? "",
};

/** The numbers of classes that can be asked for. */
export const CLASSES = { least: 2, most: 1000, whole: true } as const;

/** What the address says of this view; every name begins with the view's, so that no two views use the same. */
export const understandFields = {
  understandInput: input,
  understandClasses: number(CLASSES, 10),
  /** The layer whose derivation is open, from 1; 0: none. */
  understandLayer: number({ least: 0, most: 64, whole: true }, 1),
};
