import { PLACEMENT, PLACEMENT_WORDS } from "../../data/placement.js";
import { type ImageShape, type Normalization, normalizedBytes } from "../../model/index.js";
import type { Images } from "../backend.js";

/**
 * The inputs of the selected images, each [channels][height][width]: normalised, and transformed by the placements.
 *
 * @param placements PLACEMENT_WORDS words per index
 */
export function readInputs(
  images: Images,
  indices: readonly number[],
  placements: Int32Array | undefined,
  { input, normalization }: { readonly input: ImageShape; readonly normalization: Normalization },
): Float64Array[] {
  const size = input.channels * input.height * input.width;
  if ("values" in images) {
    return indices.map((index) => Float64Array.from(images.values.subarray(index * size, (index + 1) * size)));
  }
  const table = normalizedBytes(normalization, input.channels);
  return indices.map((index, sample) => {
    const stored = images.pixels.subarray(index * size, (index + 1) * size);
    const placement = placements?.subarray(sample * PLACEMENT_WORDS, (sample + 1) * PLACEMENT_WORDS);
    const image = placement ? brightened(moved(stored, input, placement), placement) : stored;
    const erased = placement ? erasedPlaces(input, placement) : () => false;
    const area = input.height * input.width;
    return Float64Array.from(image, (byte, place) =>
      erased(place % area) ? 0 : table[Math.floor(place / area) * 256 + byte],
    );
  });
}

/** Crops, mirrors and maps an image as the placement says, with background where it reads outside the image. */
function moved(image: Uint8Array, shape: ImageShape, placement: Int32Array): Uint8Array {
  const { channels, height, width } = shape;
  const down = placement[PLACEMENT.cropDown];
  const right = placement[PLACEMENT.cropRight];
  const flip = placement[PLACEMENT.flip] === 1;
  const background = placement[PLACEMENT.background] & 255;
  const [c0, c1, c2, c3, c4, c5] = placement.subarray(PLACEMENT.coefficients);

  const pixel = (channel: number, row: number, column: number): number => {
    const inside = row >= 0 && row < height && column >= 0 && column < width;
    return inside ? image[(channel * height + row) * width + column] : background;
  };
  const cropped = (channel: number, row: number, column: number): number => {
    const inside = row >= 0 && row < height && column >= 0 && column < width;
    return inside ? pixel(channel, row + down, column + right) : background;
  };
  const mirrored = (channel: number, row: number, column: number): number =>
    cropped(channel, row, flip ? width - 1 - column : column);

  const result = new Uint8Array(image.length);
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

/** Multiplies the bytes by the placement's factor in float32; truncated and clipped. */
function brightened(image: Uint8Array, placement: Int32Array): Uint8ClampedArray {
  const [factor] = new Float32Array(Int32Array.of(placement[PLACEMENT.brightness]).buffer);
  return Uint8ClampedArray.from(image, (byte) => Math.trunc(Math.fround(factor * byte)));
}

/** Whether a place of a channel lies in the placement's rectangle. */
function erasedPlaces({ width }: ImageShape, placement: Int32Array): (place: number) => boolean {
  return (place) => {
    const row = Math.floor(place / width);
    const column = place % width;
    return (
      row >= placement[PLACEMENT.eraseFirstRow] &&
      row < placement[PLACEMENT.eraseEndRow] &&
      column >= placement[PLACEMENT.eraseFirstColumn] &&
      column < placement[PLACEMENT.eraseEndColumn]
    );
  };
}
