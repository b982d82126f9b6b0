import type { Conv2dLayer } from "../../../model/index.js";
import { type Correlation, correlate, storeSums } from "./correlation.js";
import {
  type Element,
  each,
  eachIndex,
  imageExtents,
  type LayerCode,
  type LayerKernels,
  type LayerShapes,
  largestDivisor,
  THREADS,
} from "./layerKernels.js";
import { coveringWindows } from "./window.js";

const WORD_BITS = 32;
/** A thread gathers the gradients of so many channels at most. */
const MOST_AT_ONCE = 8;
/** Points of a weight's gradient that are loaded together at most, and that a thread has at least. */
const POINTS_AT_ONCE = 5;
const LEAST_POINTS = 8;

/** 2-d convolution. A sample's trace is its share of the gradients, weight first. */
export const conv2d: LayerKernels<Conv2dLayer> = {
  replacesInput: () => true,

  partCounts: (shapes) => ({ trace: tracePartCount(shapes, pointCount(shapes)) }),

  forward(code) {
    const correlation = forwardCorrelation(code);
    return [correlate(correlation, undefined, storeSums(correlation, code.storeOutput))];
  },

  inputGradient(code) {
    if (code.layer.stride > 1) return [gatherGradient(code)];
    const correlation = gradientCorrelation(code, convolved(code), code.dy);
    return [correlate(correlation, undefined, storeSums(correlation, code.storeInputGradient))];
  },

  parameters: {
    traceSize: (shapes) => weightCount(shapes) + shapes.layer.outChannels,
    trace: (code) => weightGradients(code, pointCount(code), (point) => point),
    weightGradient: (shapes, trace, index) => ofConnected(shapes, trace(index), index),
    biasGradient: (shapes, trace, index) => trace(`${weightCount(shapes)}u + ${index}`),
  },
};

/** Rows and columns of a convolution's output, before anything pools it. */
export function convolved({ layer, input }: Pick<LayerShapes<Conv2dLayer>, "layer" | "input">) {
  const [, height, width] = imageExtents(input);
  const { kernel, stride, padding } = layer;
  const extent = (size: number) => Math.floor((size + 2 * padding - kernel) / stride) + 1;
  return { rows: extent(height), columns: extent(width) };
}

function pointCount(shapes: LayerShapes<Conv2dLayer>): number {
  const { rows, columns } = convolved(shapes);
  return rows * columns;
}

/** The forward pass: the sums of the windows of the input, before anything pools them. */
export function forwardCorrelation(code: LayerCode<Conv2dLayer>): Correlation {
  const { layer, input, x, weight, bias } = code;
  const [channels, height, width] = imageExtents(input);
  const { kernel, stride, padding } = layer;
  return {
    ...{ channels, height, width, maps: layer.outChannels, ...convolved(code), kernel, stride, padding },
    value: x,
    weight: (map, channel, row, column) =>
      weight(`((${map} * ${channels}u + ${channel}) * ${kernel}u + ${row}) * ${kernel}u + ${column}`),
    start: bias,
  };
}

/**
 * The gradient by the input of a convolution of stride 1: a convolution of the gradient by the output, with the kernel
 * turned round.
 */
export function gradientCorrelation(
  { layer, input, weight }: LayerCode<Conv2dLayer>,
  output: ReturnType<typeof convolved>,
  gradient: Element,
): Correlation {
  const [channels, height, width] = imageExtents(input);
  const { kernel, padding, outChannels } = layer;
  const last = `${kernel - 1}u`;
  return {
    ...{ channels: outChannels, height: output.rows, width: output.columns, maps: channels, rows: height },
    ...{ columns: width, kernel, stride: 1, padding: kernel - 1 - padding },
    value: gradient,
    weight: (map, channel, row, column) =>
      weight(
        `((${channel} * ${channels}u + ${map}) * ${kernel}u + ${last} - ${row}) * ${kernel}u + ${last} - ${column}`,
      ),
    start: () => "0.0",
  };
}

