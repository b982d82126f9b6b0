import { placementFor, type Transformation } from "../data/augmentation.js";
import { PLACEMENT_WORDS } from "../data/placement.js";
import type { Backend, Engine } from "../engine/backend.js";
import type { ImageShape, Model, NamedTensors, Normalization, Tensor } from "../model/index.js";
import { numbersOf, RowCollector, requireTensor, TOLERANCES, VerificationError, type VerificationRow } from "./rows.js";

/** Crops are given as the window's corner in the image padded by this many rows and columns on every side. */
const CROP_PADDING = 2;
/** Outputs equal the bytes, except for rounding. */
const BYTES: Normalization = { mean: [0], std: [1 / 255] };
const HALVES: Normalization = { mean: [0.5], std: [0.5] };

/**
 * Verifies crops, rotations, other affine maps, brightness and chains of them against images made by PIL, pixel by
 * pixel, and the normalised values bit by bit. A file may contain any of them.
 *
 * @throws VerificationError if its tensors do not fit together
 */
export async function verifyAugmentation(
  file: string,
  tensors: NamedTensors,
  backend: Backend,
): Promise<VerificationRow[]> {
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
    const engine = await transparentEngine(backend, { channels: 1, height, width }, normalization);
    const values = await assemble(engine, pixels, placements);
    engine.dispose();
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
  "squeeze.factor",
  "brightness.factor",
  "erase.top_left",
  "erase.side",
  "full.background",
]);

/** Reads the transformation of a sample from the tensors. */
type Transform = (tensors: NamedTensors, sample: number) => Partial<Transformation>;

const rotation =
  (degrees: string): Transform =>
  (tensors, sample) => ({ degrees: valueAt(tensors, degrees, sample) });
const crop: Transform = (tensors, sample) => ({
  cropDown: valueAt(tensors, "crop.top_left", 2 * sample) - CROP_PADDING,
  cropRight: valueAt(tensors, "crop.top_left", 2 * sample + 1) - CROP_PADDING,
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
  shiftRight: valueAt(tensors, "affine.right_down", 2 * sample),
  shiftDown: valueAt(tensors, "affine.right_down", 2 * sample + 1),
  scale: valueAt(tensors, "affine.scale", sample),
  shear: valueAt(tensors, "affine.shear", sample),
});
const squeeze: Transform = (tensors, sample) => ({
  ...affine(tensors, sample),
  squeeze: valueAt(tensors, "squeeze.factor", sample),
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

/** The tensors that a file of reference images may contain, how their images are made, and their normalization. */
const CHECKS: readonly { output: string; transform: Transform; normalization: Normalization }[] = [
  { output: "rotate.out", transform: rotation("rotate.degrees"), normalization: BYTES },
  { output: "rotate-large.out", transform: rotation("rotate-large.degrees"), normalization: BYTES },
  { output: "crop.out", transform: crop, normalization: BYTES },
  { output: "chain.out", transform: chain, normalization: BYTES },
  { output: "normalised", transform: chain, normalization: HALVES },
  { output: "affine.out", transform: affine, normalization: BYTES },
  { output: "squeeze.out", transform: squeeze, normalization: BYTES },
  { output: "brightness.out", transform: brightness, normalization: BYTES },
  { output: "full.normalised", transform: full, normalization: HALVES },
];

function valueAt(tensors: NamedTensors, name: string, index: number): number {
  const values = numbersOf(name, requireTensor(tensors, name));
  if (index >= values.length) throw new VerificationError(`${name} has only ${values.length} values`);
  return values[index];
}

/** The backend's inputs for the first images, each with its placement. */
async function assemble(
  engine: Engine,
  pixels: Uint8Array,
  placements: readonly Partial<Transformation>[],
): Promise<Float32Array> {
  const { height, width } = engine.models[0].input;
  const words = new Int32Array(placements.length * PLACEMENT_WORDS);
  for (const [sample, placement] of placements.entries()) {
    words.set(placementFor(placement, height, width), sample * PLACEMENT_WORDS);
  }
  const images = await engine.load({ pixels });
  const [{ output }] = await engine.activations(images, { indices: [...placements.keys()], placements: words });
  return output.data;
}

/** An engine whose first layer passes its input through: a 1×1 convolution with weight 1. */
async function transparentEngine(backend: Backend, input: ImageShape, normalization: Normalization): Promise<Engine> {
  const model: Model = {
    input,
    layers: [
      { type: "conv2d", name: "window", outChannels: 1, kernel: 1, stride: 1, padding: 0 },
      { type: "flatten" },
      { type: "linear", name: "unused", outFeatures: 1 },
    ],
  };
  const engine = await backend.compile([{ model, normalization }], { batchSize: 8, keepActivations: true });
  const features = input.height * input.width;
  await engine.setParameters(
    new Map<string, Tensor>([
      ["window.weight", { shape: [1, 1, 1, 1], data: Float32Array.of(1) }],
      ["window.bias", { shape: [1], data: Float32Array.of(0) }],
      ["unused.weight", { shape: [1, features], data: new Float32Array(features) }],
      ["unused.bias", { shape: [1], data: Float32Array.of(0) }],
    ]),
  );
  return engine;
}
