import { endOf } from "./text.js";
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

/** The first column is not shortened further than this. */
const SHORTEST_NAME = 8;

/**
 * A table that fits a terminal: columns are left out, then the names in the first column lose their beginnings.
 *
 * @param dispensable the columns to leave out, those first that are missed least
 * @param columns how wide it may be. Default: any width
 */
export function fittedTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  leftAligned: number,
  dispensable: readonly number[],
  columns = Number.POSITIVE_INFINITY,
): string[] {
  const without = (count: number, longestName?: number) => {
    const isKept = (column: number) => !dispensable.slice(0, count).includes(column);
    const kept = ([name, ...cells]: readonly string[]) =>
      [longestName === undefined ? name : endOf(name, longestName), ...cells].filter((_, column) => isKept(column));
    const keptLeft = head.slice(0, leftAligned).filter((_, column) => isKept(column)).length;
    return table(
      head.filter((_, column) => isKept(column)),
      rows.map(kept),
      keptLeft,
    );
  };
  for (let count = 0; count <= dispensable.length; count++) {
    const lines = without(count);
    if (widest(lines) <= columns) return lines;
  }
  const { length } = dispensable;
  const room = columns - widest(without(length, SHORTEST_NAME));
  return without(length, SHORTEST_NAME + Math.max(0, room));
}

/** How wide the widest of some lines is, in columns of a terminal. */
export function widest(lines: readonly string[]): number {
  return Math.max(...lines.map(widthOf));
}
