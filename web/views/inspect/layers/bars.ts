import { canvasColors } from "./colors.js";

/** Bars stacked vertically, in columns; in CSS pixels. */
export interface BarLayout {
  readonly count: number;
  readonly columns: number;
  readonly rows: number;
  readonly columnWidth: number;
  readonly rowHeight: number;
  readonly totalHeight: number;
}

/** The contents of the bars. */
export interface Bars {
  readonly names: readonly string[];
  readonly values: ArrayLike<number>;
  readonly texts: readonly string[];
  /** The magnitude that fills the available width. */
  readonly largest: number;
  /** Bars start in the middle; negative ones extend to the left. */
  readonly isSigned: boolean;
  readonly strongest: number;
  readonly selected: number | undefined;
}

const ROW_HEIGHT = 20;
const COLUMN_WIDTH = 240;
const COLUMN_GAP = 28;
const TEXT_WIDTH = 58;

/** Uses as many columns as fit. */
export function barLayout(count: number, width: number): BarLayout {
  const columns = Math.max(
    1,
    Math.min(Math.ceil(count / 3), Math.floor((width + COLUMN_GAP) / (COLUMN_WIDTH + COLUMN_GAP))),
  );
  const rows = Math.ceil(count / columns);
  const columnWidth = (width - (columns - 1) * COLUMN_GAP) / columns;
  return { count, columns, rows, columnWidth, rowHeight: ROW_HEIGHT, totalHeight: rows * ROW_HEIGHT + 2 };
}

/** The bar at a point. */
export function barAt({ count, rows, columnWidth, rowHeight }: BarLayout, x: number, y: number): number | undefined {
  const row = Math.floor(y / rowHeight);
  const bar = Math.floor(x / (columnWidth + COLUMN_GAP)) * rows + row;
  return row < rows && bar < count ? bar : undefined;
}

/** Draws bars with their names and values. */
export function paintBars(context: CanvasRenderingContext2D, layout: BarLayout, bars: Bars): void {
  const { ink, quiet, line, mark, accent } = canvasColors.value;
  const { rows, columnWidth, rowHeight } = layout;
  const family = getComputedStyle(context.canvas).fontFamily;
  context.textBaseline = "middle";
  context.font = `13px ${family}`;
  const nameWidth = Math.min(
    0.36 * columnWidth,
    10 + Math.max(...bars.names.map((name) => context.measureText(name).width)),
  );
  const room = columnWidth - nameWidth - TEXT_WIDTH;
  bars.names.forEach((name, index) => {
    const left = Math.floor(index / rows) * (columnWidth + COLUMN_GAP);
    const middle = (index % rows) * rowHeight + rowHeight / 2 + 1;
    const isStrongest = index === bars.strongest;
    context.font = `${isStrongest ? "600 " : ""}13px ${family}`;
    context.fillStyle = isStrongest ? ink : quiet;
    context.textAlign = "left";
    context.fillText(name, left, middle, nameWidth - 6);
    context.textAlign = "right";
    context.fillText(bars.texts[index], left + columnWidth - 4, middle);
    const share = bars.largest === 0 ? 0 : bars.values[index] / bars.largest;
    const zero = left + nameWidth + (bars.isSigned ? room / 2 : 0);
    const length = share * (bars.isSigned ? room / 2 : room);
    context.fillStyle = line;
    context.fillRect(left + nameWidth, middle - 0.5, room, 1);
    context.fillStyle = isStrongest ? accent : quiet;
    context.fillRect(Math.min(zero, zero + length), middle - 5, Math.abs(length), 10);
    if (index !== bars.selected) return;
    context.strokeStyle = mark;
    context.lineWidth = 1.5;
    context.strokeRect(left + nameWidth - 2, middle - 8, room + 4, 16);
  });
}
