/** The style of a chart line; lines never differ by colour alone. */
export interface LineStyle {
  /** A custom property of the style sheet, defined for both themes. */
  readonly color: string;
  /** The SVG stroke-dasharray; undefined for a solid line. */
  readonly dashes?: string;
}

const DASHES = [undefined, "8 4", "2 3", "10 3 2 3", "5 3", "1 4"];

/** The line style of a run, by its number, counted from 1. */
export function runStyle(number: number): LineStyle {
  const index = (number - 1) % DASHES.length;
  return { color: `var(--run-${index + 1})`, dashes: DASHES[index] };
}

/** Sample points of viridis (van der Walt and Smith, 2015), evenly spaced, as [red, green, blue]. */
const VIRIDIS = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [109, 205, 89],
  [180, 222, 44],
  [253, 231, 37],
] as const;

/** Blue for negative, almost white for zero, orange for positive: distinguishable with any colour vision. */
const DIVERGING = [
  [0, 68, 136],
  [246, 246, 244],
  [190, 80, 0],
] as const;

type Color = readonly [red: number, green: number, blue: number];

/** Viridis at 0 … 1, for maps: brighter means more. */
export const viridis = (value: number): Color => between(VIRIDIS, value);

/** The diverging palette at −1 … 1, for weights and differences. */
export const diverging = (value: number): Color => between(DIVERGING, (value + 1) / 2);

function between(colors: readonly Color[], share: number): Color {
  const place = Math.min(1, Math.max(0, share)) * (colors.length - 1);
  const index = Math.min(colors.length - 2, Math.floor(place));
  const part = place - index;
  const [from, to] = [colors[index], colors[index + 1]];
  return [0, 1, 2].map((channel) =>
    Math.round(from[channel] + (to[channel] - from[channel]) * part),
  ) as unknown as Color;
}
