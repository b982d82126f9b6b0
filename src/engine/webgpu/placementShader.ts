import { PLACEMENT, PLACEMENT_WORDS } from "../../data/placement.js";
import type { ImageShape } from "../../model/index.js";
import { Purpose } from "../../numeric/philox.js";
import {
  DRAW,
  DRAW_WORDS,
  DRAWN_WORDS,
  ERASED_COLUMN_WORD,
  ERASED_ROW_WORD,
  placementValues,
  SPREAD_WORDS,
  SPREADS,
} from "../placementDraws.js";
import { DRAW_RECORD_WORDS, RECORD } from "./jobs.js";
import { DOUBLE_FUNCTIONS, DoubleProgram } from "./kernels/doubles.js";
import { THREADS } from "./kernels/layerKernels.js";
import { PHILOX_FUNCTIONS } from "./kernels/philox.js";
import { MOST_IN_X, PLAN_CODE } from "./plan.js";

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
  // Its inputs are the words that are drawn, minus 2^31, and then the spreads.
  const program = new DoubleProgram(2 * SPREADS.length);
  const { brightness, coefficients } = placementValues(
    program,
    size,
    (spread) => program.inputs[SPREADS.indexOf(spread)],
    (spread) => program.inputs[SPREADS.length + SPREADS.indexOf(spread)],
  );
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
  let draw = plan.drawsAt + group.z * ${DRAW_RECORD_WORDS}u;
  if (place >= plan.steps * plan.width || ${word("isDrawn")} == 0u) { return; }
  let record = (group.z * plan.steps + place / plan.width) * ${recordWords}u;
  if (place % plan.width >= jobs[record + ${RECORD.samples}u]) { return; }
  let sample = group.z * plan.steps * plan.width + place;
  let seed = vec2u(${word("firstKey")}, ${word("secondKey")});
  var words: array<u32, ${DRAWN_WORDS}>;
  for (var block = 0u; block < ${DRAWN_WORDS / 4}u; block++) {
    let drawn = philox(vec4u(block, jobs[plan.samplesAt + sample], ${word("epoch")}, ${Purpose.augmentation}u), seed);
    for (var one = 0u; one < 4u; one++) { words[4u * block + one] = drawn[one]; }
  }
  var values: Values;
  var drawnWords = array<u32, ${SPREADS.length}>(${SPREADS.map((name) => `${SPREAD_WORDS[name]}u`).join(", ")});
  for (var one = 0u; one < ${SPREADS.length}u; one++) {
    let spread = draw + ${DRAW_WORDS}u + 2u * one;
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
