import { describe, expect, it } from "vitest";
import { AUGMENTATIONS, type Augmentation, drawTransformation, placementFor } from "../src/data/augmentation.js";
import { readInputs } from "../src/engine/reference/inputs.js";
import { ModuleBuilder, PAGE_BYTES } from "../src/engine/wasm/assembler/index.js";
import {
  assemblyScratchBytes,
  emitAssembly,
  emitPlaced,
  FLOAT_BYTES,
  type Layout,
  PLACEMENT,
  PLACEMENT_WORDS,
  placeOffset,
  StaticData,
  tileBytes,
} from "../src/engine/wasm/kernels/index.js";
import { type ImageShape, normalizedBytes } from "../src/model/index.js";
import { Purpose, RandomStream } from "../src/numeric/philox.js";

const GUARD = 0xa5;
const GUARD_BYTES = 4096;
/** The sample of the tile that is assembled, of eight. */
const LANE = 5;

/** The kernel with its own memory: guards around every buffer, the scratch space at the very end. */
function placedKernel(shape: ImageShape, border: number) {
  const layout: Layout = { ...shape, border };
  const size = shape.channels * shape.height * shape.width;
  const normalization = {
    mean: Array.from({ length: shape.channels }, (_, channel) => 0.5 - channel / 10),
    std: Array.from({ length: shape.channels }, (_, channel) => 0.5 / (channel + 1)),
  };
  const table = normalizedBytes(normalization, shape.channels);
  const scratchBytes = assemblyScratchBytes(layout);
  let end = 0;
  const buffer = (bytes: number) => {
    const start = end + GUARD_BYTES;
    end = start + Math.ceil(bytes / 16) * 16;
    return start;
  };
  const normalized = buffer(table.byteLength);
  const at = { pixels: buffer(size), placement: buffer(PLACEMENT_WORDS * 4), x: buffer(tileBytes(layout)) };
  const pages = Math.ceil((end + GUARD_BYTES + scratchBytes) / PAGE_BYTES);
  const scratch = pages * PAGE_BYTES - scratchBytes;

  const module = new ModuleBuilder();
  const context = { module, data: new StaticData(0), fused: false };
  const { placed } = emitAssembly(context, "assemble", { layout, normalized }, emitPlaced);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const compiled = new WebAssembly.Module(module.encode({ pages, shared: false }));
  const { exports } = new WebAssembly.Instance(compiled, { environment: { memory } });
  const run = exports[placed!.name] as (...addresses: number[]) => void;
  const bytes = new Uint8Array(memory.buffer);
  const pixels = Uint8Array.from({ length: size }, (_, place) => (place * 89 + (place % 13) * 7) % 256);
  const lane = Array.from({ length: size }, (_, place) => {
    const [channel, inChannel] = [
      Math.floor(place / (shape.height * shape.width)),
      place % (shape.height * shape.width),
    ];
    const offset = placeOffset(layout, channel, Math.floor(inChannel / shape.width), inChannel % shape.width);
    return at.x + offset + LANE * FLOAT_BYTES;
  });

  /** Runs the kernel and compares all memory with the reference's result. */
  return (placement: Int32Array) => {
    bytes.fill(GUARD);
    bytes.set(new Uint8Array(table.buffer), normalized);
    bytes.set(pixels, at.pixels);
    bytes.set(new Uint8Array(placement.buffer, placement.byteOffset, placement.byteLength), at.placement);
    const expected = new DataView(bytes.slice(0, scratch).buffer);
    const [input] = readInputs({ pixels }, [0], placement, { input: shape, normalization });
    input.forEach((value, place) => {
      expected.setFloat32(lane[place], value, true);
    });
    run(at.pixels, at.placement, scratch, at.x + LANE * FLOAT_BYTES);
    const differs = Buffer.compare(bytes.subarray(0, scratch), new Uint8Array(expected.buffer)) !== 0;
    if (differs) expect.fail(`placement ${placement.join(" ")}`);
  };
}

const SHAPES: [string, ImageShape, number][] = [
  ["1×28×28", { channels: 1, height: 28, width: 28 }, 2],
  ["1×12×17", { channels: 1, height: 12, width: 17 }, 0],
  ["3×12×17", { channels: 3, height: 12, width: 17 }, 1],
  ["1×33×20", { channels: 1, height: 33, width: 20 }, 2],
  ["3×33×20", { channels: 3, height: 33, width: 20 }, 0],
];

describe.each(SHAPES)("the kernel that assembles %s images", (_, shape, border) => {
  const hold = placedKernel(shape, border);
  const { height, width } = shape;

  it.each<[string, Augmentation]>([
    ["the strong preset", AUGMENTATIONS.strong],
    ["a white background", { ...AUGMENTATIONS.strong, shift: 0.1, background: 255 }],
    [
      "far outside the image",
      {
        cropPadding: 12,
        flip: 0.5,
        degrees: 180,
        shift: 1,
        scale: 0.9,
        shear: 80,
        squeeze: 0.9,
        brightness: 1,
        erase: 1,
        background: 255,
      },
    ],
  ])("matches the reference to the bit: %s", (_, augmentation) => {
    for (let sample = 0; sample < 300; sample++) {
      hold(placementFor(drawTransformation(augmentation, shape, 2, 1, sample), height, width));
    }
  });

  it("stays within its buffers for any placement words", () => {
    const stream = new RandomStream(9, Purpose.augmentation, height, width);
    const extremes = [
      0,
      1,
      -1,
      2 ** 31 - 1,
      -(2 ** 31),
      -(2 ** 31) + 1,
      2 ** 30,
      -(2 ** 30),
      65536 * width,
      255,
      height,
    ];
    const word = () => {
      const kind = stream.below(4);
      if (kind === 0) return stream.word() | 0;
      return kind === 1 ? extremes[stream.below(extremes.length)] : stream.below(2 ** 17) - 2 ** 16;
    };
    for (let turn = 0; turn < 500; turn++) {
      const placement = Int32Array.from({ length: PLACEMENT_WORDS }, word);
      hold(placement);
      // A single arbitrary word in an otherwise harmless placement.
      const single = placementFor({ degrees: 7, eraseSide: 3 }, height, width);
      single[turn % PLACEMENT_WORDS] = placement[turn % PLACEMENT_WORDS];
      hold(single);
    }
  });

  it("handles steps whose sums overflow back into the image", () => {
    for (const [word, size] of [0, 1, 3, 4].map((index) => [index, index % 3 === 0 ? width : height])) {
      for (const turns of [1, 2, 3, 5, 7]) {
        for (const near of [-1, 0, 1]) {
          const placement = placementFor({}, height, width);
          placement[PLACEMENT.coefficients + word] = Math.round((turns * 2 ** 32) / (size - 1)) + near;
          hold(placement);
        }
      }
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -0, 1e-40, 3e38, 0, 1, 255.99])(
    "accepts any brightness: %d",
    (brightness) => hold(placementFor({ brightness, degrees: 20, background: 200 }, height, width)),
  );
});
