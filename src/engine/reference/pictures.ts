import { PLACEMENT, PLACEMENT_WORDS } from "../../kernels/placement.js";
import type { ImageShape, Normalization } from "../../model/index.js";
import { type Batch, normalizedBytes } from "../engine.js";

/** The inputs of a batch, a sample each: [channels][height][width]. */
export function readBatch(batch: Batch, shape: ImageShape, normalization: Normalization): Float64Array[] {
  const size = shape.channels * shape.height * shape.width;
  if (!("indices" in batch)) {
    return Array.from({ length: batch.values.length / size }, (_, sample) =>
      Float64Array.from(batch.values.subarray(sample * size, (sample + 1) * size)),
    );
  }
  const table = normalizedBytes(normalization, shape.channels);
  const channelOf = (place: number) => Math.floor(place / (shape.height * shape.width));
  return Array.from(batch.indices, (index, sample) => {
    const stored = batch.pixels.subarray(index * size, (index + 1) * size);
    const placement = batch.placements?.subarray(sample * PLACEMENT_WORDS, (sample + 1) * PLACEMENT_WORDS);
    const picture = placement ? placed(stored, shape, placement) : stored;
    return Float64Array.from(picture, (byte, place) => table[channelOf(place) * 256 + byte]);
  });
}

/** A picture cropped, mirrored and rotated as a placement says; black wherever that looks outside of it. */
function placed(picture: Uint8Array, shape: ImageShape, placement: Int32Array): Uint8Array {
  const { channels, height, width } = shape;
  const down = placement[PLACEMENT.shiftDown];
  const right = placement[PLACEMENT.shiftRight];
  const flip = placement[PLACEMENT.flip] === 1;
  const [c0, c1, c2, c3, c4, c5] = placement.subarray(PLACEMENT.coefficients);

  const pixel = (channel: number, row: number, column: number): number => {
    const inside = row >= 0 && row < height && column >= 0 && column < width;
    return inside ? picture[(channel * height + row) * width + column] : 0;
  };
  const cropped = (channel: number, row: number, column: number): number => {
    const inside = row >= 0 && row < height && column >= 0 && column < width;
    return inside ? pixel(channel, row + down, column + right) : 0;
  };
  const mirrored = (channel: number, row: number, column: number): number =>
    cropped(channel, row, flip ? width - 1 - column : column);

  const result = new Uint8Array(picture.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const sourceX = (c0 * x + c1 * y + c2) >> 16;
        const sourceY = (c3 * x + c4 * y + c5) >> 16;
        result[(channel * height + y) * width + x] = mirrored(channel, sourceY, sourceX);
      }
    }
  }
  return result;
}
