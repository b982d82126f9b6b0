import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { LabFrame } from "./LabFrame.js";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("LabFrame", LabFrame);
  },
} satisfies Theme;
