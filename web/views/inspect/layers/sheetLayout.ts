/** Maps of one size side by side, in device pixels. */
export interface SheetLayout {
  readonly count: number;
  /** The size of a map, in units. */
  readonly height: number;
  readonly width: number;
  /** Maps per row. */
  readonly columns: number;
  readonly rows: number;
  /** The side of a unit. */
  readonly scale: number;
  /** The gap between maps. */
  readonly gap: number;
  readonly totalWidth: number;
  readonly totalHeight: number;
}

/** The available space. */
export interface SheetRoom {
  readonly width: number;
  readonly height: number;
  /** The maximum side of a unit. */
  readonly mostScale: number;
  readonly gap: number;
}

/**
 * Makes the maps as large as fits, then uses as few rows as possible, then prefers full rows. Units are a whole number
 * of pixels, at least 1, even if the sheet then exceeds the space.
 */
export function sheetLayout(count: number, height: number, width: number, room: SheetRoom): SheetLayout {
  const layouts = Array.from({ length: count }, (_, index) => layoutIn(index + 1, count, height, width, room));
  return layouts.reduce((best, layout) => (isBetter(layout, best, room) ? layout : best));
}

function layoutIn(columns: number, count: number, height: number, width: number, room: SheetRoom): SheetLayout {
  const { gap } = room;
  const rows = Math.ceil(count / columns);
  const across = (room.width - (columns - 1) * gap) / (columns * width);
  const down = (room.height - (rows - 1) * gap) / (rows * height);
  const scale = Math.max(1, Math.floor(Math.min(across, down, room.mostScale)));
  const totalWidth = columns * (width * scale + gap) - gap;
  const totalHeight = rows * (height * scale + gap) - gap;
  return { count, height, width, columns, rows, scale, gap, totalWidth, totalHeight };
}

function isBetter(one: SheetLayout, other: SheetLayout, room: SheetRoom): boolean {
  const merits = (layout: SheetLayout) => [
    Number(layout.totalWidth <= room.width),
    layout.scale,
    -layout.rows,
    Number(layout.count % layout.columns === 0),
  ];
  const [mine, others] = [merits(one), merits(other)];
  const first = mine.findIndex((merit, index) => merit !== others[index]);
  return first !== -1 && mine[first] > others[first];
}

/** The top left corner of a map. */
export function mapCorner({ columns, width, height, scale, gap }: SheetLayout, map: number): readonly [number, number] {
  return [(map % columns) * (width * scale + gap), Math.floor(map / columns) * (height * scale + gap)];
}

/** The unit at a point, row-major over all maps; undefined between maps. */
export function unitAt(layout: SheetLayout, x: number, y: number): number | undefined {
  const { columns, width, height, scale, gap, count } = layout;
  const column = Math.floor(x / (width * scale + gap));
  const row = Math.floor(y / (height * scale + gap));
  const map = row * columns + column;
  if (column < 0 || column >= columns || row < 0 || map >= count) return undefined;
  const [left, top] = mapCorner(layout, map);
  const inColumn = Math.floor((x - left) / scale);
  const inRow = Math.floor((y - top) / scale);
  return inColumn < width && inRow < height ? (map * height + inRow) * width + inColumn : undefined;
}

/** The next unit in a direction, across a map's edge into the neighbouring map; the same unit at the sheet's edge. */
export function neighbour(layout: SheetLayout, unit: number, right: number, down: number): number {
  const { columns, width, height, count } = layout;
  const map = Math.floor(unit / (height * width));
  const column = (map % columns) * width + (unit % width) + right;
  const row = Math.floor(map / columns) * height + (Math.floor(unit / width) % height) + down;
  const nextMap = Math.floor(row / height) * columns + Math.floor(column / width);
  if (column < 0 || row < 0 || column >= columns * width || nextMap >= count) return unit;
  return (nextMap * height + (row % height)) * width + (column % width);
}
