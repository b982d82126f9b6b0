import { confusionCells } from "../../src/report/confusion.js";
import { DARK_SHADES, SHADES } from "../../src/report/palette.js";
import { ScrollRegion } from "./regions.js";

export interface MatrixProps {
  readonly caption: string;
  readonly classes: readonly string[];
  /** Rows are true classes, columns predicted ones. */
  readonly counts: readonly ArrayLike<number>[];
  readonly trueLabel: string;
  readonly predictedLabel: string;
  /** Makes cells with images buttons, which show them. */
  readonly cells?: {
    /** The accessible name of a cell. */
    readonly label: (truth: string, predicted: string, count: number) => string;
    readonly shown?: Cell;
    readonly onShow: (cell: Cell) => void;
  };
}

/** A cell by its classes' indices. */
export interface Cell {
  readonly truth: number;
  readonly predicted: number;
}

/** Longer names do not fit above a cell and are written vertically. */
const LONG_NAME = 3;

/** A confusion matrix; cells are shaded by their fraction of the row, the diagonal is outlined. */
export function Matrix({ caption, classes, counts, trueLabel, predictedLabel, cells }: MatrixProps) {
  const hasLongNames = classes.some((name) => name.length > LONG_NAME);
  return (
    <ScrollRegion label={caption}>
      <table class={hasLongNames ? "matrix upright" : "matrix"}>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <td />
            <th class="axis" scope="colgroup" colSpan={classes.length}>
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
          {confusionCells(counts).map((row, truth) => (
            <tr key={classes[truth]}>
              <th scope="row">{classes[truth]}</th>
              {row.map(({ predicted, count, level }) => (
                <td
                  key={classes[predicted]}
                  class={predicted === truth ? "right" : "wrong"}
                  style={count > 0 ? shadeStyle(level) : {}}
                >
                  {cells && count > 0 ? (
                    <button
                      type="button"
                      aria-label={cells.label(classes[truth], classes[predicted], count)}
                      aria-pressed={cells.shown?.truth === truth && cells.shown.predicted === predicted}
                      onClick={() => cells.onShow({ truth, predicted })}
                    >
                      {count}
                    </button>
                  ) : (
                    count
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function shadeStyle(level: number) {
  const [light, dark] = [SHADES[level], DARK_SHADES[level]];
  return { background: `light-dark(${light.fill}, ${dark.fill})`, color: `light-dark(${light.ink}, ${dark.ink})` };
}
