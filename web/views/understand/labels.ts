import { formatCount } from "../../i18n/numbers.js";
import { messages } from "./messages/index.js";

/** A layer's name in the terms of 1998; input and output in the page's language. */
export function termText(term: string): string {
  const m = messages();
  return term === "input" ? m.input : term === "output" ? m.output : term;
}

/** 6 @ 28 × 28, or 120. */
export function extentsText([count, height, width]: readonly number[]): string {
  if (height === undefined || width === undefined) return formatCount(count);
  return `${formatCount(count)} @ ${height} × ${width}`;
}
