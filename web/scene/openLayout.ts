import type { Addend, Stage, Structure, Unit, UnitSum } from "./arithmetic.js";
import { type AcrossSize, DESIGN, hasMaps, layoutAcross, type Rect, type SceneLayout } from "./layout.js";

// A unit worked out: the stages part before it, and in the gap stand what it sees, its weights, their products and sums.

/** A row of the joint: what one map, or unit, adds. */
export interface JointRow {
  readonly addend: Addend;
  /** The middle, and the side of a cell, in CSS pixels. */
  readonly y: number;
  readonly cell: number;
  /** Whether it is opened to numbers. */
  readonly isOpen: boolean;
}

/** The place of the joint in a layout. */
export interface Joint {
  readonly left: number;
  readonly right: number;
  /** The middle of what is seen, of the weights, and of the products; the right end of the sums. */
  readonly columns: readonly [seen: number, weights: number, products: number, sums: number];
  readonly rows: readonly JointRow[];
  /** What all addends without a row add together, and how many they are. */
  readonly others: { readonly count: number; readonly sum: number; readonly y: number } | undefined;
  readonly unit: Unit;
  readonly sum: UnitSum;
}

/** A layout that has opened before a unit. */
export interface OpenLayout extends SceneLayout {
  readonly joint: Joint;
}

/** The rows of units, which are lists rather than windows: the strongest. */
const MOST_UNITS = 11;
/** The side of the chosen map, in units of the design. */
export const CHOSEN_SIDE = 150;
/** In units of the design, too; `result` is what stands under the chosen map, `whole` what all need below one another. */
const SIZES = { openRow: 150, row: 46, siblings: 118, left: 190, result: 112, whole: 334 };

/**
 * The layout with the joint before a unit open.
 *
 * @param focus the index of the map whose row is opened to numbers. Default: the one that adds or takes most
 */
export function layoutOpen(
  structure: Structure,
  size: AcrossSize,
  unit: Unit,
  sum: UnitSum,
  focus?: number,
): OpenLayout {
  const closed = layoutAcross(structure, size);
  const { unit: u } = closed;
  const { stages } = structure;
  const own = stages[unit.stage];
  const [top, end] = [closed.top / u, closed.end / u];
  const mapLeft = closed.width / u - DESIGN.margin - DESIGN.answer - 24 - CHOSEN_SIDE;
  const right = mapLeft - 44;
  // The stages before the unit, pushed together.
  const first = DESIGN.margin + DESIGN.pad + 26;
  const before = stages.slice(1, unit.stage).map((_, index) => closed.stages[index + 1]);
  const widths = before.map(
    (rects) => (Math.max(...rects.map((one) => one.x + one.width)) - Math.min(...rects.map((one) => one.x))) / u,
  );
  const gaps = 24 * Math.max(0, widths.length - 1);
  const total = widths.reduce((all, one) => all + one, 0);
  const scale = total === 0 ? 1 : Math.min(0.78, (SIZES.left - gaps) / total);
  const left = before.length === 0 ? first : first + total * scale + gaps + 30;
  const third = (right - 84 - left) / 3;
  const rows = rowsOf(sum, { top, end, most: third - 22 }, focus);
  let x = first;
  const pushed = before.map((rects, index): Rect[] => {
    const start = Math.min(...rects.map((one) => one.x)) / u;
    const own = x;
    x += widths[index] * scale + 24;
    const stage = stages[index + 1];
    const isInRows = rows.length === stage.count && rects.every((one) => one.x === rects[0].x);
    return rects.map((rect, map) => {
      const [width, height] = [(rect.width / u) * scale, (rect.height / u) * scale];
      const row = isInRows ? rows.find(({ addend }) => addend.from === map) : undefined;
      const middle = row ? row.y : rect.y / u + rect.height / u / 2;
      return { x: own + (rect.x / u - start) * scale, y: middle - height / 2, width, height };
    });
  });
  // Closer to the head where there is less room.
  const chosenTop = top + Math.min(30, Math.max(0, end - top - SIZES.whole));
  const middle = chosenTop + CHOSEN_SIDE / 2;
  const below = end - (chosenTop + CHOSEN_SIDE + SIZES.result);
  const all = closed.stages.map((rects, stage): readonly Rect[] => {
    if (stage === 0) return rects;
    if (stage < unit.stage) return pushed[stage - 1].map((rect) => scaled(rect, u));
    if (stage > unit.stage) {
      // Out of sight, where they come from when the joint closes.
      return rects.map((rect) => ({ ...rect, x: closed.width }));
    }
    const chosen = unitPlaceIn(own, unit);
    return siblings(own, mapLeft, end, Math.min(SIZES.siblings, below)).map((rect, map) =>
      scaled(map === chosen ? chosenRect(own, mapLeft, middle) : rect, u),
    );
  });
  const heads = closed.heads.map((head, stage) => {
    if (stage === 0 || stage > unit.stage) return head;
    const rects = all[stage];
    if (stage === unit.stage) return { x: (mapLeft + CHOSEN_SIDE / 2) * u, y: head.y };
    const [from, to] = [Math.min(...rects.map((one) => one.x)), Math.max(...rects.map((one) => one.x + one.width))];
    return { x: (from + to) / 2, y: head.y };
  });
  const shown = new Set(rows.map(({ addend }) => addend.from));
  const others = sum.addends.filter(({ from }) => !shown.has(from));
  return {
    ...closed,
    stages: all,
    heads,
    joint: {
      left: left * u,
      right: right * u,
      columns: [left + third / 2, left + 1.5 * third, left + 2.5 * third, right - 4].map(
        (one) => one * u,
      ) as unknown as Joint["columns"],
      rows: rows.map((row) => ({ ...row, y: row.y * u, cell: row.cell * u })),
      others: others.length === 0 ? undefined : { count: others.length, sum: addUp(others), y: (end - 12) * u },
      unit,
      sum,
    },
  };
}

