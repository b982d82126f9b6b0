/** A number of a grid. */
export interface Cell {
  readonly text: string;
  /** −1 … 1: how strongly, and in which direction, it is coloured. */
  readonly share: number;
  readonly isCurrent: boolean;
  /** Its turn has not come yet. */
  readonly isPending: boolean;
}

export interface NumberGridProps {
  readonly caption: string;
  readonly columns: number;
  readonly cells: readonly Cell[];
}

/** The colour of the largest value stays light enough for text on it. */
const MOST = 45;

/** Numbers in a square, coloured by their size: blue below zero, orange above. */
export function NumberGrid({ caption, columns, cells }: NumberGridProps) {
  const rows = Array.from({ length: Math.ceil(cells.length / columns) }, (_, row) =>
    cells.slice(row * columns, (row + 1) * columns),
  );
  return (
    <table class="number-grid">
      <caption>{caption}</caption>
      <tbody>
        {rows.map((row, rowIndex) => (
          <tr key={rowIndex}>
            {row.map(({ text, share, isCurrent, isPending }, column) => (
              <td
                key={column}
                class={`${share < 0 ? "negative" : "positive"}${isCurrent ? " current" : ""}${isPending ? " pending" : ""}`}
                style={{ "--share": `${(MOST * Math.min(1, Math.abs(share))).toFixed(0)}%` }}
              >
                {text}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
