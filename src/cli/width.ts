import { stringWidth } from "../vendor/stringWidth.js";

// Columns of a terminal, in which a Chinese character takes two.

/** How many columns a text takes. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** A text with spaces after it, or before it, so that it takes some columns. */
export function padded(text: string, columns: number, side: "left" | "right" = "left"): string {
  const spaces = " ".repeat(Math.max(0, columns - widthOf(text)));
  return side === "left" ? text + spaces : spaces + text;
}

/** The beginning of a text, in at most some columns. */
export function cut(text: string, columns: number): string {
  let width = 0;
  let kept = "";
  for (const character of text) {
    width += widthOf(character);
    if (width > columns) break;
    kept += character;
  }
  return kept;
}
