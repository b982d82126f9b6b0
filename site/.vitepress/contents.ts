// The site's pages, in order, and the texts around them, in English and Chinese.

type Language = "en" | "zh";
type Texts = Readonly<Record<Language, string>>;

/** Groups of pages: what each is called, and its file in docs/ without its ending. */
const CONTENTS: readonly { readonly title: Texts; readonly pages: readonly (Texts & { readonly page: string })[] }[] = [
  {
    title: { en: "First steps", zh: "入门" },
    pages: [
      { page: "start", en: "Start in a minute", zh: "一分钟上手" },
      { page: "tutorial", en: "The tutorial, line by line", zh: "逐行对照教程" },
      { page: "lab", en: "The lab", zh: "实验室" },
    ],
  },
  {
    title: { en: "Guides", zh: "指南" },
    pages: [
      { page: "own-pictures", en: "Your own pictures", zh: "用自己的图片" },
      { page: "recipes", en: "Recipes", zh: "配方" },
      { page: "sweeps", en: "Sweeps", zh: "批量训练" },
      { page: "transfer-learning", en: "Transfer learning", zh: "迁移学习" },
      { page: "custom-models", en: "Custom models", zh: "自定义模型" },
      { page: "serve", en: "A service", zh: "提供服务" },
      { page: "page", en: "A page in the browser", zh: "在网页中使用" },
      { page: "platforms", en: "Runtimes, bundlers, CSP, SSR", zh: "运行环境、打包、CSP、SSR" },
      { page: "determinism", en: "The same bits", zh: "逐位相同" },
      { page: "reproduce", en: "Reproduce a run", zh: "复现一次运行" },
      { page: "gpu", en: "The graphics card", zh: "显卡" },
    ],
  },
  {
    title: { en: "How it works", zh: "工作原理" },
    pages: [
      { page: "how-engine", en: "The engine", zh: "引擎" },
      { page: "how-emission", en: "Emitting WebAssembly", zh: "生成 WebAssembly" },
      { page: "how-winograd", en: "Winograd's filtering", zh: "Winograd 滤波" },
      { page: "how-memory", en: "Memory and threads", zh: "内存与线程" },
    ],
  },
  {
    title: { en: "Figures", zh: "数据" },
    pages: [
      { page: "results", en: "Results", zh: "结果" },
      { page: "lenet-1998", en: "The LeNet-5 of 1998", zh: "1998 年的 LeNet-5" },
      { page: "trust", en: "Trust", zh: "可信" },
    ],
  },
];

/** The groups of the sidebar in a language. The API reference is in English only. */
export function contents(language: Language) {
  const root = language === "zh" ? "/zh/" : "/";
  const groups = CONTENTS.map(({ title, pages }) => ({
    text: title[language],
    pages: pages.map(({ page, ...texts }) => ({ text: texts[language], page: `${root}${page}` })),
  }));
  const api = ["lenet", "lenet/data", "lenet/formats", "lenet/node", "lenet/browser", "lenet/engine"];
  const reference = { en: "API reference", zh: "API 参考（英文）" }[language];
  return [
    ...groups,
    {
      text: reference,
      pages: [
        { text: { en: "Overview", zh: "概览" }[language], page: `${root}api-reference` },
        ...api.map((name) => ({ text: name, page: `/api/${name}` })),
      ],
    },
  ];
}

