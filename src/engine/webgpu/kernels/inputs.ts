import { PLACEMENT, PLACEMENT_WORDS } from "../../../data/placement.js";
import type { ImageShape } from "../../../model/index.js";

/** The words of a placement that changes nothing: a map of 1 in 16.16 to the middle of each pixel, brightness 1. */
const UNPLACED = "Placement(0, 0, 0, 65536, 0, 32768, 0, 65536, 32768, 0u, 1.0, 0, 0, 0, 0)";

/**
 * Reads inputs: bytes, transformed as a placement says and normalised by a table, or float32 values as they are. The
 * transformation is that of the reference's inputs.ts, pixel by pixel; sums of integers wrap, and what lies outside of
 * the image stays outside.
 */
export function inputFunctions({ channels, height, width }: ImageShape): string {
  const area = height * width;
  const word = (index: number) => `placements[at + ${index}u]`;
  const coefficients = Array.from({ length: 6 }, (_, index) => word(PLACEMENT.coefficients + index));
  return `
struct Placement {
  cropDown: i32, cropRight: i32, flip: i32,
  c0: i32, c1: i32, c2: i32, c3: i32, c4: i32, c5: i32,
  background: u32, brightness: f32,
  eraseFirstRow: i32, eraseEndRow: i32, eraseFirstColumn: i32, eraseEndColumn: i32,
}

// The placement of a sample, counted from the first of the call.
fn readPlacement(sample: u32, placed: bool) -> Placement {
  if (!placed) { return ${UNPLACED}; }
  let at = sample * ${PLACEMENT_WORDS}u;
  return Placement(
    ${word(PLACEMENT.cropDown)}, ${word(PLACEMENT.cropRight)}, ${word(PLACEMENT.flip)},
    ${coefficients.join(", ")},
    u32(placements[at + ${PLACEMENT.background}u]) & 255u,
    bitcast<f32>(placements[at + ${PLACEMENT.brightness}u]),
    ${word(PLACEMENT.eraseFirstRow)}, ${word(PLACEMENT.eraseEndRow)},
    ${word(PLACEMENT.eraseFirstColumn)}, ${word(PLACEMENT.eraseEndColumn)},
  );
}

fn isInside(row: i32, column: i32) -> bool {
  return row >= 0 && row < ${height} && column >= 0 && column < ${width};
}

// The input at an index of an image.
fn inputAt(image: u32, i: u32, placement: Placement, normalized: u32) -> f32 {
  if (plan.floats == 1u) { return bitcast<f32>(images[image * ${channels * area}u + i]); }
  let channel = i / ${area}u;
  let y = i32(i % ${area}u / ${width}u);
  let x = i32(i % ${width}u);
  if (y >= placement.eraseFirstRow && y < placement.eraseEndRow
    && x >= placement.eraseFirstColumn && x < placement.eraseEndColumn) { return 0.0; }
  let row = (placement.c3 * x + placement.c4 * y + placement.c5) >> 16u;
  var column = (placement.c0 * x + placement.c1 * y + placement.c2) >> 16u;
  var byte = placement.background;
  if (isInside(row, column)) {
    column = select(column, ${width - 1} - column, placement.flip == 1);
    let sourceRow = row + placement.cropDown;
    let sourceColumn = column + placement.cropRight;
    if (isInside(sourceRow, sourceColumn)) {
      let at = image * ${channels * area}u + channel * ${area}u + u32(sourceRow * ${width} + sourceColumn);
      byte = (images[at / 4u] >> (at % 4u * 8u)) & 255u;
    }
  }
  let bright = u32(clamp(placement.brightness * f32(byte), 0.0, 255.0));
  return table[normalized + channel * 256u + bright];
}
`;
}
