/** Columns as wide as their widest cell: the first few flush left, the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], flushLeft: number): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => (column < flushLeft ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join("  ")
      .trimEnd(),
  );
}
