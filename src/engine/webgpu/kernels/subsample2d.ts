import { elementCount, type Subsample2dLayer } from "../../../model/index.js";
import { channelPartCount, channelSums, eachTerm } from "./channelSums.js";
import { eachIndex, imageExtents, type LayerKernels, type LayerShapes } from "./layerKernels.js";

/** The sum of each window, times the channel's coefficient, plus its bias. A sample's trace is its share of both gradients. */
export const subsample2d: LayerKernels<Subsample2dLayer> = {
  replacesInput: () => true,

  partCounts: ({ input }) => ({ trace: channelPartCount(input, 2) }),

  forward({ layer: { kernel }, input, output, x, weight, bias, storeOutput }) {
    const [, height, width] = imageExtents(input);
    const [, rows, columns] = imageExtents(output);
    const sum = `
      let channel = i / ${rows * columns}u;
      let corner = (channel * ${height}u + i / ${columns}u % ${rows}u * ${kernel}u) * ${width}u + i % ${columns}u * ${kernel}u;
      var sum = 0.0;
      for (var down = 0u; down < ${kernel}u; down++) {
        for (var right = 0u; right < ${kernel}u; right++) { sum += ${x(`corner + down * ${width}u + right`)}; }
      }
      ${storeOutput("i", `${weight("channel")} * sum + ${bias("channel")}`)}`;
    return [eachIndex(elementCount(output), "i", sum)];
  },

  inputGradient({ layer, input, output, dy, weight, storeInputGradient }) {
    const [, height, width] = imageExtents(input);
    const gradient = `${weight(`i / ${height * width}u`)} * ${dy(windowOf({ layer, input, output }, "i"))}`;
    return [eachIndex(elementCount(input), "i", storeInputGradient("i", gradient))];
  },

  parameters: {
    traceSize: ({ input: [channels] }) => 2 * channels,

    trace({ layer, input, output, x, dy, parts, trace }) {
      const { kernel } = layer;
      const [, height, width] = imageExtents(input);
      const isCorner = (place: string) =>
        `(${place} % ${width}u % ${kernel}u == 0u && ${place} / ${width}u % ${height}u % ${kernel}u == 0u)`;
      const sums = `
        var products = 0.0;
        var sum = 0.0;
        ${eachTerm(
          input,
          (place) => [x(place), dy(windowOf({ layer, input, output }, place)), isCorner(place)],
          (value, gradient, counts) =>
            `products += ${value} * ${gradient}; sum += select(0.0, ${gradient}, ${counts});`,
        )}`;
      const store = `${trace("channel")} = products; ${trace(`${input[0]}u + channel`)} = sum;`;
      return channelSums(input, parts, ["products", "sum"], sums, store);
    },

    weightGradient: (_shapes, trace, index) => trace(index),
    biasGradient: ({ input: [channels] }, trace, index) => trace(`${channels}u + ${index}`),
  },
};

/** The window that covers an input. */
function windowOf({ layer: { kernel }, input, output }: LayerShapes<Subsample2dLayer>, index: string): string {
  const [, height, width] = imageExtents(input);
  const [, rows, columns] = imageExtents(output);
  const channel = `${index} / ${height * width}u`;
  const row = `${index} / ${width}u % ${height}u / ${kernel}u`;
  return `(${channel} * ${rows}u + ${row}) * ${columns}u + ${index} % ${width}u / ${kernel}u`;
}
