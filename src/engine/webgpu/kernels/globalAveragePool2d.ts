import { elementCount, type GlobalAveragePool2dLayer } from "../../../model/index.js";
import { eachIndex, imageExtents, type LayerKernels } from "./layerKernels.js";

/** The mean of each channel; the gradient goes back in equal shares. */
export const globalAveragePool2d: LayerKernels<GlobalAveragePool2dLayer> = {
  replacesInput: () => true,

  forward({ input, x, storeOutput }) {
    const [channels, height, width] = imageExtents(input);
    const places = height * width;
    const mean = `
      var sum = 0.0;
      for (var place = 0u; place < ${places}u; place++) { sum += ${x(`channel * ${places}u + place`)}; }
      ${storeOutput("channel", `sum / ${places}.0`)}`;
    return [eachIndex(channels, "channel", mean)];
  },

  inputGradient({ input, dy, storeInputGradient }) {
    const [, height, width] = imageExtents(input);
    const places = height * width;
    const gradient = `${dy(`i / ${places}u`)} / ${places}.0`;
    return [eachIndex(elementCount(input), "i", storeInputGradient("i", gradient))];
  },
};
