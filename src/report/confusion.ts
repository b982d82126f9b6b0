import { type Content, letters, type Markup, markup, shortened } from "./markup.js";
import { count, percent } from "./numbers.js";
import { FONT, INK, LINE_INK, largestShare, QUIET_INK, SHADES, shadeLevel } from "./palette.js";

/** What a confusion matrix says. */
export const ENGLISH_CONFUSION = {
  matrix: "confusion matrix",
  trueClass: "true class",
  predictedClass: "predicted class",
  legend: "of the row, the images of the true class; framed: predicted correctly",
  correct: (correct: string, total: string, part: "test" | "validation", generated: boolean) =>
    `${correct} of ${total} ${generated ? "GENERATED " : ""}${part} images predicted correctly`,
};
type ConfusionWords = typeof ENGLISH_CONFUSION;

/** The content of a confusion matrix. */
export interface ConfusionMatrix {
  readonly title: string;
  readonly subtitle: string;
  readonly classes: readonly string[];
  /** Counts; rows are the true class, columns the predicted. */
  readonly counts: readonly (readonly number[])[];
}

/** A cell of a confusion matrix. */
export interface ConfusionCell {
  /** Indices of classes. */
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  /** The fraction of the row, which holds the images of the true class: 0 … 1. */
  readonly share: number;
  /** Its shade in the palette: the larger the share, the stronger. */
  readonly level: number;
}

/** With more classes than this, numbers are omitted. */
export const MOST_NUMBERED = 40;
const MARGIN = 24;
const HEADER = 84;
const LONGEST_LABEL = 20;
const LEGEND_HEIGHT = 64;
const LEGEND_BOX = 44;
const NARROWEST = 640;
/** The width of a letter, as a multiple of the font size. */
const LETTER_WIDTH = 0.62;
const BOLD_LETTER_WIDTH = 0.74;

/** The range of a cell's side, in pixels. */
function cellSide(classes: number): number {
  if (classes <= 12) return 60;
  if (classes <= 24) return 46;
  if (classes <= MOST_NUMBERED) return 40;
  return Math.max(8, Math.round(1600 / classes));
}

/** Each cell's fraction of its row; 0 if the row is empty. */
export function rowShares(row: ArrayLike<number>): number[] {
  const counts = Array.from(row);
  const total = counts.reduce((sum, value) => sum + value, 0);
  return counts.map((value) => (total === 0 ? 0 : value / total));
}

/** The cells of a confusion matrix, row by row. @param counts rows are the true class, columns the predicted */
export function confusionCells(counts: readonly ArrayLike<number>[]): ConfusionCell[][] {
  return counts.map((row, truth) =>
    rowShares(row).map((share, predicted) => ({
      ...{ truth, predicted, share },
      count: row[predicted],
      level: shadeLevel(share),
    })),
  );
}

/**
 * Draws a confusion matrix. Every cell that is not empty shows its count and its percentage of the row; a larger
 * percentage is darker. The diagonal is framed.
 *
 * @param words what it says. Default: in English
 * @returns an SVG on white, as text
 */
export function confusionSvg(
  { title, subtitle, classes, counts }: ConfusionMatrix,
  words: ConfusionWords = ENGLISH_CONFUSION,
): string {
  const side = cellSide(classes.length);
  const labels = classes.map((label) => shortened(label, LONGEST_LABEL));
  const labelSize = Math.min(13, Math.max(6, side * 0.8));
  const labelWidth = Math.max(...labels.map(letters)) * labelSize * LETTER_WIDTH;
  const left = Math.ceil(MARGIN + 22 + labelWidth + 8);
  const isNumbered = classes.length <= MOST_NUMBERED;
  // The columns' labels slant to the right, or are vertical if the columns are narrow.
  const angle = isNumbered ? 45 : 90;
  const rise = Math.ceil(labelWidth * (isNumbered ? Math.SQRT1_2 : 1) + labelSize);
  const top = HEADER + 22 + rise;
  const matrix = side * classes.length;
  const legendWidth = (SHADES.length - 1) * LEGEND_BOX + MARGIN;
  const width = Math.max(NARROWEST, left + Math.max(legendWidth, matrix + Math.max(MARGIN, isNumbered ? rise : 0)));
  const height = top + matrix + LEGEND_HEIGHT + MARGIN;

  const cells = confusionCells(counts)
    .flat()
    .map((cell) => cell.count > 0 && drawnCell(cell, left, top, side, isNumbered));
  const diagonal = classes.map((_, index) => frame(left + index * side, top + index * side, side));
  return `${
    markup`<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}">
