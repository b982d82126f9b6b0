import type { SceneNetwork, Stage } from "./arithmetic.js";

/** What a map answers to most: strokes of one direction, ink in any, or the empty background. */
export type Tuning = "horizontal" | "vertical" | "rising" | "falling" | "ink" | "background" | "nothing";

/** Strokes by the angle to the horizontal, in degrees. */
const DIRECTIONS = { horizontal: 0, rising: 45, vertical: 90, falling: 135 } as const;
type Direction = keyof typeof DIRECTIONS;

/** Half the width of a stroke, in pixels of 28. */
const HALF_WIDTH = 1.3;
/** How far strokes lie from the middle, in pixels of 28. */
const OFFSETS = [-5, -2, 0, 2, 5];
/** How much more a map answers to its direction than to the others on average, to be said to answer to it. */
const SELECTIVE = 1.35;

/**
 * What each map of a stage answers to, found out by showing the network strokes of four directions and an empty image.
 *
 * @param levels the input's values for background and ink
 */
export function tuningsOf(
  network: SceneNetwork,
  stage: Stage,
  levels: { readonly background: number; readonly ink: number },
): Tuning[] {
  const [input] = network.structure.stages;
  /** The sum of each map. */
  const sums = (image: Float64Array) => {
    const values = network.forward(image)[stage.last + 1];
    const size = values.length / stage.count;
    return Array.from({ length: stage.count }, (_, map) =>
      values.subarray(map * size, (map + 1) * size).reduce((sum, value) => sum + value, 0),
    );
  };
  const empty = sums(new Float64Array(input.count * input.height * input.width).fill(levels.background));
  const answers = Object.fromEntries(
    Object.entries(DIRECTIONS).map(([direction, angle]) => {
      const shown = OFFSETS.map((offset) => sums(strokeImage(input, angle, offset, levels)));
      // Beyond what the background does alone.
      return [direction, empty.map((floor, map) => mean(shown.map((own) => Math.max(0, own[map] - floor))))];
    }),
  ) as Record<Direction, number[]>;
  const strongest = Math.max(...empty, ...Object.values(answers).flat());
  return empty.map((floor, map) => {
    const own = Object.entries(answers).map(([direction, values]) => ({
      direction: direction as Direction,
      answer: values[map],
    }));
    const best = own.reduce((one, other) => (other.answer > one.answer ? other : one));
    const others = mean(own.filter((one) => one !== best).map(({ answer }) => answer));
    if (best.answer < 0.02 * strongest) return floor > 0.02 * strongest ? "background" : "nothing";
    return best.answer > SELECTIVE * others ? best.direction : "ink";
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A straight stroke through the image, with soft edges; row-major, the same in every channel. */
function strokeImage(
  { count, height, width }: Stage,
  angle: number,
  offset: number,
  { background, ink }: { readonly background: number; readonly ink: number },
): Float64Array {
  const scale = Math.min(height, width) / 28;
  const radians = (angle * Math.PI) / 180;
  return Float64Array.from({ length: count * height * width }, (_, place) => {
    const x = (place % width) - (width - 1) / 2;
    const y = (Math.floor(place / width) % height) - (height - 1) / 2;
    // Rows count downwards, so a rising stroke goes up to the right.
    const across = Math.abs(x * Math.sin(radians) + y * Math.cos(radians) - offset * scale);
    const along = Math.abs(x * Math.cos(radians) - y * Math.sin(radians));
    const cover = Math.min(1, Math.max(0, HALF_WIDTH * scale + 0.5 - across)) * (along <= 9 * scale ? 1 : 0);
    return background + (ink - background) * cover;
  });
}
