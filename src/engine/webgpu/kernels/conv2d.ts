import { type Conv2dLayer, elementCount } from "../../../model/index.js";
import { eachIndex, imageExtents, type LayerKernels, type LayerShapes } from "./layerKernels.js";
import { coveringWindows } from "./window.js";

/** 2-d convolution. A sample's trace is its share of the gradients, weight first. */
export const conv2d: LayerKernels<Conv2dLayer> = {
  replacesInput: () => true,

  forward({ layer, input, output, x, weight, bias, storeOutput }) {
    const [channels, height, width] = imageExtents(input);
    const [, rows, columns] = imageExtents(output);
    const { kernel, stride } = layer;
    return eachIndex(
      elementCount(output),
      "i",
      `
      let map = i / ${rows * columns}u;
      let top = i32(i / ${columns}u % ${rows}u * ${stride}u) - ${layer.padding};
      let left = i32(i % ${columns}u * ${stride}u) - ${layer.padding};
      ${insideTaps(layer, height, width)}
      var sum = ${bias("map")};
      for (var channel = 0u; channel < ${channels}u; channel++) {
        for (var row = firstRow; row < endRow; row++) {
          let weightRow = ((map * ${channels}u + channel) * ${kernel}u + u32(row)) * ${kernel}u;
          let inputRow = i32(channel * ${height * width}u) + (top + row) * ${width} + left;
          for (var column = firstColumn; column < endColumn; column++) {
            sum += ${weight("weightRow + u32(column)")} * ${x("u32(inputRow + column)")};
          }
        }
      }
      ${storeOutput("i", "sum")}`,
    );
  },

  inputGradient({ layer, input, output, dy, weight, storeInputGradient }) {
    const [channels, height, width] = imageExtents(input);
    const [maps, rows, columns] = imageExtents(output);
    const { kernel, stride, padding } = layer;
    return eachIndex(
      elementCount(input),
      "i",
      `
      let channel = i / ${height * width}u;
      let y = i32(i / ${width}u % ${height}u);
      let x = i32(i % ${width}u);
      ${coveringWindows("row", "y", rows, layer)}
      ${coveringWindows("column", "x", columns, layer)}
      var sum = 0.0;
      for (var map = 0u; map < ${maps}u; map++) {
        let weights = (map * ${channels}u + channel) * ${kernel * kernel}u;
        for (var row = rowFirst; row < rowEnd; row++) {
          let weightRow = weights + u32(y + ${padding} - row * ${stride}) * ${kernel}u;
          let gradientRow = map * ${rows * columns}u + u32(row) * ${columns}u;
          for (var column = columnFirst; column < columnEnd; column++) {
            sum += ${weight(`weightRow + u32(x + ${padding} - column * ${stride})`)} * ${dy("gradientRow + u32(column)")};
          }
        }
      }
      ${storeInputGradient("i", "sum")}`,
    );
  },

  parameters: {
    traceSize: (shapes) => weightCount(shapes) + shapes.layer.outChannels,

    trace({ layer, input, output, x, dy, trace }) {
      const [channels, height, width] = imageExtents(input);
      const [maps, rows, columns] = imageExtents(output);
      const { kernel, stride, padding } = layer;
      const weights = weightCount({ layer, input, output });
      return `
      ${eachIndex(
        weights,
        "i",
        `
        let map = i / ${channels * kernel * kernel}u;
        let channel = i / ${kernel * kernel}u % ${channels}u;
        let down = i32(i / ${kernel}u % ${kernel}u) - ${padding};
        let right = i32(i % ${kernel}u) - ${padding};
        ${insideWindows("row", "down", height, rows, stride)}
        ${insideWindows("column", "right", width, columns, stride)}
        var sum = 0.0;
        for (var row = rowFirst; row < rowEnd; row++) {
          let gradientRow = map * ${rows * columns}u + u32(row) * ${columns}u;
          let inputRow = i32(channel * ${height * width}u) + (row * ${stride} + down) * ${width} + right;
          for (var column = columnFirst; column < columnEnd; column++) {
            sum += ${dy("gradientRow + u32(column)")} * ${x(`u32(inputRow + column * ${stride})`)};
          }
        }
        ${trace("i")} = sum;`,
      )}
      ${eachIndex(
        maps,
        "map",
        `
        var sum = 0.0;
        for (var place = 0u; place < ${rows * columns}u; place++) { sum += ${dy(`map * ${rows * columns}u + place`)}; }
        ${trace(`${weights}u + map`)} = sum;`,
      )}`;
    },

    weightGradient: (_shapes, trace, index) => trace(index),
    biasGradient: (shapes, trace, index) => trace(`${weightCount(shapes)}u + ${index}`),
  },
};

function weightCount({ layer: { outChannels, kernel }, input: [channels] }: LayerShapes<Conv2dLayer>): number {
  return outChannels * channels * kernel * kernel;
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