/** The gradient by the input for any stride: every input passes through the windows that cover it. */
function gatherGradient({ layer, input, output, dy, weight, storeInputGradient }: LayerCode<Conv2dLayer>): string {
  const [channels, height, width] = imageExtents(input);
  const [maps, rows, columns] = imageExtents(output);
  const { kernel, stride, padding } = layer;
  const places = height * width;
  const taps = kernel * kernel;
  const atOnce = countAtOnce(channels, places);
  const code = `
      let place = i % ${places}u;
      let channel = i / ${places}u * ${atOnce}u;
      let y = i32(place / ${width}u);
      let x = i32(place % ${width}u);
      ${coveringWindows("row", "y", rows, layer)}
      ${coveringWindows("column", "x", columns, layer)}
      ${each(atOnce, (one) => `var sum${one} = 0.0;`)}
      for (var map = 0u; map < ${maps}u; map++) {
        let weights = (map * ${channels}u + channel) * ${taps}u;
        for (var row = rowFirst; row < rowEnd; row++) {
          let weightRow = weights + u32(y + ${padding} - row * ${stride}) * ${kernel}u;
          let gradientRow = map * ${rows * columns}u + u32(row) * ${columns}u;
          for (var column = columnFirst; column < columnEnd; column++) {
            let gradient = ${dy("gradientRow + u32(column)")};
            let tap = weightRow + u32(x + ${padding} - column * ${stride});
            ${each(atOnce, (one) => `sum${one} += ${weight(`tap + ${one * taps}u`)} * gradient;`)}
          }
        }
      }
      ${each(atOnce, (one) => storeInputGradient(`(channel + ${one}u) * ${places}u + place`, `sum${one}`))}`;
  return eachIndex((places * channels) / atOnce, "i", code);
}

/** The number of parts that the points of a weight's gradient are divided into: as large as they can be, all the same if possible. */
function partsOfPoints({ layer, input: [channels] }: LayerShapes<Conv2dLayer>, points: number): number {
  const most = Math.min(
    Math.floor(THREADS / (layer.outChannels * channels * layer.kernel)),
    Math.floor(points / LEAST_POINTS),
  );
  const divisor = largestDivisor(points, most);
  return Math.max(1, 2 * divisor > most ? divisor : most);
}

/** How many parts of sums the threads leave for the weights' gradients. */
export function tracePartCount(shapes: LayerShapes<Conv2dLayer>, points: number): number {
  const { layer, input } = shapes;
  const parts = partsOfPoints(shapes, points);
  return parts > 1 ? parts * layer.outChannels * input[0] * layer.kernel * (layer.kernel + 1) : 0;
}

/**
 * The gradients of the weights and biases. A thread sums those of a row of a kernel, and of its map's bias, over the points
 * of the output that have a gradient, or over a part of them if there are threads enough.
 *
 * @param points those of a map
 * @param placeOf the place in the map of a point, by its index among the points of all maps and in its map
 */
export function weightGradients(
  code: LayerCode<Conv2dLayer>,
  points: number,
  placeOf: (point: string, all: string) => string,
): string[] {
  const { layer, input, parts, trace } = code;
  const { kernel, outChannels } = layer;
  const rows = outChannels * input[0] * kernel;
  const weights = rows * kernel;
  const count = parts ? partsOfPoints(code, points) : 1;
  const pointsOfPart = Math.ceil(points / count);
  const sums = sumPoints(code, { points, pointsOfPart, isExact: points % count === 0, placeOf });
  const rowsOfMap = rows / outChannels;
  const ofBias = (row: string, value: string) =>
    `if (${row} % ${rowsOfMap}u == 0u) { ${trace(`${weights}u + ${row} / ${rowsOfMap}u`)} = ${value}; }`;
  if (!parts || count === 1) {
    const store = `${each(kernel, (tap) => `${trace(`r * ${kernel}u + ${tap}u`)} = sum${tap};`)}\n${ofBias("r", "ofBias")}`;
    return [eachIndex(rows, "r", `let first = 0u;\n${sums}\n${store}`)];
  }
  const ofRow = kernel + 1;
  const part = `
    let r = t % ${rows}u;
    let first = t / ${rows}u * ${pointsOfPart}u;
    ${sums}
    ${each(kernel, (tap) => `${parts(`t * ${ofRow}u + ${tap}u`)} = sum${tap};`)}
    ${parts(`t * ${ofRow}u + ${kernel}u`)} = ofBias;`;
  const all = Array.from({ length: count }, (_, index) => parts(`${index * rows * ofRow}u + j`));
  const add = `
    let r = j / ${ofRow}u;
    let tap = j % ${ofRow}u;
    let sum = ${all.join(" + ")};
    if (tap < ${kernel}u) { ${trace(`r * ${kernel}u + tap`)} = sum; } else ${ofBias("r", "sum")}`;
  return [`if (t < ${count * rows}u) {${part}\n}`, eachIndex(rows * ofRow, "j", add)];
}

