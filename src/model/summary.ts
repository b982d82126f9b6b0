import { elementCount } from "./layers/index.js";
import type { Model } from "./model.js";
import { countParameters, inferShapes, parameterSpecs } from "./shapes.js";

/** A model's summary as data. Shapes are per sample. */
export interface ModelSummary {
  readonly layers: readonly {
    readonly label: string;
    readonly outputShape: readonly number[];
    readonly parameters: number;
    readonly multiplyAdds: number;
  }[];
  readonly totalParameters: number;
  readonly multiplyAdds: number;
  readonly inputMegabytes: number;
  readonly forwardBackwardMegabytes: number;
  readonly parameterMegabytes: number;
  readonly totalMegabytes: number;
}

const megabytes = (floats: number): number => (floats * 4) / 1024 ** 2;

/** Summarizes a model: layers, parameters, multiply-adds and torchsummary's memory estimates (MiB, one sample). */
export function summarize(model: Model): ModelSummary {
  const shaped = inferShapes(model);
  const layers = shaped.map(({ label, output, parameters, multiplyAdds }) => ({
    label,
    outputShape: output,
    parameters: countParameters(parameters),
    multiplyAdds,
  }));
  const totalParameters = countParameters(parameterSpecs(shaped));
  const { channels, height, width } = model.input;
  const inputMegabytes = megabytes(channels * height * width);
  const forwardBackwardMegabytes =
    2 * megabytes(layers.reduce((sum, { outputShape }) => sum + elementCount(outputShape), 0));
  const parameterMegabytes = megabytes(totalParameters);
  return {
    layers,
    totalParameters,
    multiplyAdds: layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
    inputMegabytes,
    forwardBackwardMegabytes,
    parameterMegabytes,
    totalMegabytes: inputMegabytes + forwardBackwardMegabytes + parameterMegabytes,
  };
}

const WIDTH = 64;

/**
 * Formats a summary as torchsummary 1.5.1 prints it.
 *
 * @example
 * ```ts
 * import { formatSummary, LeNet5, summarize } from "lenet";
 *
 * console.log(formatSummary(summarize(LeNet5.create({ classes: ["cat", "dog"] }).model)));
 * ```
 */
export function formatSummary(summary: ModelSummary): string {
  const row = (label: string, shape: string, parameters: string) =>
    `${label.padStart(20)}  ${shape.padStart(25)} ${parameters.padStart(15)}`;
  const total = summary.totalParameters.toLocaleString("en-US");
  return [
    "-".repeat(WIDTH),
    row("Layer (type)", "Output Shape", "Param #"),
    "=".repeat(WIDTH),
    ...summary.layers.map(({ label, outputShape, parameters }) =>
      row(label, `[${[-1, ...outputShape].join(", ")}]`, parameters.toLocaleString("en-US")),
    ),
    "=".repeat(WIDTH),
    `Total params: ${total}`,
    `Trainable params: ${total}`,
    "Non-trainable params: 0",
    "-".repeat(WIDTH),
    `Input size (MB): ${summary.inputMegabytes.toFixed(2)}`,
    `Forward/backward pass size (MB): ${summary.forwardBackwardMegabytes.toFixed(2)}`,
    `Params size (MB): ${summary.parameterMegabytes.toFixed(2)}`,
    `Estimated Total Size (MB): ${summary.totalMegabytes.toFixed(2)}`,
    "-".repeat(WIDTH),
  ].join("\n");
}
