/** The name of a setting or of a time, in Chinese. */
export function factInChinese(name: string): string {
  return FACTS[name] ?? name;
}

/** Its value, in Chinese. */
export function valueInChinese(name: string, value: string): string {
  return VALUES[name]?.(value) ?? value;
}

const translated = (words: Readonly<Record<string, string>>) => (value: string) => words[value] ?? value;
const yesOrNo = translated({ yes: "是", no: "否" });
const orNone = translated({ none: "无" });

/** The values of settings that are words. The others are numbers, names, or written as on the command line. */
const VALUES: Readonly<Record<string, (value: string) => string>> = {
  generated: yesOrNo,
  background: translated({ black: "黑色", white: "白色" }),
  "batch normalisation": yesOrNo,
  averaging: orNone,
  patience: orNone,
  augmentation: orNone,
  "augmented validation": yesOrNo,
  distillation: (value) => value.replace("share=", "比例="),
  fold: (value) => value.replace(/^(\d+) of (\d+)$/, "第 $1 折，共 $2 折"),
  normalization: (value) => value.replace("mean", "均值").replace(", standard deviation", "，标准差"),
  "earlier devices": (value) =>
    value
      .replaceAll(/ to epoch (\d+)/g, "，到第 $1 轮")
      .replaceAll(" arithmetic", " 运算")
      .replaceAll("kernels ", "内核 "),
};

/** The names of settings and times. */
const FACTS: Readonly<Record<string, string>> = {
  Training: "训练",
  Data: "数据",
  "Versions and device": "版本与设备",
  Times: "用时",
  recipe: "配方",
  input: "输入",
  parameters: "参数",
  width: "宽度",
  stages: "卷积级",
  epochs: "轮数",
  batch: "批大小",
  activation: "激活函数",
  pooling: "池化",
  padding: "填充",
  connections: "连接",
  output: "输出层",
  initialization: "初始化",
  "rubbish penalty": "垃圾类惩罚",
  dropout: "dropout",
  "batch normalisation": "批归一化",
  optimizer: "优化器",
  "optimizer's numbers": "优化器的参数",
  schedule: "学习率计划",
  "learning rate": "学习率",
  "schedule's numbers": "学习率计划的参数",
  "label smoothing": "标签平滑",
  "class weights": "类别权重",
  distillation: "蒸馏",
  averaging: "参数平均",
  patience: "耐心",
  augmentation: "数据增强",
  "augmented validation": "增强验证图片",
  "validation fraction": "验证比例",
  fold: "折",
  normalization: "归一化",
  seed: "种子",
  data: "数据集",
  path: "路径",
  folder: "文件夹",
  generated: "生成的",
  "training images": "训练图片",
  classes: "类别数",
  resize: "缩放",
  background: "背景",
  checksum: "校验和",
  "checksum of the test images": "测试图片的校验和",
  lenet: "lenet",
  Node: "Node",
  V8: "V8",
  browser: "浏览器",
  "graphics card": "显卡",
  driver: "驱动程序",
  threads: "线程数",
  arithmetic: "运算",
  kernels: "内核版本",
  "earlier devices": "先前的设备",
  started: "开始时间",
  training: "训练",
  validation: "验证",
  total: "总计",
  "per epoch": "每轮",
};