function addUp(addends: readonly Addend[]): number {
  return addends.reduce((all, { sum }) => all + sum, 0);
}

/** The rows, in units of the design: all maps, with one opened; of units, the strongest. */
function rowsOf(
  { addends, width }: UnitSum,
  { top, end, most }: { readonly top: number; readonly end: number; readonly most: number },
  focus: number | undefined,
): JointRow[] {
  const bySize = [...addends].sort((one, other) => Math.abs(other.sum) - Math.abs(one.sum));
  const height = end - top;
  if (bySize[0].seen.length === 1) {
    const shown = bySize.slice(0, MOST_UNITS);
    const pitch = height / (MOST_UNITS + 1);
    return shown.map((addend, row) => ({ addend, y: top + pitch * (row + 0.5), cell: 20, isOpen: true }));
  }
  const open = addends.some(({ from }) => from === focus) ? focus : bySize[0].from;
  const lines = addends[0].seen.length / width;
  const others = addends.length - 1;
  const small = others === 0 ? 0 : Math.min(SIZES.row, (height - SIZES.openRow) / others - 4);
  const gap = (height - SIZES.openRow - others * small) / addends.length;
  let y = top + gap / 2;
  return addends.map((addend) => {
    const isOpen = addend.from === open;
    const tall = isOpen ? SIZES.openRow : small;
    y += tall + gap;
    return { addend, y: y - gap - tall / 2, cell: Math.min(tall / Math.max(lines, width), most / width), isOpen };
  });
}

function scaled({ x, y, width, height }: Rect, unit: number): Rect {
  return { x: x * unit, y: y * unit, width: width * unit, height: height * unit };
}

function unitPlaceIn({ height, width }: Stage, { index }: Unit): number {
  return Math.floor(index / (height * width));
}

/** The chosen map, or unit. */
function chosenRect(stage: Stage, left: number, middle: number): Rect {
  const side = hasMaps(stage) ? CHOSEN_SIDE : 56;
  return { x: left, y: middle - side / 2, width: side, height: side };
}

/** All other maps, or units, of the chosen one's stage: small, below it, not higher than `most`. */
function siblings(stage: Stage, left: number, end: number, most: number): Rect[] {
  const { count } = stage;
  let across = 5;
  while (Math.ceil(count / across) * (CHOSEN_SIDE / across) > most && across < count) across++;
  const pitch = CHOSEN_SIDE / across;
  const rows = Math.ceil(count / across);
  const side = pitch - Math.min(4, 0.16 * pitch);
  return Array.from({ length: count }, (_, map) => ({
    x: left + (map % across) * pitch,
    y: end - (rows - Math.floor(map / across)) * pitch,
    width: side,
    height: side,
  }));
}

/** The map whose row is at a point of an open layout. */
export function rowAt({ joint }: OpenLayout, x: number, y: number): number | undefined {
  const { left, right, rows } = joint;
  if (x < left || x > right || rows[0].addend.seen.length === 1) return undefined;
  const distance = (row: JointRow) => Math.abs(row.y - y);
  return rows.reduce((best, row) => (distance(row) < distance(best) ? row : best)).addend.from;
}

/** A layout between two others of the same network. */
export function layoutBetween(from: SceneLayout, to: SceneLayout, share: number): SceneLayout {
  const mix = (one: number, other: number) => one + (other - one) * share;
  return {
    ...to,
    stages: to.stages.map((rects, stage) =>
      rects.map((rect, map) => {
        const start = from.stages[stage]?.[map] ?? rect;
        return {
          x: mix(start.x, rect.x),
          y: mix(start.y, rect.y),
          width: mix(start.width, rect.width),
          height: mix(start.height, rect.height),
        };
      }),
    ),
    heads: to.heads.map((head, stage) => {
      const start = from.heads[stage] ?? head;
      return { x: mix(start.x, head.x), y: mix(start.y, head.y) };
    }),
  };
}

export function isOpen(layout: SceneLayout): layout is OpenLayout {
  return "joint" in layout;
}
