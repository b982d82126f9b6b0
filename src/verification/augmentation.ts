import { placementFor, type Transformation } from "../data/augmentation.js";
import { compile, type WasmEngine } from "../engine/index.js";
import { PLACEMENT_WORDS, TILE_SAMPLES } from "../engine/wasm/kernels/index.js";
import type { ImageShape, NamedTensors, Normalization, Tensor } from "../model/index.js";
import { numbersOf, RowCollector, requireTensor, TOLERANCES, VerificationError, type VerificationRow } from "./rows.js";

/** Crops are given as the window's corner in the picture with this many rows and columns of padding on every side. */
const CROP_PADDING = 2;
/** Bytes come out as their own value, but for rounding. */
const BYTES: Normalization = { mean: [0], deviation: [1 / 255] };
const HALVES: Normalization = { mean: [0.5], deviation: [0.5] };

/**
 * Verifies crops, rotations, other affine maps, brightness and chains of them against the pictures that PIL makes, to the
 * pixel, and the normalised values to the bit. A file may hold any of them.
 *
 * @throws VerificationError where its tensors do not fit together
 */
export function verifyAugmentation(file: string, tensors: NamedTensors): VerificationRow[] {
  const source = requireTensor(tensors, "source");
  if (source.shape.length !== 3 || !(source.data instanceof Uint8Array)) {
    throw new VerificationError("its source is not uint8 [count, height, width]");
  }
  const [, height, width] = source.shape;
  const pixels = source.data;
  const rows = new RowCollector(file);
  for (const { output, transform, normalization } of CHECKS) {
    const expected = tensors.get(output);
    if (!expected) continue;
    const placements = Array.from({ length: expected.shape[0] }, (_, sample) => transform(tensors, sample));
    const values = assemble(pixels, { channels: 1, height, width }, placements, normalization);
    const data = normalization === BYTES ? values.map(Math.round) : values;
    rows.compare(output, expected, { shape: [placements.length, height, width], data }, TOLERANCES.exact);
  }
  return rows.rows([...tensors.keys()].filter((name) => !INPUTS.has(name)));
}

const INPUTS: ReadonlySet<string> = new Set([
  "index",
  "source",
  "rotate.degrees",
  "rotate-large.degrees",
  "crop.top_left",
  "chain.flip",
  "affine.degrees",
  "affine.right_down",
  "affine.scale",
  "affine.shear",
  "brightness.factor",
  "erase.top_left",
  "erase.side",
  "full.background",
]);

/** What differs from a picture as it is. */
type Transform = (tensors: NamedTensors, sample: number) => Partial<Transformation>;

const rotation =
  (degrees: string): Transform =>
  (tensors, sample) => ({ degrees: valueAt(tensors, degrees, sample) });
const crop: Transform = (tensors, sample) => ({
  shiftDown: valueAt(tensors, "crop.top_left", 2 * sample) - CROP_PADDING,
  shiftRight: valueAt(tensors, "crop.top_left", 2 * sample + 1) - CROP_PADDING,
});
const cropAndFlip: Transform = (tensors, sample) => ({
  ...crop(tensors, sample),
  flip: valueAt(tensors, "chain.flip", sample) === 1,
});
const chain: Transform = (tensors, sample) => ({
  ...cropAndFlip(tensors, sample),
  degrees: valueAt(tensors, "rotate.degrees", sample),
});
const affine: Transform = (tensors, sample) => ({
  degrees: valueAt(tensors, "affine.degrees", sample),
  moveRight: valueAt(tensors, "affine.right_down", 2 * sample),
  moveDown: valueAt(tensors, "affine.right_down", 2 * sample + 1),
  scale: valueAt(tensors, "affine.scale", sample),
  shear: valueAt(tensors, "affine.shear", sample),
});
const brightness: Transform = (tensors, sample) => ({ brightness: valueAt(tensors, "brightness.factor", sample) });
const full: Transform = (tensors, sample) => ({
  ...cropAndFlip(tensors, sample),
  ...affine(tensors, sample),
  ...brightness(tensors, sample),
  eraseTop: valueAt(tensors, "erase.top_left", 2 * sample),
  eraseLeft: valueAt(tensors, "erase.top_left", 2 * sample + 1),
  eraseSide: valueAt(tensors, "erase.side", sample),
  background: valueAt(tensors, "full.background", sample),
});

/** What a file of reference pictures may hold: the tensor, how its pictures are made and in which values. */
const CHECKS: readonly { output: string; transform: Transform; normalization: Normalization }[] = [
  { output: "rotate.out", transform: rotation("rotate.degrees"), normalization: BYTES },
  { output: "rotate-large.out", transform: rotation("rotate-large.degrees"), normalization: BYTES },
  { output: "crop.out", transform: crop, normalization: BYTES },
  { output: "chain.out", transform: chain, normalization: BYTES },
  { output: "normalised", transform: chain, normalization: HALVES },
  { output: "affine.out", transform: affine, normalization: BYTES },
  { output: "brightness.out", transform: brightness, normalization: BYTES },
  { output: "full.normalised", transform: full, normalization: HALVES },
];

function valueAt(tensors: NamedTensors, name: string, index: number): number {
  const values = numbersOf(name, requireTensor(tensors, name));
  if (index >= values.length) throw new VerificationError(`${name} has only ${values.length} values`);
  return values[index];
}

/** What the engine's own kernel makes of the first pictures, each with its placement. */
function assemble(
  pixels: Uint8Array,
  picture: ImageShape,
  placements: readonly Partial<Transformation>[],
  normalization: Normalization,
): Float32Array {
  const engine = transparentEngine(picture, normalization);
  const size = picture.height * picture.width;
  const assembled = new Float32Array(placements.length * size);
  for (let start = 0; start < placements.length; start += TILE_SAMPLES) {
    const chunk = placements.slice(start, start + TILE_SAMPLES);
    const words = new Int32Array(chunk.length * PLACEMENT_WORDS);
    chunk.forEach((placement, sample) => {
      words.set(placementFor(placement, picture.height, picture.width), sample * PLACEMENT_WORDS);
    });
    const indices = chunk.map((_, sample) => start + sample);
    const [{ output }] = engine.activations({ pixels, indices, placements: words });
    assembled.set(output.data, start * size);
  }
  engine.dispose();
  return assembled;
}

/** An engine whose first layer hands its input through: a 1×1 convolution by 1. */
function transparentEngine(input: ImageShape, normalization: Normalization): WasmEngine {
  const engine = compile(
    {
      input,
      layers: [
        { type: "conv2d", name: "window", outChannels: 1, kernel: 1, stride: 1, padding: 0 },
        { type: "flatten" },
        { type: "linear", name: "unused", outFeatures: 1 },
      ],
    },
    {
      batchSize: TILE_SAMPLES,
      normalization,
      optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
      keepActivations: true,
    },
  );
  const features = input.height * input.width;
  engine.setParameters(
    new Map<string, Tensor>([
      ["window.weight", { shape: [1, 1, 1, 1], data: Float32Array.of(1) }],
      ["window.bias", { shape: [1], data: Float32Array.of(0) }],
      ["unused.weight", { shape: [1, features], data: new Float32Array(features) }],
      ["unused.bias", { shape: [1], data: Float32Array.of(0) }],
    ]),
  );
  return engine;
}
