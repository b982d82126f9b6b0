import { useData, withBase } from "vitepress";
import { defineComponent, h, ref } from "vue";

const TEXTS = {
  en: { start: "Start the lab here", open: "Open it in a tab of its own", title: "The lab" },
  zh: { start: "在这里启动实验室", open: "在单独的标签页中打开", title: "实验室" },
};

/** The lab within a page. It starts only when asked to, so that a page that nobody plays with stays small. */
export const LabFrame = defineComponent(() => {
  const { isDark, lang } = useData();
  const isOpen = ref(false);
  return () => {
    const language = lang.value.startsWith("zh") ? "zh" : "en";
    const texts = TEXTS[language];
    const theme = isDark.value ? "dark" : "light";
    const address = `${withBase("/lab/index.html")}#network?lang=${language}&theme=${theme}`;
    const start = () => {
      isOpen.value = true;
    };
    return h("div", { class: "lab-frame" }, [
      isOpen.value
        ? h("iframe", { src: `${address}&embed=1`, title: texts.title, allow: "camera" })
        : h("button", { type: "button", onClick: start }, texts.start),
      h("a", { href: address, target: "_blank" }, texts.open),
    ]);
  };
});
