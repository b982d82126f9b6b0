import { DROPOUT_MULTIPLIERS } from "../../../numeric/dropoutDraw.js";

/** The words that say how a dropout layer draws in a step, and their number. */
export const DROPOUT = {
  firstKey: 0,
  secondKey: 1,
  /** Values whose draw is below it are dropped; 0 drops none. */
  threshold: 2,
  /** The bits of the float32 that the others are multiplied by. */
  scale: 3,
  /** The bits of 1 / scale. */
  unscale: 4,
} as const;
export const DROPOUT_WORDS = 5;

/** The draws of numeric/dropoutDraw.ts. */
export const DROPOUT_FUNCTIONS = `
struct Dropout { firstKey: u32, secondKey: u32, threshold: u32, scale: f32, unscale: f32 }

fn readDropout(at: u32) -> Dropout {
  return Dropout(
    jobs[at + ${DROPOUT.firstKey}u],
    jobs[at + ${DROPOUT.secondKey}u],
    jobs[at + ${DROPOUT.threshold}u],
    bitcast<f32>(jobs[at + ${DROPOUT.scale}u]),
    bitcast<f32>(jobs[at + ${DROPOUT.unscale}u]),
  );
}

fn mixed(word: u32) -> u32 {
  var bits = (word ^ (word >> 16u)) * ${DROPOUT_MULTIPLIERS[0]}u;
  bits = (bits ^ (bits >> 15u)) * ${DROPOUT_MULTIPLIERS[1]}u;
  return bits ^ (bits >> 16u);
}

// The value, scaled or dropped; place: sample · values per sample + value.
fn dropped(dropout: Dropout, place: u32, value: f32) -> f32 {
  let drawn = mixed(mixed(place ^ dropout.firstKey) + dropout.secondKey);
  return select(value * dropout.scale, 0.0, drawn < dropout.threshold);
}
`;
