/** One cell of a grid. */
export interface Cell {
  readonly text: string;
  /** −1 … 1: the strength and sign of its colour. */
  readonly share: number;
  readonly isCurrent: boolean;
  /** Not reached yet while stepping. */
  readonly isPending: boolean;
}

export interface NumberGridProps {
  readonly caption: string;
  readonly columns: number;
  readonly cells: readonly Cell[];
  /** Makes the cells buttons. */
  readonly onPick?: (place: number) => void;
}

/** The maximum colour strength, in percent; text remains readable on it. */
const MOST = 45;

/** A grid of numbers, coloured by value: blue below zero, orange above. */
export function NumberGrid({ caption, columns, cells, onPick }: NumberGridProps) {
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
                {onPick ? (
                  <button type="button" aria-pressed={isCurrent} onClick={() => onPick(rowIndex * columns + column)}>
                    {text}
                  </button>
                ) : (
                  text
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