/** What the front page begins with. */
const HOME = {
  en: {
    text: "LeNet-5 in TypeScript",
    tagline:
      "Trains to the same bits in Node and in a browser tab, with an engine that emits its own WebAssembly. No Python, no native addon.",
    actions: [
      ["Start in a minute", "/start"],
      ["Open the lab", "/lab"],
      ["The tutorial, line by line", "/tutorial"],
    ],
    features: [
      [
        "Fast",
        "In Node, a training step takes less than half the time that PyTorch takes on the same processor. An epoch of Fashion-MNIST takes about two seconds on two cores.",
        "/how-engine",
      ],
      [
        "The same bits",
        "A seed gives the same weights for any number of threads, in Node, Deno, Bun and browsers. One command trains a run again and proves it.",
        "/determinism",
      ],
      [
        "Open weights",
        "Reads and writes PyTorch's .pth, safetensors and ONNX. Files are data, and nothing in them is executed.",
        "/transfer-learning",
      ],
      [
        "Your pictures",
        "One folder per class is a data set. Photographs of digits are cropped and centred as MNIST's were.",
        "/own-pictures",
      ],
      [
        "Everywhere",
        "One package for Node, servers, pages and workers. Vite, webpack, esbuild and Next need no settings.",
        "/platforms",
      ],
      [
        "Measured",
        "Five seeds for a figure, test images evaluated once per run, and a test for every promise.",
        "/results",
      ],
    ],
  },
  zh: {
    text: "用 TypeScript 写的 LeNet-5",
    tagline:
      "在 Node 里和在浏览器标签页里训练，结果逐位相同；引擎自己生成 WebAssembly。不需要 Python，也没有原生扩展。",
    actions: [
      ["一分钟上手", "/zh/start"],
      ["打开实验室", "/zh/lab"],
      ["逐行对照教程", "/zh/tutorial"],
    ],
    features: [
      [
        "快",
        "在 Node 里，一个训练步所用的时间不到 PyTorch 在同一处理器上的一半。Fashion-MNIST 的一轮在两个核心上大约用两秒。",
        "/zh/how-engine",
      ],
      [
        "逐位相同",
        "无论用多少线程，在 Node、Deno、Bun 还是浏览器里，同一个种子都得到同样的权重。一条命令就能重新训练一次运行并加以证明。",
        "/zh/determinism",
      ],
      [
        "开放的权重",
        "读写 PyTorch 的 .pth、safetensors 和 ONNX。文件只是数据，其中的任何内容都不会被执行。",
        "/zh/transfer-learning",
      ],
      ["自己的图片", "每个类别一个文件夹，就是一个数据集。拍下的数字会像 MNIST 那样裁切和居中。", "/zh/own-pictures"],
      [
        "处处可用",
        "同一个包用于 Node、服务器、网页和 worker。Vite、webpack、esbuild 和 Next 都无需设置。",
        "/zh/platforms",
      ],
      ["经过测量", "每个数字来自五个种子，测试图片每次运行只评估一次，每条承诺都有测试。", "/zh/results"],
    ],
  },
};

/** The front page's settings for the theme. */
export function home(language: Language) {
  const { text, tagline, actions, features } = HOME[language];
  return {
    layout: "home",
    title: text,
    hero: {
      name: "lenet",
      text,
      tagline,
      actions: actions.map(([text, link], index) => ({ theme: index === 0 ? "brand" : "alt", text, link })),
    },
    features: features.map(([title, details, link]) => ({ title, details, link })),
  };
}

/** What the theme says around the pages. */
export const texts = {
  en: {
    label: "English",
    description: "LeNet-5 in TypeScript: trained in Node and in the browser, with the same bits everywhere.",
    theme: {
      nav: [
        { text: "Getting started", link: "/start" },
        { text: "Tutorial", link: "/tutorial" },
        { text: "Lab", link: "/lab" },
        { text: "Results", link: "/results" },
        { text: "API", link: "/api-reference" },
      ],
      notFound: { quote: "This page does not exist." },
    },
  },
  zh: {
    label: "简体中文",
    description: "用 TypeScript 写的 LeNet-5：在 Node 和浏览器中训练，处处逐位相同。",
    theme: {
      nav: [
        { text: "快速上手", link: "/zh/start" },
        { text: "教程", link: "/zh/tutorial" },
        { text: "实验室", link: "/zh/lab" },
        { text: "结果", link: "/zh/results" },
        { text: "API", link: "/zh/api-reference" },
      ],
      outline: { level: [2, 3] as [number, number], label: "本页内容" },
      docFooter: { prev: "上一页", next: "下一页" },
      darkModeSwitchLabel: "外观",
      lightModeSwitchTitle: "切换到浅色",
      darkModeSwitchTitle: "切换到深色",
      sidebarMenuLabel: "目录",
      returnToTopLabel: "回到顶部",
      langMenuLabel: "切换语言",
      skipToContentLabel: "跳到正文",
      notFound: { title: "找不到页面", quote: "这个页面不存在。", linkLabel: "回到首页", linkText: "回到首页" },
    },
    search: {
      button: { buttonText: "搜索", buttonAriaLabel: "搜索" },
      modal: {
        displayDetails: "显示详情",
        resetButtonTitle: "清除",
        backButtonTitle: "关闭搜索",
        noResultsText: "没有结果：",
        footer: {
          selectText: "打开",
          selectKeyAriaLabel: "回车键",
          navigateText: "上下选择",
          navigateUpKeyAriaLabel: "向上键",
          navigateDownKeyAriaLabel: "向下键",
          closeText: "关闭",
          closeKeyAriaLabel: "Esc 键",
        },
      },
    },
  },
};
