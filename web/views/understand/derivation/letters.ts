import type { Letter } from "./expression.js";

/** The letters of the formulas. */
export const LETTERS = {
  channelsIn: { letter: "C", below: "in" },
  channelsOut: { letter: "C", below: "out" },
  sideIn: { letter: "n", below: "in" },
  sideOut: { letter: "n", below: "out" },
  heightIn: { letter: "H", below: "in" },
  heightOut: { letter: "H", below: "out" },
  widthIn: { letter: "W", below: "in" },
  widthOut: { letter: "W", below: "out" },
  featuresIn: { letter: "N", below: "in" },
  featuresOut: { letter: "N", below: "out" },
  kernel: { letter: "K" },
  stride: { letter: "S" },
  padding: { letter: "P" },
  fieldIn: { letter: "r", below: "in" },
  fieldOut: { letter: "r", below: "out" },
  stepIn: { letter: "d", below: "in" },
  stepOut: { letter: "d", below: "out" },
} as const satisfies Record<string, Letter>;
