import { printable } from "./text.js";

/**
 * One row of a CSV file; cells are quoted as in RFC 4180. Text that a spreadsheet would take for a formula gets an
 * apostrophe, which makes it text.
 */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(csvCell).join(",")}\n`;
}

function csvCell(value: string | number): string {
  const text = printable(String(value));
  const isFormula = /^[=+\-@]/.test(text) && !Number.isFinite(Number(text));
  const cell = isFormula ? `'${text}` : text;
  return /[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