/** How a thread passes through points. */
interface Points {
  readonly points: number;
  readonly pointsOfPart: number;
  /** Whether all parts have as many. */
  readonly isExact: boolean;
  readonly placeOf: (point: string, all: string) => string;
}

/** Declares the sums of row `r` over the points from `first`: `sum0` … of the weights, and `ofBias`. */
function sumPoints({ layer, input, x, dy }: LayerCode<Conv2dLayer>, given: Points): string {
  const { points, pointsOfPart, isExact, placeOf } = given;
  const [channels, height, width] = imageExtents(input);
  const { kernel, stride, padding } = layer;
  const { columns } = convolved({ layer, input });
  const atOnce = isExact ? largestDivisor(pointsOfPart, POINTS_AT_ONCE) : 1;
  const load = (one: number) => {
    const value = (tap: number) => {
      const index = `u32(base${one} + ${tap})`;
      if (padding === 0) return x(index);
      const isInside = `(isRow${one} & (x${one} + ${tap} >= 0) & (x${one} + ${tap} < ${width}))`;
      return `select(0.0, ${x(`select(0u, ${index}, ${isInside})`)}, ${isInside})`;
    };
    return `
        let at${one} = map * ${points}u + point + ${one}u;
        let gradient${one} = ${dy(`at${one}`)};
        let place${one} = ${placeOf(`(point + ${one}u)`, `at${one}`)};
        let y${one} = i32(place${one} / ${columns}u) * ${stride} + down;
        let x${one} = i32(place${one} % ${columns}u) * ${stride} - ${padding};
        let base${one} = (channel * ${height} + y${one}) * ${width} + x${one};
        ${padding === 0 ? "" : `let isRow${one} = (y${one} >= 0) & (y${one} < ${height});`}
        ${each(kernel, (tap) => `let value${one}_${tap} = ${value(tap)};`)}`;
  };
  return `
      let map = r / ${channels * kernel}u;
      let channel = i32(r / ${kernel}u % ${channels}u);
      let down = i32(r % ${kernel}u) - ${padding};
      var ofBias = 0.0;
      ${each(kernel, (tap) => `var sum${tap} = 0.0;`)}
      let end = min(first + ${pointsOfPart}u, ${points}u);
      for (var point = first; point < end; point += ${atOnce}u) {
        ${each(atOnce, load)}
        ${each(atOnce, (one) => `ofBias += gradient${one}; ${each(kernel, (tap) => `sum${tap} += gradient${one} * value${one}_${tap};`)}`)}
      }`;
}

/** The gradient of a weight, or 0 if it is not connected, so that it stays 0. */
function ofConnected({ layer, input: [channels] }: LayerShapes<Conv2dLayer>, gradient: string, index: string): string {
  const { connections, kernel } = layer;
  if (!connections) return gradient;
  const words = Math.ceil(channels / WORD_BITS);
  const bits = connections.flatMap((inputs) =>
    Array.from({ length: words }, (_, word) =>
      inputs.reduce(
        (sum, channel) => (Math.floor(channel / WORD_BITS) === word ? sum + 2 ** (channel % WORD_BITS) : sum),
        0,
      ),
    ),
  );
  const pair = `(${index} / ${kernel * kernel}u)`;
  const channel = `${pair} % ${channels}u`;
  const word = `${pair} / ${channels}u * ${words}u + ${channel} / ${WORD_BITS}u`;
  const all = `array<u32, ${bits.length}>(${bits.map((one) => `${one}u`).join(", ")})`;
  return `select(0.0, ${gradient}, ((${all}[${word}] >> (${channel} % ${WORD_BITS}u)) & 1u) == 1u)`;
}

function weightCount({ layer: { outChannels, kernel }, input: [channels] }: LayerShapes<Conv2dLayer>): number {
  return outChannels * channels * kernel * kernel;
}

/** Of so many values in each of so many places: the number for a thread with which all threads have the fewest loads. */
function countAtOnce(values: number, places: number): number {
  const loads = (count: number) => Math.ceil((places * values) / count / THREADS) * (count + 1);
  const counts = Array.from({ length: MOST_AT_ONCE }, (_, index) => index + 1).filter((count) => values % count === 0);
  return counts.reduce((best, count) => (loads(count) < loads(best) ? count : best));
}
