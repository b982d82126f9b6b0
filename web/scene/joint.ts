import { unitPlace } from "../../src/model/index.js";
import { formatValue } from "../i18n/numbers.js";
import type { Addend, Stage, Structure, UnitSum } from "./arithmetic.js";
import { cssColor, type SceneColors } from "./colors.js";
import type { Rect } from "./layout.js";
import { messages } from "./messages.js";
import { CHOSEN_SIDE, type Joint, type JointRow, type OpenLayout } from "./openLayout.js";
import { formatSigned } from "./words.js";

/** The largest sizes in a sum: what the colours of its grids stand for. */
export function rangesOf({ addends }: UnitSum) {
  const most = (key: "seen" | "weights" | "products") =>
    Math.max(...addends.map((addend) => addend[key].reduce((all, value) => Math.max(all, Math.abs(value)), 0))) || 1;
  return { seen: most("seen"), weights: most("weights"), products: most("products") };
}

/** Draws the joint. @param shown how far it has opened, 0 … 1 */
export function drawJoint(
  context: CanvasRenderingContext2D,
  layout: OpenLayout,
  structure: Structure,
  colors: SceneColors,
  shown: number,
): void {
  const { joint, unit: u } = layout;
  const { columns, rows, others, sum, unit } = joint;
  const m = messages();
  const ranges = rangesOf(sum);
  const before = structure.stages[unit.stage - 1];
  const areUnits = rows[0].addend.seen.length === 1;
  context.globalAlpha = shown;
  const [value, , weight] = unitColumns(joint);
  const names: readonly (readonly [string, number, CanvasTextAlign])[] = areUnits
    ? [
        [m.joint.value, value, "right"],
        [m.joint.weights, weight, "right"],
        [m.joint.products, columns[3], "right"],
      ]
    : [
        [m.joint.seen, columns[0], "center"],
        [m.joint.weights, columns[1], "center"],
        [m.joint.products, columns[2], "center"],
        [m.joint.sum, columns[3], "right"],
      ];
  for (const [name, at, align] of names) {
    label(context, name, at, 16 * u, { size: 15 * u, weight: 600, color: colors.ink, family: colors.sans, align });
  }
  if (!areUnits) drawWedges(context, layout, structure, colors, shown);
  const largest = Math.max(...rows.map(({ addend }) => Math.abs(addend.sum))) || 1;
  const target =
    layout.stages[unit.stage][
      Math.floor(unit.index / (structure.stages[unit.stage].height * structure.stages[unit.stage].width))
    ];
  for (const row of rows) {
    const { addend, y } = row;
    const adds = addend.sum > 0;
    const width = (1 + 7 * Math.sqrt(Math.abs(addend.sum) / largest)) * u;
    if (addend.sum !== 0) {
      const [x0, x1] = [columns[3] + 6 * u, target.x];
      const y1 = target.y + target.height / 2;
      context.beginPath();
      context.moveTo(x0, y);
      context.bezierCurveTo((x0 + x1) / 2, y, (x0 + x1) / 2, y1, x1, y1);
      context.globalAlpha = 0.75 * shown;
      context.strokeStyle = adds ? colors.adds : colors.takes;
      context.lineWidth = width;
      context.setLineDash(adds ? [] : [2.2 * width, 1.9 * width]);
      context.stroke();
      context.setLineDash([]);
    }
    context.globalAlpha = shown;
    if (areUnits) drawUnitRow(context, layout, row, before, ranges, colors);
    else drawMapRow(context, layout, row, ranges, colors);
  }
  if (others) {
    label(context, m.joint.others(others.count), joint.left + 28 * u, others.y, {
      size: 15 * u,
      color: colors.quiet,
      family: colors.sans,
      align: "left",
    });
    label(context, formatSigned(others.sum), columns[3], others.y, {
      size: 15 * u,
      color: colors.quiet,
      family: colors.sans,
      align: "right",
    });
  }
  drawResult(context, layout, structure, target, colors);
  context.globalAlpha = 1;
}

/** Where a row of units has its value, ×, weight and =. */
function unitColumns({ left, columns }: Joint): readonly [number, number, number, number] {
  const width = columns[3] - left;
  return [left + 0.48 * width, left + 0.55 * width, left + 0.72 * width, left + 0.8 * width];
}

