import { RADIANS_PER_DEGREE } from "../../data/augmentation.js";
import { PLACEMENT, PLACEMENT_WORDS } from "../../data/placement.js";
import type { ImageShape } from "../../model/index.js";
import { COSINE, HALF_PI_HIGH, HALF_PI_LOW, SINE } from "../../numeric/elementary.js";
import { Purpose } from "../../numeric/philox.js";
import { DRAW, DRAW_WORDS, SPREADS } from "./draws.js";
import { RECORD } from "./jobs.js";
import { DOUBLE_FUNCTIONS, DoubleProgram, type DoubleValue } from "./kernels/doubles.js";
import { THREADS } from "./kernels/layerKernels.js";
import { PHILOX_FUNCTIONS } from "./kernels/philox.js";
import { MOST_IN_X, PLAN_CODE } from "./plan.js";

/** The place of each spread's word among those that are drawn for a sample. */
const DRAWN_WORD = { degrees: 3, shiftDown: 4, shiftRight: 5, scale: 6, shear: 7, brightness: 8 } as const;
const ERASED_ROW_WORD = 9;
const ERASED_COLUMN_WORD = 10;
/** The coefficients are in 16.16 fixed point. */
const FIXED_POINT = 65536;

/** A shader, and the words of the buffer `program` that it runs. */
export interface PlacementShader {
  readonly code: string;
  readonly program: Uint32Array<ArrayBuffer>;
}

/**
 * Emits the shader that draws placements, a thread each: to the bit what `drawPlacements` of data/augmentation.ts writes,
 * so that the host need not draw millions of them.
 */
export function placementShader(size: ImageShape, recordWords: number): PlacementShader {
  const word = (name: keyof typeof DRAW) => `jobs[draw + ${DRAW[name]}u]`;
  const { program, brightness, coefficients } = placementProgram(size);
  const assembled = program.assemble([brightness, ...coefficients]);
  const store = (name: keyof typeof PLACEMENT, value: string) => `placements[at + ${PLACEMENT[name]}u] = ${value};`;
  const code = `
${PLAN_CODE}
@group(0) @binding(2) var<storage, read> jobs: array<u32>;
@group(0) @binding(3) var<storage, read> program: array<u32>;
@group(0) @binding(4) var<storage, read_write> placements: array<i32>;
${PHILOX_FUNCTIONS}
${DOUBLE_FUNCTIONS}
${assembled.code}
// An integer from 0 to count − 1.
fn below(word: u32, count: u32) -> i32 {
  return i32(multiplyHigh(word, count));
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) t: u32) {
  let place = (group.y * ${MOST_IN_X}u + group.x) * ${THREADS}u + t;
  let draw = plan.drawsAt + group.z * ${DRAW_WORDS}u;
  if (place >= plan.steps * plan.width || ${word("isDrawn")} == 0u) { return; }
  let record = (group.z * plan.steps + place / plan.width) * ${recordWords}u;
  if (place % plan.width >= jobs[record + ${RECORD.samples}u]) { return; }
  let sample = group.z * plan.steps * plan.width + place;
  let seed = vec2u(${word("firstKey")}, ${word("secondKey")});
  var words: array<u32, 12>;
  for (var block = 0u; block < 3u; block++) {
    let drawn = philox(vec4u(block, jobs[plan.samplesAt + sample], ${word("epoch")}, ${Purpose.augmentation}u), seed);
    for (var one = 0u; one < 4u; one++) { words[4u * block + one] = drawn[one]; }
  }
  var values: Values;
  var drawnWords = array<u32, ${SPREADS.length}>(${SPREADS.map((name) => `${DRAWN_WORD[name]}u`).join(", ")});
  for (var one = 0u; one < ${SPREADS.length}u; one++) {
    let spread = draw + ${DRAW.spreads}u + 2u * one;
    values[one] = fromInteger(i32(words[drawnWords[one]] ^ 0x80000000u));
    values[${SPREADS.length}u + one] = fromBits(jobs[spread], jobs[spread + 1u]);
  }
  computeValues(&values);
  let at = sample * ${PLACEMENT_WORDS}u;
  let padding = ${word("cropPadding")};
  ${store("cropDown", "below(words[0], 2u * padding + 1u) - i32(padding)")}
  ${store("cropRight", "below(words[1], 2u * padding + 1u) - i32(padding)")}
  ${store("flip", `select(0, 1, ${word("flips")} == 1u && words[2] <= ${word("lastFlipped")})`)}
  var coefficients = array<u32, 6>(${coefficients.map(({ place }) => `${place}u`).join(", ")});
  for (var one = 0u; one < 6u; one++) {
    placements[at + ${PLACEMENT.coefficients}u + one] = floorOf(values[coefficients[one]]);
  }
  ${store("background", `i32(${word("background")})`)}
  ${store("brightness", `floatBits(values[${brightness.place}])`)}
  let side = i32(${word("eraseSide")});
  let drawsMore = ${word("drawsMore")} == 1u;
  let top = select(0, below(words[${ERASED_ROW_WORD}], ${size.height}u) - side / 2, drawsMore);
  let left = select(0, below(words[${ERASED_COLUMN_WORD}], ${size.width}u) - side / 2, drawsMore);
  ${store("eraseFirstRow", "top")}
  ${store("eraseEndRow", "top + side")}
  ${store("eraseFirstColumn", "left")}
  ${store("eraseEndColumn", "left + side")}
}
`;
  return { code, program: assembled.words };
}

