import type { en } from "./en.js";

export const zh: typeof en = {
  title: "lenet 实验室",
  skip: "跳到正文",
  views: "视图",
  view: { train: "训练", inspect: "看内部", understand: "理解", compare: "比较" },
  language: "语言",
  theme: "外观",
  themes: { system: "跟随系统", light: "浅色", dark: "深色" },
  shortcuts: "键盘快捷键",
  shortcutsOn: "启用单键快捷键",
  close: "关闭",
  everywhere: "任何视图",
  showView: (view) => `显示“${view}”`,
  showShortcuts: "显示这些快捷键",
  switchTheme: "切换浅色与深色",
  switchLanguage: "切换语言",
  loading: "正在载入……",
  viewFailed: "无法载入此视图。",
  about: "一切都在这个标签页里计算。你载入或画的东西不会离开它。",
  isolated: "这里的线程可以共享内存。",
  notIsolated: "此页面没有跨源隔离，因此训练只用一个线程。",
};
