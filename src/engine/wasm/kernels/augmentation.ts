import { PLACEMENT } from "../../../data/placement.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32,
  type Integer,
  i32,
  type Local,
  type Value,
} from "../assembler/index.js";
import { forEachPixel, type KernelContext } from "./context.js";
import { channelBytes, FLOAT_BYTES, type Layout, placeBytes, placeOffset, roundUp, rowBytes } from "./layout.js";

/** Bytes of a table with a float32 for every byte value. */
const TABLE_BYTES = 256 * FLOAT_BYTES;
/** The bits of the float32 1. */
const BITS_OF_ONE = 0x3f800000;
/** Limits a map's start, in 16.16, and its steps over the whole image, so that no sum of them overflows. */
const MAP_LIMIT = 2 ** 30;

/** One channel of the image with background around it, as far as a rotation by any angle reaches. */
function scratchCopy({ height, width }: Layout) {
  const border = Math.ceil((Math.sqrt(height * height + width * width) - Math.min(height, width)) / 2) + 2;
  const [rows, columns] = [height + 2 * border, width + 2 * border];
  return { border, rows, columns, origin: border * columns + border, bytes: roundUp(rows * columns, FLOAT_BYTES) };
}

/** Bytes of scratch memory that `emitPlaced` needs: the copy of a channel, and a table for its brightness. */
export function assemblyScratchBytes(layout: Layout): number {
  return scratchCopy(layout).bytes + TABLE_BYTES;
}

/** The source of a pixel, in 16.16. */
interface Source {
  readonly x: Local<"i32">;
  readonly y: Local<"i32">;
}

/** The affine map of a placement: by how much the source advances per column and per row. */
interface AffineMap {
  readonly columnStep: Source;
  readonly rowStep: Source;
  readonly start: Source;
}

/**
 * Emits the kernel (pixels, placement, scratch, x) that writes an image's bytes, transformed and normalised, into one
 * sample's lane of a tile. Whatever the words of the placement, it never reads or writes outside the image, the scratch
 * memory and the lane.
 *
 * @param normalized address of the normalised float32 of every byte value, [channels][256]
 */
export function emitPlaced(
  { module }: KernelContext,
  name: string,
  layout: Layout,
  normalized: number,
): FunctionHandle {
  return module.function(
    name,
    { pixels: "i32", placement: "i32", scratch: "i32", x: "i32" },
    (code, { pixels, placement, scratch, x }) => {
      const lane = code.local("i32", x);
      const word = (index: number) => code.local("i32", i32.load(placement, index * 4));
      const source = (index: number): Source => ({
        x: word(PLACEMENT.coefficients + index),
        y: word(PLACEMENT.coefficients + 3 + index),
      });
      const map: AffineMap = { columnStep: source(0), rowStep: source(1), start: source(2) };
      const background = code.local("i32", i32.load8Unsigned(placement, PLACEMENT.background * 4));
      const inside = emitStaysInside(code, layout, map);
      const normal = code.local("i32", i32.const(normalized));
      const table = code.local("i32");
      const origin = code.local("i32", i32.add(scratch, scratchCopy(layout).origin));
      code.repeat(layout.channels, () => {
        emitCropAndFlip(code, layout, { pixels, placement, scratch, origin, background });
        code.set(table, normal);
        code.if(i32.ne(i32.load(placement, PLACEMENT.brightness * 4), BITS_OF_ONE), () => {
          code.set(table, i32.add(scratch, scratchCopy(layout).bytes));
          emitBrightness(code, { placement, normal, table });
        });
        code.if(
          inside,
          () => emitMap(code, layout, { map, x, origin, table }, (address) => i32.load8Unsigned(address)),
          () => emitMap(code, layout, { map, x, origin, table }, boundedLoad(code, layout, background)),
        );
        code.increase(pixels, layout.height * layout.width);
        code.increase(normal, TABLE_BYTES);
      });
      emitErasure(code, layout, { placement, lane });
    },
    { exported: true },
  );
}