<title>${title}: ${words.matrix}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${MARGIN}" y="34" font-size="18" font-weight="bold" fill="${INK}">${title}</text>
<text x="${MARGIN}" y="56" font-size="12" fill="${QUIET_INK}">${subtitle}</text>
${text(words.predictedClass, left + matrix / 2, HEADER + 4, 13, "middle")}
<g transform="translate(${MARGIN + 8} ${top + matrix / 2}) rotate(-90)">${text(words.trueClass, 0, 0, 13, "middle")}</g>
${labels.map((label, index) => {
  const middle = (index + 0.5) * side;
  return markup`${text(label, left - 8, top + middle + labelSize * 0.36, labelSize, "end")}
<g transform="translate(${left + middle + labelSize * 0.3} ${top - 6}) rotate(${-angle})">${text(label, 0, 0, labelSize, "start")}</g>
`;
})}<rect x="${left}" y="${top}" width="${matrix}" height="${matrix}" fill="none" stroke="${LINE_INK}"/>
${cells}${diagonal}
${legend(words, left, top + matrix + 26)}
</svg>`.text
  }\n`;
}

function drawnCell(cell: ConfusionCell, left: number, top: number, side: number, isNumbered: boolean): Markup {
  const { fill, ink } = SHADES[cell.level];
  const [x, y] = [left + cell.predicted * side, top + cell.truth * side];
  const number = (content: string, down: number, size: number, weight: string) =>
    markup`<text x="${x + side / 2}" y="${y + side * down}" font-size="${size}" font-weight="${weight}" text-anchor="middle" fill="${ink}">${content}</text>`;
  const label = count(cell.count);
  // Long numbers are shrunk to fit.
  const size = Math.min(side * 0.27, (side - 4) / (label.length * BOLD_LETTER_WIDTH));
  return markup`<rect x="${x}" y="${y}" width="${side}" height="${side}" fill="${fill}" stroke="${LINE_INK}"/>${
    isNumbered
      ? [
          number(label, 0.46, size, "bold"),
          number(percent(cell.share, side < 50 ? 0 : 1), 0.76, Math.max(8.5, side * 0.19), "normal"),
        ]
      : undefined
  }
`;
}

function frame(x: number, y: number, side: number): Markup {
  const line = side < 20 ? 1 : 2.5;
  const inner = side - line;
  return markup`<rect x="${x + line / 2}" y="${y + line / 2}" width="${inner}" height="${inner}" fill="none" stroke="${INK}" stroke-width="${line}"/>`;
}

/** The legend of the shades and the frame. */
function legend(words: ConfusionWords, left: number, top: number): Content {
  const boxes = SHADES.slice(1).map(({ fill, ink }, index) => {
    const x = left + index * LEGEND_BOX;
    return markup`<rect x="${x}" y="${top}" width="${LEGEND_BOX}" height="16" fill="${fill}" stroke="${LINE_INK}"/><text x="${x + LEGEND_BOX / 2}" y="${top + 12}" font-size="10" text-anchor="middle" fill="${ink}">≤ ${percent(largestShare(index + 1), 0)}</text>`;
  });
  return markup`${boxes}
${text(words.legend, left, top + 34, 12, "start")}`;
}

function text(content: string, x: number, y: number, size: number, anchor: "start" | "middle" | "end"): Markup {
  return markup`<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${INK}">${content}</text>`;
}
