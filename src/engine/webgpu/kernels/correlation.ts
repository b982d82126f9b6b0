import { type Element, each, eachIndex, THREADS } from "./layerKernels.js";

/** A thread has at most so many sums. */
const MOST_SUMS = 24;
/** What a load of a value costs, against a multiplication and addition, if its place must be checked. */
const CHECKED_LOAD = 4;

/** Windows that move over the channels of an image and add up what is in them: a convolution, or its gradient by the input. */
export interface Correlation {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly maps: number;
  readonly rows: number;
  readonly columns: number;
  readonly kernel: number;
  readonly stride: number;
  /** Rows and columns of zeros around the image; negative if windows leave out its border. */
  readonly padding: number;
  /** The value at an index of [channels][height][width]. */
  readonly value: Element;
  /** The weight by WGSL for the map, the channel, and the row and column of the kernel. */
  weight(map: string, channel: string, row: string, column: string): string;
  /** What a map's sums begin with. */
  start(map: string): string;
}

/** A block of neighbouring sums of some maps, which a thread computes from the same values. */
export interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly maps: number;
}

/**
 * Emits the sums of all blocks. The values of a row of the block's windows are loaded once for all its sums, into
 * registers.
 *
 * @param block rows and columns of the blocks; default: the best
 * @param store what is done with the sums of a map, row by row, at the block's upper left (row, column) of the map
 */
export function correlate(
  correlation: Correlation,
  block: Pick<Block, "rows" | "columns"> | undefined,
  store: (sums: readonly string[], map: string, block: Block) => string,
): string {
  const { channels, height, width, maps, rows, columns, kernel, stride, padding, value, weight } = correlation;
  const shape = bestBlock(correlation, block);
  const [down, across] = [Math.ceil(rows / shape.rows), Math.ceil(columns / shape.columns)];
  const isChecked = needsChecks(correlation, shape);
  const windowWidth = (shape.columns - 1) * stride + kernel;
  const sum = (map: number, row: number, column: number) => `sum${map}_${row}_${column}`;
  const load = (row: number, column: number) => {
    const index = `u32(base${row} + ${column})`;
    if (!isChecked) return value(index);
    const isInside = `(inside${row} & isColumn${column})`;
    return `select(0.0, ${value(`select(0u, ${index}, ${isInside})`)}, ${isInside})`;
  };
  const loadRow = (row: number) => `
          let y${row} = top + ${row * stride} + kernelRow;
          let base${row} = (channel * ${height} + y${row}) * ${width} + left;
          ${isChecked ? `let inside${row} = (y${row} >= 0) & (y${row} < ${height});` : ""}
          ${each(windowWidth, (column) => `let value${row}_${column} = ${load(row, column)};`)}`;
  const addMap = (map: number) =>
    each(
      kernel,
      (
        column,
      ) => `let weight${map}_${column} = ${weight(`(map + ${map}u)`, "u32(channel)", "u32(kernelRow)", `${column}u`)};
          ${each(shape.rows, (row) => each(shape.columns, (place) => `${sum(map, row, place)} += weight${map}_${column} * value${row}_${place * stride + column};`))}`,
    );
  const code = `
      let map = i / ${down * across}u * ${shape.maps}u;
      let row = i / ${across}u % ${down}u * ${shape.rows}u;
      let column = i % ${across}u * ${shape.columns}u;
      let top = i32(row) * ${stride} - ${padding};
      let left = i32(column) * ${stride} - ${padding};
      ${isChecked ? each(windowWidth, (one) => `let isColumn${one} = (left + ${one} >= 0) & (left + ${one} < ${width});`) : ""}
      ${each(
        shape.maps,
        (map) => `let start${map} = ${correlation.start(`(map + ${map}u)`)};
      ${each(shape.rows, (one) => each(shape.columns, (place) => `var ${sum(map, one, place)} = start${map};`))}`,
      )}
      for (var channel = 0; channel < ${channels}; channel++) {
        for (var kernelRow = 0; kernelRow < ${kernel}; kernelRow++) {
          ${each(shape.rows, loadRow)}
          ${each(shape.maps, addMap)}
        }
      }
      ${each(shape.maps, (map) => {
        const sums = Array.from({ length: shape.rows * shape.columns }, (_, place) =>
          sum(map, Math.floor(place / shape.columns), place % shape.columns),
        );
        return store(sums, `(map + ${map}u)`, shape);
      })}`;
  return eachIndex((down * across * maps) / shape.maps, "i", code);
}

/** Stores every sum of a block that lies in the map, by its index of [maps][rows][columns]. */
export function storeSums(
  { rows, columns }: Pick<Correlation, "rows" | "columns">,
  store: (index: string, value: string) => string,
): (sums: readonly string[], map: string, block: Block) => string {
  return (sums, map, block) =>
    each(sums.length, (place) => {
      const [down, across] = [Math.floor(place / block.columns), place % block.columns];
      const stored = store(`(${map} * ${rows}u + row + ${down}u) * ${columns}u + column + ${across}u`, sums[place]);
      const isInside = [
        rows % block.rows === 0 ? [] : [`row + ${down}u < ${rows}u`],
        columns % block.columns === 0 ? [] : [`column + ${across}u < ${columns}u`],
      ].flat();
      return isInside.length === 0 ? stored : `if (${isInside.join(" && ")}) { ${stored} }`;
    });
}

/** Whether a block's windows may reach over the image. */
function needsChecks(
  { height, width, rows, columns, kernel, stride, padding }: Correlation,
  block: Pick<Block, "rows" | "columns">,
) {
  const end = (count: number, size: number) => (Math.ceil(count / size) * size - 1) * stride + kernel - padding;
  return padding > 0 || end(rows, block.rows) > height || end(columns, block.columns) > width;
}

/** The block with which the busiest thread has the least to do. */
function bestBlock(correlation: Correlation, given: Pick<Block, "rows" | "columns"> | undefined): Block {
  const { maps, rows, columns, kernel, stride } = correlation;
  const sizes = given ? [given] : [1, 2].flatMap((down) => [1, 2].map((across) => ({ rows: down, columns: across })));
  const blocks = sizes.flatMap((size) =>
    Array.from({ length: maps }, (_, index) => ({ ...size, maps: index + 1 })).filter(
      (block) => maps % block.maps === 0 && (block.maps === 1 || block.maps * size.rows * size.columns <= MOST_SUMS),
    ),
  );
  const cost = (block: Block) => {
    const count = (Math.ceil(rows / block.rows) * Math.ceil(columns / block.columns) * maps) / block.maps;
    const values = block.rows * ((block.columns - 1) * stride + kernel);
    const sums = block.rows * block.columns * block.maps;
    const load = needsChecks(correlation, block) ? CHECKED_LOAD : 1;
    return Math.ceil(count / THREADS) * (values * load + kernel * (block.maps + sums));
  };
  return blocks.reduce((best, block) => (cost(block) < cost(best) ? block : best));
}
