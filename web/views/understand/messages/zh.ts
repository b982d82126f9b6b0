import type { en } from "./en.js";

export const zh: typeof en = {
  title: "理解每个数字从何而来",
  lead: "61,706 个参数、400 个数值、416,520 次乘加：这个网络没有任何一点需要凭空相信。下面的每个数字都由各层的描述推导出来，先写字母，再写数字。",

  model: "网络",
  models: {
    shown: "正在显示的网络",
    readyMade: "现成的网络",
    "1x28x28": "灰度 28 × 28",
    "3x32x32": "彩色 32 × 32",
    "lenet-1998": "1998 年论文原版",
    own: "其他大小",
  },
  ownInput: "通道 × 高 × 宽",
  noInput: "三个数字，如 1 × 28 × 28：最多 16 个通道，边长 12 到 512",
  classes: "类别数",
  noClasses: "2 到 1000 的整数",

  networkFor: (size) => `用于 ${size} 的网络`,
  noWeights: (first) =>
    `还没有训练过这个大小的网络，所以特征图是空的。选择一个部分，例如 ${first} 的一张特征图：画面显示它看到什么，下面推导它的数字。`,
  loading: "它的权重正在载入。",
  toDerivation: (layer) => `${layer} 的数字如何算出`,
  input: "输入",
  output: "输出",

  layers: "逐层来看",
  layersNote: "展开一层，即可看到它的数字如何算出。",
  layer: "层",
  outputSize: "输出",
  field: "感受野",
  parameters: "参数",
  multiplyAdds: "乘加次数",
  square: (side) => `${side} × ${side} 像素`,
  wholeImage: "整幅图",
  nothingLearned: (from, to) => `输入 ${from}，输出 ${to}。这里没有要学习的东西。`,
  topics: {
    size: "特征图的边长",
    values: "数值个数",
    field: "感受野",
    step: "感受野的间距",
    parameters: "参数",
    multiplyAdds: "乘加次数",
  },
  why: (topic, hasWindow) => {
    switch (topic) {
      case "size":
        return "窗口每隔一个步幅能放下的位置，各得一个数值。";
      case "values":
        return "所有特征图的所有数值，依次排列。";
      case "field":
        return "窗口里其余的每个位置各增加一个间距。";
      case "step":
        return "相邻数值的感受野相距多少像素。";
      case "parameters":
        return hasWindow
          ? "每张特征图有一个跨越所有输入图的卷积核和一个偏置。它在每个位置都一样：所以参数才这么少。"
          : "每个输出对每个输入有一个权重，另有一个偏置。";
      case "multiplyAdds":
        return hasWindow ? "每个权重在特征图的每个位置都用一次。" : "每个权重用一次。";
    }
  },

  inTotal: "总计",
  kilobytes: (size) => `以 float32 存放，占 ${size} KiB。`,
  forOne: "一张图前向计算一次。一次乘加是一次乘法和一次加法。",
  letters: "字母的含义",
  letterNames: {
    channelsIn: "输入的特征图数（第一层则为颜色通道数）",
    channelsOut: "输出的特征图数",
    sideIn: "输入的方形特征图的边长",
    sideOut: "输出的方形特征图的边长",
    heightIn: "输入特征图的高",
    heightOut: "输出特征图的高",
    widthIn: "输入特征图的宽",
    widthOut: "输出特征图的宽",
    featuresIn: "输入的数值个数",
    featuresOut: "输出的数值个数",
    kernel: "窗口的边长",
    stride: "步幅：从一个窗口到下一个窗口的距离",
    padding: "填充：在输入四周补上的零",
    fieldIn: "一个输入数值所依赖的像素范围的边长",
    fieldOut: "一个输出数值所依赖的像素范围的边长",
    stepIn: "相邻输入数值的感受野相距的像素数",
    stepOut: "相邻输出数值的感受野相距的像素数",
  },

  history: "它的由来",
  papers: [
    {
      year: "1989",
      title: "Backpropagation applied to handwritten zip code recognition",
      where: "LeCun、Boser、Denker、Henderson、Howard、Hubbard、Jackel · Neural Computation 1(4)，541–551 页",
      text: [
        "数字取自美国邮件上的邮政编码：7,291 个用于学习，2,007 个用于测试，每个 16 × 16 像素。区分数字所用的特征不再由人设计，而是由反向传播从像素开始自己找到。",
        "样本这么少还能学会，靠的是共享权重：64,660 个连接总共只有 9,760 个参数。测试数字有 5.0% 认错。",
      ],
    },
    {
      year: "1998",
      title: "Gradient-based learning applied to document recognition",
      where: "LeCun、Bottou、Bengio、Haffner · Proceedings of the IEEE 86(11)，2278–2324 页",
      text: [
        "LeNet-5 就是这篇论文里的网络。它学习了 60,000 个数字，这些数字由 NIST 的两套数据合成，后来被称为 MNIST。另外 10,000 个数字中它认错了 0.95%；训练时加入变形的副本后为 0.8%。",
        "这一类网络用来读银行支票上的金额，所在系统的各个部分是一起训练的：它投入了商用，每天读几百万张支票。",
      ],
    },
  ],
  originalTitle: "发表时的 LeNet-5",
  what: "做什么",
  originalLayers: {
    C1: "对 32 × 32 的图做 5 × 5 卷积",
    S2: "把 2 × 2 个值相加，乘以系数，再加偏置（两者都要学习），然后压缩",
    C3: "5 × 5 卷积；每张图只取 S2 的一部分",
    S4: "同 S2",
    C5: "对 5 × 5 的图做 5 × 5 卷积：每张只剩一个值",
    F6: "全连接；84 = 7 × 12，是字符小图的像素数",
  },
  originalOutput: "F6 与每一类的 7 × 12 小图相距多远（径向基函数，小图由人绘制）",
  originalNote: (connections) =>
    `数值用 1.7159 · tanh(⅔ x) 压缩。这些层共有 ${connections} 个连接。论文写的是 345,308，因为它把 C3 算作 156,000 个，而按论文自己的连接表是 151,600 个。`,
  c3Title: "为什么 C3 当年有 1,516 个参数，如今有 2,416 个",
  c3Text:
    "1998 年，C3 的一张图并不取 S2 的全部六张图：六张取相邻的三张，九张取四张，一张取全部。这样省了计算，也让各张图因为看到的东西不同而彼此不同。如今每张图都取全部六张。",
  connectionTable: "C3 的每张图（列）取 S2 的哪些图（行）",
  mapOfC3: (map) => `C3 的第 ${map} 张图`,
  chosenMap: (map, inputs) =>
    inputs.length === 6
      ? `C3 的第 ${map} 张图取 S2 的全部六张图。它的参数：`
      : `C3 的第 ${map} 张图取 S2 的第 ${inputs.join("、")} 张图。它的参数：`,
  bitmapOf: (digit) => `7 × 12 像素的 ${digit}`,
  bitmaps:
    "输出层拿来与 F6 比较的十张小图。哪个数字的小图最接近，答案就是哪个：训练让 F6 的 84 个值变得像该数字的小图，深色处为 1，其余为 −1。",
  taken: "取",
  notTaken: "不取",
  c3Original: "1998 年",
  c3Full: (maps) => `${maps} 张图都取全部六张`,

  changes: "此后的变化",
  changesNote: "如今教学中所说的 LeNet-5 是一个更简单的网络。教程和本程序的做法是：",
  here: "这里",
  changeRows: [
    {
      what: "图片",
      before: "32 × 32：数字四周留有空白",
      today: "28 × 28；第一层卷积在每边填充 2 个像素，因此它的特征图同样是 28 × 28",
    },
    {
      what: "下采样",
      before: "每张图有要学习的系数和偏置，然后压缩",
      today: "2 × 2 的简单平均或最大值，没有要学习的东西",
    },
    { what: "C3", before: "取一部分图", today: "取全部的图" },
    { what: "激活", before: "1.7159 · tanh(⅔ x)", today: "sigmoid、tanh 或 ReLU" },
    { what: "输出", before: "与人绘制的小图的距离", today: "全连接层加 softmax：概率" },
    {
      what: "损失",
      before: "与正确小图的距离的平方，外加一项使错误的小图远离",
      today: "交叉熵；配方有标签平滑时带上它",
    },
    { what: "训练", before: "逐个数字的梯度下降，步长由曲率的对角估计决定", today: "AdamW，每批 32 张" },
  ],
  costs: "每处变化的得失",
  costsNote:
    "1998 年的网络在 MNIST 上训练 20 轮，每次只改一处，种子为 0。换一个种子，测试错误率大约会变 0.1 个百分点。学习率沿用论文的；SGD 和 AdamW 则取几个学习率中最好的。",
  onlyChange: "改动",
  trainingError: "训练错误率",
  testError: "测试错误率",
  changesOf1998: {
    none: "无：与论文相同",
    averagePooling: "S2 和 S4 改用没有参数的平均池化",
    fullC3: "C3 的每张图都取 S2 的全部图",
    softmax: "用线性层加 softmax 代替距离",
    sgd: "用 SGD 代替随机对角 Levenberg–Marquardt",
    adamw: "用 AdamW 代替随机对角 Levenberg–Marquardt",
  },
  difference: "从 60,000 个参数到 61,706 个",
  differenceNote: "C3 的完全连接和全连接的输出层增加了参数，下采样的系数和偏置则去掉了。",
};
