import { describe, expect, it } from "vitest";
import { type LeNet5Options, lenet5 } from "./lenet5.js";
import { formatSummary, summarize } from "./summary.js";

const PAPER = { classes: 10, activation: "sigmoid", pooling: "averagePool2d", dropout: 0 } as const;
const IMPROVED = { classes: 10, activation: "relu", pooling: "maxPool2d", dropout: 0.5 } as const;
const SMALL = { channels: 1, height: 28, width: 28 };
const COLOUR = { channels: 3, height: 32, width: 32 };

const printed = (options: LeNet5Options) => formatSummary(summarize(lenet5(options))).split("\n");

const HEAD = [
  "----------------------------------------------------------------",
  "        Layer (type)               Output Shape         Param #",
  "================================================================",
];

/** The lines below the rows. */
function foot(total: string, ...sizes: [string, string, string, string]): string[] {
  return [
    "================================================================",
    `Total params: ${total}`,
    `Trainable params: ${total}`,
    "Non-trainable params: 0",
    "----------------------------------------------------------------",
    `Input size (MB): ${sizes[0]}`,
    `Forward/backward pass size (MB): ${sizes[1]}`,
    `Params size (MB): ${sizes[2]}`,
    `Estimated Total Size (MB): ${sizes[3]}`,
    "----------------------------------------------------------------",
  ];
}

describe("formatSummary", () => {
  it("prints torchsummary's table: paper, 1×28×28", () => {
    expect(printed({ ...PAPER, input: SMALL })).toEqual([
      ...HEAD,
      "            Conv2d-1            [-1, 6, 28, 28]             156",
      "           Sigmoid-2            [-1, 6, 28, 28]               0",
      "         AvgPool2d-3            [-1, 6, 14, 14]               0",
      "            Conv2d-4           [-1, 16, 10, 10]           2,416",
      "           Sigmoid-5           [-1, 16, 10, 10]               0",
      "         AvgPool2d-6             [-1, 16, 5, 5]               0",
      "           Flatten-7                  [-1, 400]               0",
      "            Linear-8                  [-1, 120]          48,120",
      "           Sigmoid-9                  [-1, 120]               0",
      "           Linear-10                   [-1, 84]          10,164",
      "          Sigmoid-11                   [-1, 84]               0",
      "           Linear-12                   [-1, 10]             850",
      ...foot("61,706", "0.00", "0.11", "0.24", "0.35"),
    ]);
  });

  it("prints torchsummary's table: paper, 3×32×32", () => {
    expect(printed({ ...PAPER, input: COLOUR })).toEqual([
      ...HEAD,
      "            Conv2d-1            [-1, 6, 32, 32]             456",
      "           Sigmoid-2            [-1, 6, 32, 32]               0",
      "         AvgPool2d-3            [-1, 6, 16, 16]               0",
      "            Conv2d-4           [-1, 16, 12, 12]           2,416",
      "           Sigmoid-5           [-1, 16, 12, 12]               0",
      "         AvgPool2d-6             [-1, 16, 6, 6]               0",
      "           Flatten-7                  [-1, 576]               0",
      "            Linear-8                  [-1, 120]          69,240",
      "           Sigmoid-9                  [-1, 120]               0",
      "           Linear-10                   [-1, 84]          10,164",
      "          Sigmoid-11                   [-1, 84]               0",
      "           Linear-12                   [-1, 10]             850",
      ...foot("83,126", "0.01", "0.15", "0.32", "0.48"),
    ]);
  });

  it("prints torchsummary's table: improved, 1×28×28", () => {
    expect(printed({ ...IMPROVED, input: SMALL })).toEqual([
      ...HEAD,
      "            Conv2d-1            [-1, 6, 28, 28]             156",
      "              ReLU-2            [-1, 6, 28, 28]               0",
      "         MaxPool2d-3            [-1, 6, 14, 14]               0",
      "            Conv2d-4           [-1, 16, 10, 10]           2,416",
      "              ReLU-5           [-1, 16, 10, 10]               0",
      "         MaxPool2d-6             [-1, 16, 5, 5]               0",
      "           Flatten-7                  [-1, 400]               0",
      "            Linear-8                  [-1, 120]          48,120",
      "              ReLU-9                  [-1, 120]               0",
      "          Dropout-10                  [-1, 120]               0",
      "           Linear-11                   [-1, 84]          10,164",
      "             ReLU-12                   [-1, 84]               0",
      "          Dropout-13                   [-1, 84]               0",
      "           Linear-14                   [-1, 10]             850",
      ...foot("61,706", "0.00", "0.12", "0.24", "0.35"),
    ]);
  });

  it("prints torchsummary's table: improved, 3×32×32", () => {
    expect(printed({ ...IMPROVED, input: COLOUR })).toEqual([
      ...HEAD,
      "            Conv2d-1            [-1, 6, 32, 32]             456",
      "              ReLU-2            [-1, 6, 32, 32]               0",
      "         MaxPool2d-3            [-1, 6, 16, 16]               0",
      "            Conv2d-4           [-1, 16, 12, 12]           2,416",
      "              ReLU-5           [-1, 16, 12, 12]               0",
      "         MaxPool2d-6             [-1, 16, 6, 6]               0",
      "           Flatten-7                  [-1, 576]               0",
      "            Linear-8                  [-1, 120]          69,240",
      "              ReLU-9                  [-1, 120]               0",
      "          Dropout-10                  [-1, 120]               0",
      "           Linear-11                   [-1, 84]          10,164",
      "             ReLU-12                   [-1, 84]               0",
      "          Dropout-13                   [-1, 84]               0",
      "           Linear-14                   [-1, 10]             850",
      ...foot("83,126", "0.01", "0.15", "0.32", "0.48"),
    ]);
  });
});

describe("summarize", () => {
  it("returns the same numbers as data, and the cost of each layer", () => {
    const { layers, totalParameters, multiplyAdds, ...megabytes } = summarize(lenet5({ ...PAPER, input: SMALL }));
    expect([totalParameters, multiplyAdds]).toEqual([61_706, 416_520]);
    expect(layers[0]).toEqual({ label: "Conv2d-1", outputShape: [6, 28, 28], parameters: 156, multiplyAdds: 117_600 });
    expect(layers[3].multiplyAdds).toBe(240_000);
    const linear = layers.filter(({ label }) => label.startsWith("Linear"));
    expect(linear.reduce((sum, layer) => sum + layer.multiplyAdds, 0)).toBe(58_920);
    const { inputMegabytes, forwardBackwardMegabytes, parameterMegabytes, totalMegabytes } = megabytes;
    expect(inputMegabytes).toBe((784 * 4) / 2 ** 20);
    expect(parameterMegabytes).toBe((61_706 * 4) / 2 ** 20);
    expect(totalMegabytes).toBe(inputMegabytes + forwardBackwardMegabytes + parameterMegabytes);
  });
});
