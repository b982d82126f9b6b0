import { type FunctionHandle, f32, type Integer, i32 } from "../assembler/index.js";
import type { emitPlaced } from "./augmentation.js";
import { forEachPixel, type KernelContext } from "./context.js";
import { FLOAT_BYTES, type Layout } from "./layout.js";

/** Images of one size, brought into the engine's layout one sample at a time. */
export interface AssemblyShape {
  /** The network's input. */
  readonly layout: Layout;
  /** Address of the normalised float32 of every byte value, [channels][256]. */
  readonly normalized: number;
}

export interface AssemblyKernels {
  /** (pixels, x): bytes as they are, normalised */
  readonly plain: FunctionHandle;
  /** (pixels, placement, scratch, x): bytes transformed by the placement, normalised; undefined outside training */
  readonly placed: FunctionHandle | undefined;
  /** (values, x): float32 [channels][height][width] as they are */
  readonly floats: FunctionHandle;
  /** (x): zeros, for a lane without a sample */
  readonly empty: FunctionHandle;
}

/**
 * Emits the kernels that fill one sample's lane of a tile; x points to the lane.
 *
 * @param transform emits the kernel that transforms images
 */
export function emitAssembly(
  context: KernelContext,
  name: string,
  { layout, normalized }: AssemblyShape,
  transform?: typeof emitPlaced,
): AssemblyKernels {
  const { module } = context;
  const lookUp = (byte: Integer, channel: number) =>
    f32.load(i32.mul(byte, FLOAT_BYTES), normalized + channel * 256 * FLOAT_BYTES);
  const channels = Array.from({ length: layout.channels }, (_, channel) => channel);

  return {
    plain: module.function(
      `${name}.plain`,
      { pixels: "i32", x: "i32" },
      (code, { pixels, x }) => {
        for (const channel of channels) {
          forEachPixel(code, layout, x, () => {
            code.store(x, lookUp(i32.load8Unsigned(pixels), channel));
            code.increase(pixels, 1);
          });
        }
      },
      { exported: true },
    ),
    placed: transform?.(context, `${name}.placed`, layout, normalized),
    floats: module.function(
      `${name}.floats`,
      { values: "i32", x: "i32" },
      (code, { values, x }) => {
        code.repeat(layout.channels, () => {
          forEachPixel(code, layout, x, () => {
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
          forEachPixel(code, layout, x, () => code.store(x, f32.const(0)));
        });
      },
      { exported: true },
    ),
  };
}
