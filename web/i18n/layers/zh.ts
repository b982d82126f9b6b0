import type { LayerMessages } from "./en.js";

export const zh: LayerMessages = {
  kinds: {
    conv2d: {
      title: "卷积",
      name: "卷积",
      about:
        "一个小窗口在图上滑动。在每个位置，窗口里的像素与卷积核的权重相乘后相加，再加上偏置：一个卷积核得到一张特征图。",
    },
    averagePool2d: {
      title: "平均池化",
      name: "平均",
      about: "每个窗口变成其中各值的平均。此后，某个东西究竟出现在哪里就不那么重要了，要计算的也更少。",
    },
    maxPool2d: {
      title: "最大池化",
      name: "最大值",
      about: "每个窗口变成其中最大的值。此后，某个东西究竟出现在哪里就不那么重要了，要计算的也更少。",
    },
    subsample2d: {
      title: "可训练的下采样",
      name: "可训练",
      about: "每个窗口变成其中各值之和乘以系数，再加上偏置。每张特征图学习自己的系数和偏置，与 1998 年的网络相同。",
    },
    globalAveragePool2d: {
      title: "全局平均池化",
      name: "整图平均",
      about: "每张特征图变成它的平均值：看到了多少，而不管在哪里。",
    },
    linear: { title: "全连接", name: "全连接", about: "每个输出把所有输入各乘以自己的权重后相加，再加上偏置。" },
    batchNorm: {
      title: "批量归一化",
      name: "归一化",
      about:
        "把每个通道平移、缩放到均值 0、方差 1，再用两个学到的数值缩放和平移。训练时用当前批次测得的统计量，之后用训练中累积的统计量。",
    },
    rbf: {
      title: "到位图的距离",
      name: "RBF",
      about: "每个输出是输入与一个数字的固定图样（以 +1 和 −1 画成）之间均方差的相反数。最近的数字胜出。",
    },
    sigmoid: {
      title: "Sigmoid",
      name: "sigmoid",
      about: "逐个处理数值：用 1 / (1 + e 的 −x 次方) 压缩到 0 到 1 之间。",
    },
    relu: { title: "ReLU", name: "ReLU", about: "逐个处理数值：负数变成 0，其余不变。" },
    leakyRelu: {
      title: "Leaky ReLU",
      name: "leaky ReLU",
      about: "逐个处理数值：负数除以 100，其余不变。",
    },
    tanh: { title: "Tanh", name: "tanh", about: "逐个处理数值：压缩到 −1 到 1 之间。" },
    scaledTanh: {
      title: "缩放的 Tanh",
      name: "缩放的 tanh",
      about: "逐个处理数值：1.7159 · tanh(⅔ x)，−1 和 1 保持不变。",
    },
    dropout: {
      title: "随机失活",
      name: "随机失活",
      about: "训练时随机把一些数值设为 0，并放大其余的；训练之后它什么也不做。",
    },
    flatten: { title: "展平", name: "展平", about: "把各张特征图排成一行数值，不做任何计算。" },
  },

  poolings: {
    averagePool2d: { full: "平均池化", short: "平均" },
    maxPool2d: { full: "最大池化", short: "最大" },
    subsample2d: { full: "可训练的下采样", short: "可训练" },
  },

  applied: {
    sigmoid: (value) => `1 ÷ (1 + e^−(${value}))`,
    relu: (value) => `max(0, ${value})`,
    leakyRelu: (value) => `max(0.01 · ${value}, ${value})`,
    tanh: (value) => `tanh(${value})`,
    scaledTanh: (value) => `1.7159 · tanh(⅔ · ${value})`,
  },
};
