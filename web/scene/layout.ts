import type { Stage, Structure } from "./arithmetic.js";

/** A rectangle in CSS pixels from the canvas's corner. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where everything of a scene stands. */
export interface SceneLayout {
  /** Whether the flow turns downwards, as on a phone. */
  readonly isVertical: boolean;
  readonly width: number;
  readonly height: number;
  /** CSS pixels in a unit of the design, which is 1440 wide. */
  readonly unit: number;
  /** A rectangle for each map or unit of each stage; the maps of the input lie upon one another, on the pad. */
  readonly stages: readonly (readonly Rect[])[];
  /** The middle of the line with each stage's name, or its left end where the flow turns downwards. */
  readonly heads: readonly { readonly x: number; readonly y: number }[];
  /** The top and the end of the columns; 0 and the height where the flow turns downwards. */
  readonly top: number;
  readonly end: number;
  /** The length of the bar of a class that is certain. */
  readonly bar: number;
}

/** In units of the design. */
export const DESIGN = {
  width: 1440,
  margin: 48,
  pad: 236,
  /** The width of the answer, at the end. */
  answer: 176,
  /** The heads' height. */
  top: 52,
  bottom: 14,
  /** The bars of digits. */
  bar: 44,
  /** The names of classes: digits, and words. */
  name: 20,
  words: 96,
} as const;

/** The least distance between columns, on average; in units of the design. */
const LEAST_GAP = 34;

/** The height of a scene below which nothing has its place; in units of the design. */
export const LEAST_HEIGHT = 430;
/** That of one of two scenes above one another. */
const LEAST_HALF = 370;

/** What a layout from left to right depends on, besides the network. */
export interface AcrossSize {
  readonly width: number;
  readonly height: number;
  /** CSS pixels in a unit of the design. */
  readonly unit: number;
  /** Whether the names of classes are words. */
  readonly hasWords: boolean;
  /** The width that is left for the answer, at the end; in units of the design. */
  readonly answer?: number;
  /** The part of the pad that is beside this scene, if it stands between two of them. Default: all of it. */
  readonly pad?: "upper half" | "lower half";
}

/** The layout of a scene from left to right. */
export function layoutAcross({ stages }: Structure, size: AcrossSize): SceneLayout {
  const { width, height, unit, hasWords, answer = DESIGN.answer, pad: part } = size;
  const { margin, pad, top: head, bottom, bar, name, words } = DESIGN;
  const top = head;
  const end = Math.max(height / unit, part ? LEAST_HALF : LEAST_HEIGHT) - bottom;
  const padHeight = part ? pad / 2 : pad;
  // Higher than the middle: its buttons are below it.
  const padTop = part ? (part === "upper half" ? end + bottom - padHeight : 0) : (top + end) / 2 - pad / 2 - 40;
  const names = hasWords ? words : name;
  const outputs = width / unit - margin - answer - names - 6 - bar;
  const full = stages.map((_, index) => columnOf(stages, index, end - top));
  const gaps = stages.slice(1).map((stage) => (stage.kind === "subsampling" ? 0.8 : 1));
  const between = outputs - (margin + pad);
  const taken = full.slice(1, -1).reduce((sum, column) => sum + column.width, 0);
  // The columns of a wide network are narrower, so that edges have their place.
  const share = Math.min(1, (between - LEAST_GAP * gaps.length) / taken);
  const columns = full.map((column) => narrowed(column, share));
  const gap = (between - share * taken) / gaps.reduce((sum, one) => sum + one, 0);
  const scaled = ({ x, y, width, height }: Rect): Rect => ({
    x: x * unit,
    y: y * unit,
    width: width * unit,
    height: height * unit,
  });
  let x = margin + pad;
  const rects = stages.map((stage, index): Rect[] => {
    if (index === 0) return Array(stage.count).fill({ x: margin, y: padTop, width: pad, height: padHeight });
    x += gap * gaps[index - 1];
    const left = x;
    const { columns: across, width: own, size, pitch } = columns[index];
    const rows = Math.ceil(stage.count / across);
    const rowPitch = (end - top) / rows;
    x += own;
    return Array.from({ length: stage.count }, (_, place) => {
      const centre = top + rowPitch * (Math.floor(place / across) + 0.5);
      if (stage.kind === "output") return { x: outputs, y: centre - 9, width: names, height: 18 };
      const offset = (place % across) * pitch + (pitch - size) / 2;
      const [tall, wide] = extents(stage, size);
      return { x: left + offset + (size - wide) / 2, y: centre - tall / 2, width: wide, height: tall };
    });
  });
  const heads = rects.map((own, index) => {
    const left = Math.min(...own.map((rect) => rect.x));
    const right = Math.max(...own.map((rect) => rect.x + rect.width));
    const isOutput = stages[index].kind === "output";
    return {
      x: (isOutput ? left + (names + 6 + bar) / 2 : (left + right) / 2) * unit,
      y: (index === 0 ? (part === "lower half" ? -100 : padTop - 36) : 16) * unit,
    };
  });
  return {
    isVertical: false,
    width,
    height: (end + bottom) * unit,
    unit,
    stages: rects.map((own) => own.map(scaled)),
    heads,
    top: top * unit,
    end: end * unit,
    bar: bar * unit,
  };
}

