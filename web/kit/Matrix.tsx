import { ScrollRegion } from "./ScrollRegion.js";

export interface MatrixProps {
  readonly caption: string;
  readonly classes: readonly string[];
  /** Row-major; rows are the true class, columns the predicted. */
  readonly counts: Uint32Array;
  readonly trueLabel: string;
  readonly predictedLabel: string;
}

/** From this share of its row on, a cell is so strong that its text must be of the other lightness. */
const STRONG = 0.5;

/** Longer names do not fit over a cell, so that they stand upright. */
const LONG_NAME = 3;

/**
 * How much of a cell's colour there is in it, in percent. Between 54 and 83 neither dark nor light text would have enough
 * contrast: that is passed over where the text changes.
 */
function strength(share: number): number {
  if (share === 0) return 0;
  return share < STRONG ? 6 + 48 * Math.sqrt(share / STRONG) : 83 + (17 * (share - STRONG)) / (1 - STRONG);
}

/** A confusion matrix, its cells shaded by their share of the row. */
export function Matrix({ caption, classes, counts, trueLabel, predictedLabel }: MatrixProps) {
  const size = classes.length;
  const hasLongNames = classes.some((name) => name.length > LONG_NAME);
  return (
    <ScrollRegion label={caption}>
      <table class={hasLongNames ? "matrix upright" : "matrix"}>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <td />
            <th class="axis" scope="colgroup" colSpan={size}>
              {predictedLabel}
            </th>
          </tr>
          <tr>
            <th class="axis" scope="col">
              {trueLabel}
            </th>
            {classes.map((name) => (
              <th key={name} scope="col" title={name}>
                <span class="name">{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {classes.map((name, row) => {
            const cells = counts.subarray(row * size, (row + 1) * size);
            const total = cells.reduce((sum, count) => sum + count, 0);
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                {Array.from(cells, (count, column) => {
                  const share = total === 0 ? 0 : count / total;
                  return (
                    <td
                      key={classes[column]}
                      class={cellClass(row === column, share)}
                      style={{ "--strength": `${strength(share).toFixed(1)}%` }}
                    >
                      {count}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function cellClass(isRight: boolean, share: number): string {
  const amount = share === 0 ? "none" : share >= STRONG ? "strong" : "some";
  return `${isRight ? "right" : "wrong"} ${amount}`;
}
