import { type FunctionBuilder, type FunctionHandle, f32, type Integer, i32, type Local } from "../wasm/index.js";
import type { KernelContext } from "./context.js";
import { channelBytes, FLOAT_BYTES, type Layout, placeBytes, placeOffset, rowBytes } from "./layout.js";
import { PLACEMENT } from "./placement.js";

/** Pictures of one size, brought into the engine's layout one sample at a time. */
export interface AssemblyShape {
  /** The network's input. */
  readonly layout: Layout;
  /** Address of the normalised float32 of every byte value, [channels][256]. */
  readonly normalized: number;
}

export interface AssemblyKernels {
  /** (pixels, x): bytes as they are, normalised */
  readonly plain: FunctionHandle;
  /** (pixels, placement, scratch, x): bytes cropped, flipped and rotated, normalised */
  readonly placed: FunctionHandle;
  /** (values, x): float32 [channels][height][width] as they are */
  readonly floats: FunctionHandle;
  /** (x): zeros, where a tile has no sample */
  readonly empty: FunctionHandle;
}

/** Columns and rows around the picture in the scratch copy: as far as a rotation by any angle reaches out. */
function scratchBorder({ height, width }: Layout): number {
  return Math.ceil((Math.sqrt(height * height + width * width) - Math.min(height, width)) / 2) + 2;
}

/** Bytes of the scratch copy that `placed` needs. */
export function assemblyScratchBytes(layout: Layout): number {
  const border = 2 * scratchBorder(layout);
  return (layout.height + border) * (layout.width + border);
}

/** Emits the kernels that fill one sample's lane of a tile; x points to the lane. */
export function emitAssembly(
  context: KernelContext,
  name: string,
  { layout, normalized }: AssemblyShape,
): AssemblyKernels {
  const { module } = context;
  /** Visits the input's places in the order of the picture's pixels. */
  const forEachPixel = (
    code: FunctionBuilder,
    x: Local<"i32">,
    body: () => void,
    startRow: (row: Local<"i32">) => void = () => {},
  ) => {
    code.increase(x, placeOffset(layout, 0, 0, 0));
    code.forRange(0, layout.height, (row) => {
      startRow(row);
      code.repeat(layout.width, () => {
        body();
        code.increase(x, placeBytes(layout));
      });
      code.increase(x, rowBytes(layout) - layout.width * placeBytes(layout));
    });
    code.increase(x, channelBytes(layout) - layout.height * rowBytes(layout) - placeOffset(layout, 0, 0, 0));
  };
  const lookUp = (byte: Integer, channel: number) =>
    f32.load(i32.mul(byte, FLOAT_BYTES), normalized + channel * 256 * FLOAT_BYTES);
  const channels = Array.from({ length: layout.channels }, (_, channel) => channel);

  return {
    plain: module.function(
      `${name}.plain`,
      { pixels: "i32", x: "i32" },
      (code, { pixels, x }) => {
        for (const channel of channels) {
          forEachPixel(code, x, () => {
            code.store(x, lookUp(i32.load8Unsigned(pixels), channel));
            code.increase(pixels, 1);
          });
        }
      },
      { exported: true },
    ),
    placed: module.function(
      `${name}.placed`,
      { pixels: "i32", placement: "i32", scratch: "i32", x: "i32" },
      (code, { pixels, placement, scratch, x }) => {
        const border = scratchBorder(layout);
        const stride = layout.width + 2 * border;
        const coefficients = Array.from({ length: 6 }, (_, index) =>
          code.local("i32", i32.load(placement, (PLACEMENT.coefficients + index) * 4)),
        );
        const [columnStepX, rowStepX, startX, columnStepY, rowStepY, startY] = coefficients;
        const sourceX = code.local("i32");
        const sourceY = code.local("i32");
        for (const channel of channels) {
          emitCropAndFlip(code, layout, { pixels, placement, scratch });
          forEachPixel(
            code,
            x,
            () => {
              const row = i32.mul(i32.add(i32.shrSigned(sourceY, 16), border), stride);
              const place = i32.add(row, i32.add(i32.shrSigned(sourceX, 16), border));
              code.store(x, lookUp(i32.load8Unsigned(i32.add(scratch, place)), channel));
              code.increase(sourceX, columnStepX);
              code.increase(sourceY, columnStepY);
            },
            (row) => {
              code.set(sourceX, i32.add(startX, i32.mul(row, rowStepX)));
              code.set(sourceY, i32.add(startY, i32.mul(row, rowStepY)));
            },
          );
          code.increase(pixels, layout.height * layout.width);
        }
      },
      { exported: true },
    ),
    floats: module.function(
      `${name}.floats`,
      { values: "i32", x: "i32" },
      (code, { values, x }) => {
        code.repeat(layout.channels, () => {
          forEachPixel(code, x, () => {
            code.store(x, f32.load(values));
            code.increase(values, FLOAT_BYTES);
          });
        });
      },
      { exported: true },
    ),
    empty: module.function(
      `${name}.empty`,
      { x: "i32" },
      (code, { x }) => {
        code.repeat(layout.channels, () => {
          forEachPixel(code, x, () => code.store(x, f32.const(0)));
        });
      },
      { exported: true },
    ),
  };
}

/**
 * Copies one channel into the middle of the scratch copy, moved by the crop and mirrored by the flip, zeros around it:
 * the rotation then reads anywhere without asking whether it is inside.
 */
function emitCropAndFlip(
  code: FunctionBuilder,
  layout: Layout,
  { pixels, placement, scratch }: Record<"pixels" | "placement" | "scratch", Local<"i32">>,
): void {
  const { height, width } = layout;
  const border = scratchBorder(layout);
  const stride = width + 2 * border;
  const down = code.local("i32", i32.load(placement, PLACEMENT.shiftDown * 4));
  const right = code.local("i32", i32.load(placement, PLACEMENT.shiftRight * 4));
  const flip = code.local("i32", i32.load(placement, PLACEMENT.flip * 4));
  const source = code.local("i32");
  const target = code.local("i32");
  const step = code.local("i32", i32.sub(1, i32.mul(flip, 2)));
  const maximum = (value: Local<"i32">, limit: number) =>
    code.if(i32.ltSigned(value, limit), () => code.set(value, i32.const(limit)));
  const minimum = (value: Local<"i32">, limit: number) =>
    code.if(i32.gtSigned(value, limit), () => code.set(value, i32.const(limit)));

  code.zeroMemory(scratch, stride * (height + 2 * border));
  // The columns and rows of the window that lie inside the picture.
  const firstColumn = code.local("i32", i32.sub(0, right));
  const endColumn = code.local("i32", i32.sub(width, right));
  const firstRow = code.local("i32", i32.sub(0, down));
  const endRow = code.local("i32", i32.sub(height, down));
  maximum(firstColumn, 0);
  maximum(firstRow, 0);
  minimum(endColumn, width);
  minimum(endRow, height);
  code.forRange(firstRow, endRow, (row) => {
    code.set(source, i32.add(pixels, i32.add(i32.mul(i32.add(row, down), width), i32.add(firstColumn, right))));
    code.set(target, i32.add(scratch, i32.add(i32.mul(i32.add(row, border), stride), border)));
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