/** A unit's value, its weight and their product, as numbers. */
function drawUnitRow(
  context: CanvasRenderingContext2D,
  { joint, unit: u }: OpenLayout,
  { addend, y }: JointRow,
  before: Stage,
  ranges: ReturnType<typeof rangesOf>,
  colors: SceneColors,
): void {
  const { columns } = joint;
  const side = 20 * u;
  const x = joint.left;
  context.fillStyle = cssColor(colors.activation, 0.14 + (0.86 * Math.abs(addend.seen[0])) / ranges.seen);
  context.beginPath();
  context.roundRect(x, y - side / 2, side, side, 0.18 * side);
  context.fill();
  const text = { size: 15 * u, color: colors.quiet, family: colors.sans };
  label(context, messages().unit(before.term, addend.from + 1), x + side + 8 * u, y, { ...text, align: "left" });
  const [value, times, weight, equals] = unitColumns(joint);
  label(context, formatValue(addend.seen[0]), value, y, { ...text, color: colors.ink, align: "right" });
  label(context, "×", times, y, { ...text, align: "center" });
  label(context, formatValue(addend.weights[0]), weight, y, { ...text, color: colors.ink, align: "right" });
  label(context, "=", equals, y, { ...text, align: "center" });
  label(context, formatSigned(addend.sum), columns[3], y, {
    ...text,
    size: 16 * u,
    weight: 600,
    color: addend.sum > 0 ? colors.adds : colors.takes,
    align: "right",
  });
}

/** More rows would hide one another's wedges: the open one's alone is drawn. */
const MOST_WEDGES = 8;

/** From the maps to what is seen of them. */
function drawWedges(
  context: CanvasRenderingContext2D,
  layout: OpenLayout,
  structure: Structure,
  colors: SceneColors,
  shown: number,
): void {
  const { rows, columns, sum } = layout.joint;
  context.fillStyle = colors.chosen;
  context.globalAlpha = 0.13 * shown;
  for (const { addend, y, cell, isOpen } of rows) {
    const window = rows.length > MOST_WEDGES && !isOpen ? undefined : windowRect(layout, structure, addend.from);
    if (!window) continue;
    const half = (addend.seen.length / sum.width / 2) * cell;
    const x = columns[0] - (sum.width * cell) / 2;
    context.beginPath();
    context.moveTo(window.x + window.width, window.y);
    context.lineTo(x, y - half);
    context.lineTo(x, y + half);
    context.lineTo(window.x + window.width, window.y + window.height);
    context.fill();
  }
  context.globalAlpha = shown;
}

/** A map's window, its kernel and their products, as grids. */
function drawMapRow(
  context: CanvasRenderingContext2D,
  { joint, unit: u }: OpenLayout,
  row: JointRow,
  ranges: ReturnType<typeof rangesOf>,
  colors: SceneColors,
): void {
  const { columns, sum } = joint;
  const { addend, y, cell, isOpen } = row;
  drawAddend(
    context,
    { addend, width: sum.width, columns, y, cell, hasNumbers: isOpen && cell > 18 * u },
    ranges,
    colors,
  );
  const [seen, weights, products] = columns;
  if (isOpen) {
    const sign = { size: 19 * u, color: colors.quiet, family: colors.sans, align: "center" } as const;
    label(context, "×", (seen + weights) / 2, y, sign);
    label(context, "=", (weights + products) / 2, y, sign);
  }
  label(context, formatSigned(addend.sum), columns[3], y, {
    size: (isOpen ? 19 : 15) * u,
    weight: 600,
    color: addend.sum > 0 ? colors.adds : addend.sum < 0 ? colors.takes : colors.quiet,
    family: colors.sans,
    align: "right",
  });
}

/** What an addend's grids are drawn with. */
export interface AddendPlace {
  readonly addend: Addend;
  readonly width: number;
  /** The middles of the three grids. */
  readonly columns: readonly number[];
  readonly y: number;
  readonly cell: number;
  readonly hasNumbers: boolean;
}

/** Draws what is seen, the weights and the products as grids of cells. */
export function drawAddend(
  context: CanvasRenderingContext2D,
  { addend, width, columns, y, cell, hasNumbers }: AddendPlace,
  ranges: ReturnType<typeof rangesOf>,
  colors: SceneColors,
): void {
  const lines = addend.seen.length / width;
  for (const [column, key] of (["seen", "weights", "products"] as const).entries()) {
    const isSigned = key !== "seen" || addend.seen.some((value) => value < 0);
    const [left, top] = [columns[column] - (width * cell) / 2, y - (lines * cell) / 2];
    const grid = { values: addend[key], width, left, top, cell, isSigned, most: ranges[key] };
    drawGrid(context, { ...grid, format: hasNumbers ? formatShort : undefined }, colors);
  }
}

/** Values as cells. */
export interface Grid {
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly left: number;
  readonly top: number;
  /** A cell's side. */
  readonly cell: number;
  readonly isSigned: boolean;
  /** The size that has the strongest colour. */
  readonly most: number;
  /** What is written in the cells; undefined: nothing. */
  readonly format?: (value: number) => string;
}

