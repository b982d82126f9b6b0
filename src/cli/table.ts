/** The lines of a table. The first `leftAligned` columns are aligned left, the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], leftAligned: number): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => (column < leftAligned ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join("  ")
      .trimEnd(),
  );
}
