/** The font of charts; the first one is the font of `svgToPng`. */
export const FONT = "'DejaVu Sans', Verdana, sans-serif";
export const INK = "#222222";
export const QUIET_INK = "#555555";
/** The colour of grid and separator lines. */
export const LINE_INK = "#e4e4e4";

/**
 * Colours that are distinct for any colour vision, after Okabe and Ito ("Color Universal Design", 2008), without their
 * yellow, which is too faint on white. The first is blue, the second vermillion.
 */
export const DISTINCT_COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"] as const;

/** A fill colour, and the colour of text on it. */
export interface Shade {
  readonly fill: string;
  readonly ink: string;
}

const shades = (fills: readonly string[], inks: readonly [string, string], firstOfSecond: number): Shade[] =>
  fills.map((fill, level) => ({ fill, ink: inks[level < firstOfSecond ? 0 : 1] }));

/** One hue from white to dark blue, by level. Lightness decreases with every level. */
export const SHADES: readonly Shade[] = shades(
  [
    ...["#ffffff", "#edf4fb", "#d9e8f5", "#c2daee", "#a6cae6", "#86b7dc"],
    ...["#66a3d2", "#2f74b0", "#1f619c", "#124b82", "#08306b"],
  ],
  ["#111111", "#ffffff"],
  7,
);

/** The shades for a dark page: from nearly black to light blue. */
export const DARK_SHADES: readonly Shade[] = shades(
  [
    ...["#16191d", "#18222e", "#1a2c40", "#1b3753", "#1c4267", "#1f4f7d"],
    ...["#265d92", "#66a6dc", "#86bae6", "#a8cff0", "#cde4f9"],
  ],
  ["#f2f2f2", "#111111"],
  7,
);

const HIGHEST_LEVEL = SHADES.length - 1;

/** The level of a fraction 0 … 1: 0 for nothing, otherwise by its square root, so that a few percent are visible. */
export function shadeLevel(share: number): number {
  // Slightly reduced, so that a fraction on a boundary gets the lower level despite rounding.
  return Math.max(0, Math.min(HIGHEST_LEVEL, Math.ceil(HIGHEST_LEVEL * Math.sqrt(share) - 1e-9)));
}

/** The largest fraction with a level. */
export function largestShare(level: number): number {
  return (level / HIGHEST_LEVEL) ** 2;
}

/** Blue for negative, white for 0, orange for positive: the ends differ in hue for any colour vision. */
const NEGATIVE = [0, 68, 136];
const ZERO = [255, 255, 255];
const POSITIVE = [190, 80, 0];

/** The colour of a value between −1 and 1, as #rrggbb. Values further from 0 are darker. */
export function signedColor(value: number): string {
  const end = value < 0 ? NEGATIVE : POSITIVE;
  const part = Math.min(1, Math.abs(value));
  const channels = ZERO.map((zero, channel) => Math.round(zero + (end[channel] - zero) * part));
  return `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
