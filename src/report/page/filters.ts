import { type Markup, markup } from "../markup.js";
import { signedColor } from "../palette.js";
import type { Filters } from "./report.js";

/** The side of a weight, and the gap between the channels of a filter, in SVG units. */
const SIDE = 10;
const GAP = 6;

const CHANNEL_NAMES = ["red", "green", "blue"];

/** The kernels of the first convolution, drawn as images. */
export function filterSection(filters: Filters): Markup {
  const { weights, shape } = filters;
  const [number, channels] = shape;
  const largest = Array.from(weights).reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) || 1;
  return markup`<section id="filters" aria-labelledby="filters-title">
<h2 id="filters-title">Filters of the first layer</h2>
<p>The weights of each kernel: blue negative, white 0, orange positive, the further from 0 the darker.${
    channels === 3 ? ` Each filter has one kernel per channel: ${CHANNEL_NAMES.join(", ")}, from left to right.` : ""
  }</p>
<ul class="filters">${Array.from({ length: number }, (_, index) => filterFigure(filters, index, largest))}</ul>
${rangeBar(largest)}</section>
`;
}

function filterFigure({ weights, shape }: Filters, index: number, largest: number): Markup {
  const [, channels, height, width] = shape;
  const size = channels * height * width;
  const values = Array.from({ length: size }, (_, place) => weights[index * size + place]);
  const across = channels * width * SIDE + (channels - 1) * GAP;
  const squares = values.map((value, place) => {
    const channel = Math.floor(place / (height * width));
    const x = channel * (width * SIDE + GAP) + (place % width) * SIDE;
    const y = (Math.floor(place / width) % height) * SIDE;
    return markup`<rect x="${x}" y="${y}" width="${SIDE}" height="${SIDE}" fill="${signedColor(value / largest)}"/>`;
  });
  const range = `${signed(Math.min(...values))} … ${signed(Math.max(...values))}`;
  return markup`<li><figure><svg viewBox="0 0 ${across} ${height * SIDE}" role="img" aria-label="filter ${index + 1}: weights ${range}" shape-rendering="crispEdges">${squares}</svg><figcaption>${range}</figcaption></figure></li>
`;
}

/** The colour scale. */
function rangeBar(largest: number): Markup {
  const steps = 41;
  const boxes = Array.from({ length: steps }, (_, step) => {
    const value = (2 * step) / (steps - 1) - 1;
    return markup`<rect x="${step * 8}" y="0" width="8" height="12" fill="${signedColor(value)}"/>`;
  });
  const label = (x: number, anchor: string, value: number) =>
    markup`<text x="${x}" y="27" font-size="12" text-anchor="${anchor}" fill="currentColor">${signed(value)}</text>`;
  const width = steps * 8;
  return markup`<svg class="range" viewBox="0 0 ${width} 30" role="img" aria-label="colours from ${signed(-largest)} to ${signed(largest)}">${boxes}${label(0, "start", -largest)}${label(width / 2, "middle", 0)}${label(width, "end", largest)}</svg>
`;
}

function signed(value: number): string {
  return value === 0 ? "0" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}