/**
 * The computations of `drawTransformation` and `writeTransformation`, operation by operation. Inputs are the words that are
 * drawn, from −2^31, and then the spreads.
 */
function placementProgram({ height, width }: ImageShape) {
  const halfPi = HALF_PI_HIGH + HALF_PI_LOW;
  const program = new DoubleProgram(2 * SPREADS.length);
  const constant = (value: number) => program.constant(value);
  const [half, one] = [constant(0.5), constant(1)];
  const around = (name: (typeof SPREADS)[number]) => {
    const input = SPREADS.indexOf(name);
    const [drawn, spread] = [program.inputs[input], program.inputs[SPREADS.length + input]];
    return program.product(program.product(drawn, constant(2 ** -31)), spread);
  };
  const waves = (degrees: DoubleValue, radiansPerDegree: number) => {
    const radians = program.product(degrees, constant(radiansPerDegree));
    const turns = program.round(program.quotient(radians, constant(halfPi)));
    const rough = program.difference(radians, program.product(turns, constant(HALF_PI_HIGH)));
    const rest = program.difference(rough, program.product(turns, constant(HALF_PI_LOW)));
    const square = program.product(rest, rest);
    const series = (coefficients: readonly number[]) =>
      coefficients.map(constant).reduceRight((sum, next) => program.sum(program.product(sum, square), next));
    const higherSine = program.product(program.product(rest, square), series(SINE));
    const higherCosine = program.product(program.product(square, square), series(COSINE));
    const sine = program.sum(rest, higherSine);
    const cosine = program.difference(one, program.difference(program.product(square, half), higherCosine));
    return [program.sineOfTurned(sine, cosine), program.cosineOfTurned(sine, cosine)] as const;
  };

  const scale = program.sum(one, around("scale"));
  const [down, across] = waves(around("degrees"), -RADIANS_PER_DEGREE);
  const slope = program.quotient(...waves(around("shear"), RADIANS_PER_DEGREE));
  const columnStepX = program.quotient(program.difference(across, program.product(down, slope)), scale);
  const rowStepX = program.quotient(program.sum(program.product(across, slope), down), scale);
  const columnStepY = program.quotient(program.difference(constant(0), down), scale);
  const rowStepY = program.quotient(across, scale);
  const fromX = program.difference(constant(-width / 2), program.round(around("shiftRight")));
  const fromY = program.difference(constant(-height / 2), program.round(around("shiftDown")));
  const fixedPoint = (value: DoubleValue) => program.sum(program.product(value, constant(FIXED_POINT)), half);
  const axis = (columnStep: DoubleValue, rowStep: DoubleValue, centre: number) => {
    const moved = program.sum(program.product(columnStep, fromX), program.product(rowStep, fromY));
    const start = program.sum(moved, constant(centre));
    const middle = program.sum(program.sum(start, program.product(columnStep, half)), program.product(rowStep, half));
    return [columnStep, rowStep, middle].map(fixedPoint);
  };
  const coefficients = [...axis(columnStepX, rowStepX, width / 2), ...axis(columnStepY, rowStepY, height / 2)];
  const brightness = program.sum(one, around("brightness"));
  return { program, brightness, coefficients };
}
