import { padded, widthOf } from "./width.js";

/** The lines of a table. The first `leftAligned` columns are aligned left, the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], leftAligned: number): string[] {
  const widths = head.map((title, column) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[column]))));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column], column < leftAligned ? "left" : "right"))
      .join("  ")
      .trimEnd(),
  );
}
