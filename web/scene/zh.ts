import type { en } from "./en.js";

export const zh: typeof en = {
  heads: {
    input: "输入",
    output: "输出",
  },
  pixels: (height, width) => `${height} × ${width} 像素`,
  maps: (count, height, width) => `${count} 张特征图 ${height} × ${width}`,
  pooled: (height, width) => `池化 ${height} × ${width}`,
  units: (count) => `${count} 个单元`,
  classes: (count) => `${count} 个类别`,

  map: (stage, map) => `${stage} 的第 ${map} 张特征图`,
  unit: (stage, unit) => `${stage} 的第 ${unit} 个单元`,
  output: (name) => `输出“${name}”`,
  place: (row, column) => `第 ${row} 行第 ${column} 列`,
  strongest: (value, place) => `最强 ${value}，在${place}`,
  valueHere: (value, place) => `${place}的值 ${value}`,
  value: (value) => `值 ${value}`,
  probability: (percent, logit) => `概率 ${percent}，总和 ${logit}`,
  adds: (value, target) => `给${target}增加 ${value}`,
  takes: (value, target) => `从${target}减去 ${value}`,
  addsNothing: (target) => `对${target}没有影响`,
  theAnswer: (name) => `答案“${name}”`,
  tunings: {
    horizontal: "对横向笔画有反应",
    vertical: "对竖向笔画有反应",
    rising: "对上升的斜笔画有反应（/）",
    falling: "对下降的斜笔画有反应（\\）",
    ink: "对任何方向的笔画都有反应",
    background: "对空白纸面有反应",
    nothing: "几乎对任何笔画都没有反应",
  },
  scene: (classes, percent) => `从图像到答案的网络：${classes}，概率 ${percent}。方向键选择部分，Esc 回到答案。`,
  saved: "从图像到答案的网络",
};
