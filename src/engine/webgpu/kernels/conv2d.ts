import type { Conv2dLayer } from "../../../model/index.js";
import { addTerms, eachIndex, imageExtents, type LayerKernels, type LayerShapes, THREADS } from "./layerKernels.js";
import { coveringWindows } from "./window.js";

/** A thread computes at most so many values at once. */
const MOST_AT_ONCE = 8;
/** Terms that are loaded together where a thread computes a single sum. */
const TERMS_AT_ONCE = 4;

/**
 * 2-d convolution. A thread computes some maps of an output, some channels of an input's gradient, or a row of a weight's
 * gradient at once, and so loads what they share once. A sample's trace is its share of the gradients, weight first.
 */
export const conv2d: LayerKernels<Conv2dLayer> = {
  replacesInput: () => true,

  forward({ layer, input, output, x, weight, bias, storeOutput }) {
    const [channels, height, width] = imageExtents(input);
    const [maps, rows, columns] = imageExtents(output);
    const { kernel, stride, padding } = layer;
    const places = rows * columns;
    const taps = kernel * kernel;
    const atOnce = countAtOnce(maps, places);
    const code = `
      let place = i % ${places}u;
      let map = i / ${places}u * ${atOnce}u;
      let top = i32(place / ${columns}u * ${stride}u) - ${padding};
      let left = i32(place % ${columns}u * ${stride}u) - ${padding};
      ${insideTaps(layer, height, width)}
      ${each(atOnce, (one) => `var sum${one} = ${bias(`map + ${one}u`)};`)}
      for (var channel = 0u; channel < ${channels}u; channel++) {
        for (var row = firstRow; row < endRow; row++) {
          let weightRow = (map * ${channels}u + channel) * ${taps}u + u32(row) * ${kernel}u;
          let inputRow = i32(channel * ${height * width}u) + (top + row) * ${width} + left;
          for (var column = firstColumn; column < endColumn; column++) {
            let value = ${x("u32(inputRow + column)")};
            ${each(atOnce, (one) => `sum${one} += ${weight(`weightRow + ${one * channels * taps}u + u32(column)`)} * value;`)}
          }
        }
      }
      ${each(atOnce, (one) => storeOutput(`(map + ${one}u) * ${places}u + place`, `sum${one}`))}`;
    return [eachIndex((places * maps) / atOnce, "i", code)];
  },

  inputGradient({ layer, input, output, dy, weight, storeInputGradient }) {
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
    return [eachIndex((places * channels) / atOnce, "i", code)];
  },

  parameters: {
    traceSize: (shapes) => weightCount(shapes) + shapes.layer.outChannels,

    trace({ layer, input, output, x, dy, trace }) {
      const [channels, height, width] = imageExtents(input);
      const [maps, rows, columns] = imageExtents(output);
      const { kernel, stride, padding } = layer;
      const weights = weightCount({ layer, input, output });
      // Beside padding, the taps of a row have windows of their own.
      const atOnce = padding === 0 ? countAtOnce(kernel, weights / kernel) : 1;
      const weightCode = `
        let weight = i * ${atOnce}u;
        let map = weight / ${channels * kernel * kernel}u;
        let channel = weight / ${kernel * kernel}u % ${channels}u;
        let down = i32(weight / ${kernel}u % ${kernel}u) - ${padding};
        let right = i32(weight % ${kernel}u) - ${padding};
        ${insideWindows("row", "down", height, rows, stride)}
        ${insideWindows("column", "right", width, columns, stride)}
        ${each(atOnce, (one) => `var sum${one} = 0.0;`)}
        for (var row = rowFirst; row < rowEnd; row++) {
          let gradientRow = map * ${rows * columns}u + u32(row) * ${columns}u;
          let inputRow = i32(channel * ${height * width}u) + (row * ${stride} + down) * ${width} + right;
          var column = columnFirst;
          ${addTerms({
            index: "column",
            end: "columnEnd",
            atOnce: atOnce === 1 ? TERMS_AT_ONCE : 1,
            loads: (column) => [
              dy(`gradientRow + u32(${column})`),
              ...Array.from({ length: atOnce }, (_, one) => x(`u32(inputRow + ${column} * ${stride} + ${one})`)),
            ],
            add: (gradient, ...inputs) => inputs.map((input, one) => `sum${one} += ${gradient} * ${input};`).join(" "),
          })}
        }
        ${each(atOnce, (one) => `${trace(`weight + ${one}u`)} = sum${one};`)}`;
      const loop = addTerms({
        index: "place",
        end: "end",
        atOnce: TERMS_AT_ONCE,
        loads: (place) => [dy(place)],
        add: (gradient) => `sum += ${gradient};`,
      });
      // The last threads, which have the fewest weights.
      const biases = `
      for (var map = THREADS - 1u - t; map < ${maps}u; map += THREADS) {
        var sum = 0.0;
        var place = map * ${rows * columns}u;
        let end = place + ${rows * columns}u;
        ${loop}
        ${trace(`${weights}u + map`)} = sum;
      }`;
      return `${eachIndex(weights / atOnce, "i", weightCode)}\n${biases}`;
    },

    weightGradient: (_shapes, trace, index) => trace(index),
    biasGradient: (shapes, trace, index) => trace(`${weightCount(shapes)}u + ${index}`),
  },
};

function weightCount({ layer: { outChannels, kernel }, input: [channels] }: LayerShapes<Conv2dLayer>): number {
  return outChannels * channels * kernel * kernel;
}

/** Of so many values in each of so many places: the number for a thread with which all threads have the fewest loads. */
function countAtOnce(values: number, places: number): number {
  const loads = (count: number) => Math.ceil((places * values) / count / THREADS) * (count + 1);
  const counts = Array.from({ length: MOST_AT_ONCE }, (_, index) => index + 1).filter((count) => values % count === 0);
  return counts.reduce((best, count) => (loads(count) < loads(best) ? count : best));
}

/** The code of each value that a thread computes at once. */
function each(count: number, code: (one: number) => string): string {
  return Array.from({ length: count }, (_, one) => code(one)).join("\n            ");
}

/** Declares the rows and columns of the kernel that lie inside the image, if its corner lies at (top, left). */
function insideTaps({ kernel, padding }: Conv2dLayer, height: number, width: number): string {
  if (padding === 0) {
    return `const firstRow = 0; const endRow = ${kernel}; const firstColumn = 0; const endColumn = ${kernel};`;
  }
  return `
      let firstRow = max(0, -top);
      let endRow = min(${kernel}, ${height} - top);
      let firstColumn = max(0, -left);
      let endColumn = min(${kernel}, ${width} - left);`;
}

/** Declares the windows for which an element of the kernel lies inside the image: those with 0 ≤ window · stride + shift < extent. */
function insideWindows(name: string, shift: string, extent: number, windows: number, stride: number): string {
  return `
        let ${name}First = max(0, ${stride - 1} - ${shift}) / ${stride};
        let ${name}End = min(${windows}, max(0, ${extent + stride - 1} - ${shift}) / ${stride});`;
}