/**
 * Copies one channel into the middle of the scratch copy, shifted by the crop and mirrored by the flip, with background
 * around it. The map can then read anywhere without checking whether it is inside.
 */
function emitCropAndFlip(
  code: FunctionBuilder,
  layout: Layout,
  pointers: Record<"pixels" | "placement" | "scratch" | "origin" | "background", Local<"i32">>,
): void {
  const { pixels, placement, scratch, origin, background } = pointers;
  const { height, width } = layout;
  const { rows, columns } = scratchCopy(layout);
  // Shifted by its size or more, the window misses the image; smaller shifts overflow no sum.
  const shift = (index: number, size: number) => clamped(code, i32.load(placement, index * 4), -size, size);
  const down = shift(PLACEMENT.cropDown, height);
  const right = shift(PLACEMENT.cropRight, width);
  const flip = code.local("i32", i32.eq(i32.load(placement, PLACEMENT.flip * 4), 1));
  const source = code.local("i32");
  const target = code.local("i32");
  const step = code.local("i32", i32.sub(1, i32.mul(flip, 2)));

  code.fillMemory(scratch, background, columns * rows);
  // The columns and rows of the window that lie inside the image.
  const firstColumn = clamped(code, i32.sub(0, right), 0, width);
  const endColumn = clamped(code, i32.sub(width, right), 0, width);
  const firstRow = clamped(code, i32.sub(0, down), 0, height);
  const endRow = clamped(code, i32.sub(height, down), 0, height);
  code.forRange(firstRow, endRow, (row) => {
    code.set(source, i32.add(pixels, i32.add(i32.mul(i32.add(row, down), width), i32.add(firstColumn, right))));
    code.set(target, i32.add(origin, i32.mul(row, columns)));
    code.if(
      flip,
      () => code.set(target, i32.add(target, i32.sub(width - 1, firstColumn))),
      () => code.set(target, i32.add(target, firstColumn)),
    );
    code.forRange(firstColumn, endColumn, () => {
      code.store8(target, i32.load8Unsigned(source));
      code.increase(source, 1);
      code.increase(target, step);
    });
  });
}

/** The value, clamped to the limits. */
function clamped(code: FunctionBuilder, value: Value<"i32">, least: number, most: number): Local<"i32"> {
  const result = code.local("i32", value);
  code.if(i32.ltSigned(result, least), () => code.set(result, i32.const(least)));
  code.if(i32.gtSigned(result, most), () => code.set(result, i32.const(most)));
  return result;
}

/**
 * 1 if the source of every pixel lies within the scratch copy. The map is linear, so it is enough to check the corners,
 * unless a sum overflows: steps and start are checked against limits first.
 */
function emitStaysInside(code: FunctionBuilder, layout: Layout, map: AffineMap): Local<"i32"> {
  const { height, width } = layout;
  const copy = scratchCopy(layout);
  const inside = code.local("i32", i32.const(1));
  const require = (condition: Integer) => code.set(inside, i32.and(inside, condition));
  const stepLimit = Math.floor(MAP_LIMIT / (height + width));
  for (const axis of ["x", "y"] as const) {
    const [columnStep, rowStep, start] = [map.columnStep[axis], map.rowStep[axis], map.start[axis]];
    const limits = [
      [columnStep, stepLimit],
      [rowStep, stepLimit],
      [start, MAP_LIMIT],
    ] as const;
    for (const [value, limit] of limits) require(i32.ltUnsigned(i32.add(value, limit), 2 * limit));
    const size = axis === "x" ? copy.columns : copy.rows;
    for (const column of [0, width - 1]) {
      for (const row of [0, height - 1]) {
        const corner = i32.add(start, i32.add(i32.mul(columnStep, column), i32.mul(rowStep, row)));
        require(i32.ltUnsigned(i32.add(i32.shrSigned(corner, 16), copy.border), size));
      }
    }
  }
  return inside;
}

