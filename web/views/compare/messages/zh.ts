import type { en } from "./en.js";

export const zh: typeof en = {
  title: "比较与保存",
};