/** Draws values as cells in their colours, with numbers in them. */
export function drawGrid(context: CanvasRenderingContext2D, grid: Grid, colors: SceneColors): void {
  const { values, width, left, top, cell, isSigned, most, format } = grid;
  for (let place = 0; place < values.length; place++) {
    const share = values[place] / most;
    const [x, above] = [left + (place % width) * cell, top + Math.floor(place / width) * cell];
    context.fillStyle = isSigned ? cssColor(colors.signed, (share + 1) / 2) : cssColor(colors.activation, share);
    // Without seams between cells.
    context.fillRect(x, above, cell + 0.5, cell + 0.5);
    if (!format) continue;
    label(context, format(values[place]), x + cell / 2, above + cell / 2, {
      size: 0.4 * cell,
      color: isDarkColor(context.fillStyle) ? "#ffffff" : "#16130f",
      family: colors.sans,
      align: "center",
      most: cell - 2,
    });
  }
  context.lineWidth = 1;
  context.strokeStyle = colors.line;
  context.strokeRect(left, top, width * cell, (values.length / width) * cell);
}

/** The part of a map of the stage before that the unit sees. */
function windowRect(
  { stages: rects, joint }: OpenLayout,
  { stages, layers }: Structure,
  from: number,
): Rect | undefined {
  const { unit } = joint;
  const before = stages[unit.stage - 1];
  const rect = rects[unit.stage - 1][from];
  const { layer, output } = layers[stages[unit.stage].main];
  // The input is on the pad, which the scene does not draw.
  if (!rect || unit.stage === 1) return undefined;
  if (layer.type !== "conv2d") return rect;
  const [, row, column] = unitPlace(output, unit.index);
  const { kernel, stride, padding } = layer;
  const within = (place: number, extent: number) => Math.min(extent, Math.max(0, place));
  const [top, bottom] = [0, kernel].map((tap) => within(row * stride - padding + tap, before.height));
  const [left, right] = [0, kernel].map((tap) => within(column * stride - padding + tap, before.width));
  const [tall, wide] = [rect.height / before.height, rect.width / before.width];
  return {
    x: rect.x + left * wide,
    y: rect.y + top * tall,
    width: (right - left) * wide,
    height: (bottom - top) * tall,
  };
}

/** Under the chosen unit: the sum of the products, the bias, and what the activation makes of them. */
function drawResult(
  context: CanvasRenderingContext2D,
  { joint, unit: u }: OpenLayout,
  { stages, layers }: Structure,
  target: Rect,
  colors: SceneColors,
): void {
  const { sum, unit } = joint;
  const { main, last } = stages[unit.stage];
  const m = messages();
  const [left, right] = [target.x + 12 * u, target.x + (CHOSEN_SIDE + 2) * u];
  const lines: [string, string, boolean][] = [
    [m.joint.total, formatSigned(sum.value - sum.bias), false],
    [m.joint.bias, formatSigned(sum.bias), false],
    [m.joint.whole, formatSigned(sum.value), last === main],
  ];
  if (layers[last].layer.type === "relu") lines.push([m.joint.rectified, formatShort(Math.max(0, sum.value)), true]);
  for (const [index, [name, value, isResult]] of lines.entries()) {
    const y = target.y + target.height + (26 + 24 * index) * u;
    const style = { size: 15 * u, weight: isResult ? 700 : 400, family: colors.sans };
    label(context, name, left, y, { ...style, color: isResult ? colors.ink : colors.quiet, align: "left" });
    label(context, value, right, y, { ...style, color: colors.ink, align: "right" });
  }
}

function label(
  context: CanvasRenderingContext2D,
  what: string,
  x: number,
  y: number,
  style: {
    readonly size: number;
    readonly color: string;
    readonly family: string;
    readonly align: CanvasTextAlign;
    readonly weight?: number;
    readonly most?: number;
  },
): void {
  context.font = `${style.weight ?? 400} ${style.size}px ${style.family}`;
  context.fillStyle = style.color;
  context.textAlign = style.align;
  context.textBaseline = "middle";
  context.fillText(what, x, y, style.most);
}

/** A number that has its place in a cell: −.13, 1.7. */
export function formatShort(value: number): string {
  if (value === 0) return "0";
  const text = Math.abs(value) >= 1 ? Math.abs(value).toFixed(1) : Math.abs(value).toFixed(2).replace("0.", ".");
  return Number(text) === 0 ? "0" : `${value < 0 ? "−" : ""}${text}`;
}

/** Whether white is easier to read on a colour than black. */
function isDarkColor(color: string | CanvasGradient | CanvasPattern): boolean {
  const [red, green, blue] = [1, 3, 5].map((place) => Number.parseInt(String(color).slice(place, place + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 140;
}