/** Fills a table with the normalised value of every byte times the placement's factor, rounded as in Pillow. */
function emitBrightness(
  code: FunctionBuilder,
  { placement, normal, table }: Record<"placement" | "normal" | "table", Local<"i32">>,
): void {
  const factor = code.local("f32", f32.load(placement, PLACEMENT.brightness * 4));
  const product = code.local("i32");
  const target = code.local("i32", table);
  code.forRange(0, 256, (byte) => {
    code.set(product, i32.truncateUnsigned(f32.mul(factor, f32.convertUnsigned(byte))));
    code.if(i32.ltUnsigned(255, product), () => code.set(product, i32.const(255)));
    code.store(target, f32.load(i32.add(normal, i32.mul(product, FLOAT_BYTES))));
    code.increase(target, FLOAT_BYTES);
  });
}

/** Fills one channel of a lane with the table's values of the bytes at the pixels' sources. */
function emitMap(
  code: FunctionBuilder,
  layout: Layout,
  { map, x, origin, table }: { readonly map: AffineMap } & Record<"x" | "origin" | "table", Local<"i32">>,
  byteAt: (address: Integer, source: Source) => Integer,
): void {
  const { columnStep, rowStep, start } = map;
  const { columns } = scratchCopy(layout);
  const source: Source = { x: code.local("i32"), y: code.local("i32") };
  forEachPixel(
    code,
    layout,
    x,
    () => {
      const row = i32.add(origin, i32.mul(i32.shrSigned(source.y, 16), columns));
      const byte = byteAt(i32.add(row, i32.shrSigned(source.x, 16)), source);
      code.store(x, f32.load(i32.add(table, i32.mul(byte, FLOAT_BYTES))));
      code.increase(source.x, columnStep.x);
      code.increase(source.y, columnStep.y);
    },
    (row) => {
      code.set(source.x, i32.add(start.x, i32.mul(row, rowStep.x)));
      code.set(source.y, i32.add(start.y, i32.mul(row, rowStep.y)));
    },
  );
}

/** Reads the scratch copy only if the source lies inside the image, for maps that leave the copy. */
function boundedLoad(
  code: FunctionBuilder,
  { height, width }: Layout,
  background: Local<"i32">,
): (address: Integer, source: Source) => Integer {
  const byte = code.local("i32");
  return (address, source) => {
    code.set(byte, background);
    code.if(i32.ltUnsigned(i32.shrSigned(source.x, 16), width), () =>
      code.if(i32.ltUnsigned(i32.shrSigned(source.y, 16), height), () => code.set(byte, i32.load8Unsigned(address))),
    );
    return byte;
  };
}

/** Sets the part of the placement's rectangle that lies in the image to 0, in every channel. */
function emitErasure(
  code: FunctionBuilder,
  layout: Layout,
  { placement, lane }: Record<"placement" | "lane", Local<"i32">>,
): void {
  const edge = (index: number, size: number) => clamped(code, i32.load(placement, index * 4), 0, size);
  const firstRow = edge(PLACEMENT.eraseFirstRow, layout.height);
  const endRow = edge(PLACEMENT.eraseEndRow, layout.height);
  const firstColumn = edge(PLACEMENT.eraseFirstColumn, layout.width);
  const endColumn = edge(PLACEMENT.eraseEndColumn, layout.width);
  const target = code.local("i32");
  code.increase(lane, placeOffset(layout, 0, 0, 0));
  code.repeat(layout.channels, () => {
    code.forRange(firstRow, endRow, (row) => {
      const inRow = i32.add(i32.mul(row, rowBytes(layout)), i32.mul(firstColumn, placeBytes(layout)));
      code.set(target, i32.add(lane, inRow));
      code.forRange(firstColumn, endColumn, () => {
        code.store(target, f32.const(0));
        code.increase(target, placeBytes(layout));
      });
    });
    code.increase(lane, channelBytes(layout));
  });
}
