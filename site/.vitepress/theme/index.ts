import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import { LabFrame } from "./LabFrame.js";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app, router, siteData }) {
    app.component("LabFrame", LabFrame);
    // The reference is in English only; the page that says so stands for it.
    const { base } = siteData.value;
    router.onBeforeRouteChange = (to) => {
      if (!to.startsWith(`${base}zh/api/`)) return true;
      void router.go(`${base}zh/api-reference.html`);
      return false;
    };
  },
} satisfies Theme;
