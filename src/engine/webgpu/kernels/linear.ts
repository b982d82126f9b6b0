import type { LinearLayer } from "../../../model/index.js";
import { eachIndex, type LayerKernels } from "./layerKernels.js";

/**
 * Fully connected layer. A sample's trace is its input and then the gradient by its output: the sum over the batch takes
 * their outer product.
 */
export const linear: LayerKernels<LinearLayer> = {
  replacesInput: () => true,

  forward({ input: [inputs], output: [outputs], x, weight, bias, storeOutput }) {
    return eachIndex(
      outputs,
      "out",
      `
      var sum = ${bias("out")};
      for (var feature = 0u; feature < ${inputs}u; feature++) {
        sum += ${weight(`out * ${inputs}u + feature`)} * ${x("feature")};
      }
      ${storeOutput("out", "sum")}`,
    );
  },

  inputGradient({ input: [inputs], output: [outputs], dy, weight, storeInputGradient }) {
    return eachIndex(
      inputs,
      "feature",
      `
      var sum = 0.0;
      for (var out = 0u; out < ${outputs}u; out++) {
        sum += ${weight(`out * ${inputs}u + feature`)} * ${dy("out")};
      }
      ${storeInputGradient("feature", "sum")}`,
    );
  },

  parameters: {
    traceSize: ({ input: [inputs], output: [outputs] }) => inputs + outputs,

    trace: ({ input: [inputs], output: [outputs], x, dy, trace }) => `
      ${eachIndex(inputs, "i", `${trace("i")} = ${x("i")};`)}
      ${eachIndex(outputs, "i", `${trace(`${inputs}u + i`)} = ${dy("i")};`)}`,

    weightGradient: ({ input: [inputs] }, trace, index) =>
      `${trace(`${inputs}u + ${index} / ${inputs}u`)} * ${trace(`${index} % ${inputs}u`)}`,
    biasGradient: ({ input: [inputs] }, trace, index) => trace(`${inputs}u + ${index}`),
  },
};
