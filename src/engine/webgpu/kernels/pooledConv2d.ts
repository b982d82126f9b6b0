import { type Conv2dLayer, elementCount } from "../../../model/index.js";
import {
  conv2d,
  convolved,
  forwardCorrelation,
  gradientCorrelation,
  tracePartCount,
  weightGradients,
} from "./conv2d.js";
import { correlate, storeSums } from "./correlation.js";
import { each, eachIndex, imageExtents, type LayerKernels, type LayerShapes } from "./layerKernels.js";

/**
 * A convolution of stride 1, perhaps with an activation, and the max pooling behind it, whose windows cover all without
 * overlap: a thread computes a window of sums, and keeps the largest and its place. As only that one has a gradient, the
 * weights' gradients have as many terms as there are windows. `output` is the pooling's.
 */
export const pooledConv2d: LayerKernels<Conv2dLayer> = {
  replacesInput: () => true,

  memory: (shapes) => {
    const { rows, columns } = convolved(shapes);
    return { kept: elementCount(shapes.output), spread: shapes.layer.outChannels * rows * columns };
  },

  partCounts: (shapes) => ({ trace: tracePartCount(shapes, windowCount(shapes)) }),

  forward(code) {
    const { output, kept, applyInside, storeOutput } = code;
    const [, down, across] = imageExtents(output);
    const { rows, columns } = convolved(code);
    const window = { rows: rows / down, columns: columns / across };
    const store = (sums: readonly string[], map: string) => {
      const place = (one: number) =>
        `(row + ${Math.floor(one / window.columns)}u) * ${columns}u + column + ${one % window.columns}u`;
      const index = (one: number) => `${map} * ${rows * columns}u + ${place(one)}`;
      const others = Array.from({ length: sums.length - 1 }, (_, other) => other + 1);
      return `{
        ${each(sums.length, (one) => applyInside(index(one), sums[one]))}
        var largest = ${sums[0]};
        var place = ${place(0)};
        ${others.map((one) => `if (${sums[one]} > largest) { largest = ${sums[one]}; place = ${place(one)}; }`).join("\n        ")}
        let window = (${map} * ${down}u + row / ${window.rows}u) * ${across}u + column / ${window.columns}u;
        ${kept ? `${kept("window")} = f32(place);` : ""}
        ${storeOutput("window", "largest")}
      }`;
    };
    return [correlate(forwardCorrelation(code), window, store)];
  },

  inputGradient(code) {
    const { output, dy, kept, spread, storeInputGradient } = code;
    const { rows, columns } = convolved(code);
    const [, down, across] = imageExtents(output);
    const [height, width] = [rows / down, columns / across];
    const covered = (one: number) => `top + ${Math.floor(one / width) * columns + (one % width)}u`;
    const spreadOut = `
      let map = i / ${down * across}u;
      let top = i / ${across}u % ${down}u * ${height * columns}u + i % ${across}u * ${width}u;
      let place = u32(${kept!("i")});
      let gradient = ${dy("i")};
      ${each(height * width, (one) => `${spread(`map * ${rows * columns}u + ${covered(one)}`)} = select(0.0, gradient, ${covered(one)} == place);`)}`;
    const correlation = gradientCorrelation(code, { rows, columns }, spread);
    return [
      eachIndex(elementCount(output), "i", spreadOut),
      correlate(correlation, undefined, storeSums(correlation, storeInputGradient)),
    ];
  },

  parameters: {
    ...conv2d.parameters!,
    trace: (code) => weightGradients(code, windowCount(code), (_point, all) => `u32(${code.kept!(all)})`),
  },
};

/** The windows of a map. */
function windowCount({ output }: LayerShapes<Conv2dLayer>): number {
  const [, rows, columns] = imageExtents(output);
  return rows * columns;
}