interface Column {
  readonly columns: number;
  readonly width: number;
  /** The side of a map, and the distance between two of them. */
  readonly size: number;
  readonly pitch: number;
}

function narrowed({ columns, width, size, pitch }: Column, share: number): Column {
  return { columns, width: share * width, size: share * size, pitch: share * pitch };
}

/** The most maps, and units, above one another. */
const MOST_MAPS = 8;
const MOST_UNITS = 30;

function columnOf(stages: readonly Stage[], index: number, height: number): Column {
  const { count, kind } = stages[index];
  const areMaps = hasMaps(stages[index]);
  const across = acrossOf(stages, index);
  const rowPitch = height / Math.ceil(count / across);
  if (!areMaps) {
    const pitch = Math.min(16, rowPitch);
    return { columns: across, width: across * pitch, size: pitch - 2.4, pitch };
  }
  const side = Math.max(stages[index].height, stages[index].width);
  const size = Math.min(kind === "input" ? DESIGN.pad : 23 + 8.5 * Math.sqrt(side), rowPitch - 7);
  const pitch = size + 7;
  return { columns: across, width: across * pitch, size, pitch };
}

/** Pooled maps stand in the rows of the maps that they pool, so their edges are straight. */
function acrossOf(stages: readonly Stage[], index: number): number {
  const { count, kind } = stages[index];
  if (kind === "subsampling" && stages[index - 1]?.count === count) return acrossOf(stages, index - 1);
  return kind === "output" ? 1 : Math.ceil(count / (hasMaps(stages[index]) ? MOST_MAPS : MOST_UNITS));
}

/** Whether a stage has maps, rather than units. */
export function hasMaps({ height, width }: Pick<Stage, "height" | "width">): boolean {
  return height * width > 1;
}

function extents({ height, width }: Stage, size: number): readonly [height: number, width: number] {
  const longer = Math.max(height, width);
  return [(size * height) / longer, (size * width) / longer];
}

/** The layout of a scene from top to bottom, for narrow windows; its height follows from its width. */
export function layoutDown({ stages }: Structure, width: number): SceneLayout {
  const margin = 18;
  const gap = 64;
  const [mapGap, unitGap] = [7, 2.5];
  let y = 0;
  const heads: { x: number; y: number }[] = [];
  const rects = stages.map((stage, index): Rect[] => {
    if (index === 0) {
      heads.push({ x: margin, y: 0 });
      return Array(stage.count).fill({ x: margin, y: -width / 2, width: width - 2 * margin, height: width / 2 });
    }
    y += gap;
    heads.push({ x: margin, y: y - 14 });
    const areMaps = hasMaps(stage);
    const isOutput = stage.kind === "output";
    const rows = isOutput ? 1 : Math.ceil(stage.count / (areMaps ? MOST_MAPS : MOST_UNITS));
    const across = Math.ceil(stage.count / rows);
    const between = isOutput ? Math.min(6, width / stage.count / 4) : areMaps ? mapGap : unitGap;
    const room = (width - 2 * margin - (across - 1) * between) / across;
    const size = Math.min(room, areMaps ? 23 + 8.5 * Math.sqrt(stage.height) : isOutput ? 40 : 13);
    const pitch = areMaps || isOutput ? room + between : size + between;
    const left = (width - (across * pitch - between)) / 2;
    const own = Array.from({ length: stage.count }, (_, place) => {
      const [tall, wide] = extents(stage, size);
      return {
        x: left + (place % across) * pitch + (pitch - between - wide) / 2,
        y: y + Math.floor(place / across) * (size + between),
        width: wide,
        height: isOutput ? 24 : tall,
      };
    });
    y = Math.max(...own.map((rect) => rect.y + rect.height));
    return own;
  });
  const height = y + 30;
  return { isVertical: true, width, height, unit: 1, stages: rects, heads, top: 0, end: height, bar: 0 };
}

/** A place in the scene: a map or unit, and a place on a map. */
export interface Hit {
  readonly stage: number;
  readonly map: number;
  /** Row-major in the map. */
  readonly place: number;
}

/** What is at a point; units are a little larger to a pointer than to the eye. */
export function hitAt({ stages: rects }: SceneLayout, { stages }: Structure, x: number, y: number): Hit | undefined {
  for (let stage = rects.length - 1; stage > 0; stage--) {
    const reach = hasMaps(stages[stage]) ? 0 : 2;
    const map = rects[stage].findIndex(
      (rect) =>
        x >= rect.x - reach &&
        x < rect.x + rect.width + reach &&
        y >= rect.y - reach &&
        y < rect.y + rect.height + reach,
    );
    if (map === -1) continue;
    const rect = rects[stage][map];
    const { height, width } = stages[stage];
    const within = (share: number, extent: number) => Math.min(extent - 1, Math.max(0, Math.floor(share * extent)));
    const row = within((y - rect.y) / rect.height, height);
    const column = within((x - rect.x) / rect.width, width);
    return { stage, map, place: row * width + column };
  }
  return undefined;
}
