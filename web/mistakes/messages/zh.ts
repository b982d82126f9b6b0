import type { en } from "./en.js";

export const zh: typeof en = {
  cell: (truth, predicted, count) =>
    truth === predicted ? `显示认对的 ${count} 张“${truth}”` : `显示被认作“${predicted}”的 ${count} 张“${truth}”`,
  title: (truth, predicted, count) =>
    truth === predicted ? `网络认对的“${truth}”：${count} 张` : `网络把“${truth}”认作“${predicted}”：${count} 张`,
  none: "以现在显示的权重，没有这样的图片。",
  looking: "正在查看图片",
  first: (shown) => `其中把握最大的 ${shown} 张。`,
  hint: "选一张图片，看网络内部，看原因。",
  image: (index, percent) => `图片 ${index}，把握 ${percent}：看内部`,
  close: "关闭",
};
