import type { en } from "./en.js";

export const zh: typeof en = {
  title: "这是哪种网络？",
  note: (name) => `${name} 只有张量，看不出训练时用的是哪种激活和池化。`,
  open: "打开",
  cancel: "取消",
  activation: "激活",
  pooling: "池化",
  trainedOn: "训练所用的数据",
  unknownData: "未知：类别用编号",
};
