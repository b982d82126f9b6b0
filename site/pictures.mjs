// Draws the pictures of "How it works" into docs/pictures, in English and Chinese: `node site/pictures.mjs`.
//
// They have their own colours, for readers of the repository in light and dark; the site replaces them with the page's.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const STYLE = `<style>
  svg { --picture-ink: #1b1a17; --picture-quiet: #5d594f; --picture-line: #8d8779; --picture-fill: #f2f0ea; --picture-adds: #bf4f00; --picture-takes: #0b62a3; }
  @media (prefers-color-scheme: dark) {
    svg { --picture-ink: #ebe8e2; --picture-quiet: #a9a59c; --picture-line: #747a82; --picture-fill: #23272c; --picture-adds: #f59b52; --picture-takes: #62b6f2; }
  }
</style>`;
const INK = "var(--picture-ink)";
const QUIET = "var(--picture-quiet)";
const LINE = "var(--picture-line)";
const FILL = "var(--picture-fill)";
const ADDS = "var(--picture-adds)";
const TAKES = "var(--picture-takes)";

/** Text at a point; of several lines, the block is centred on it. */
function text(x, y, content, { colour = INK, size = 13, anchor = "middle", weight = 400 } = {}) {
  const lines = content.split("\n");
  const top = y - ((lines.length - 1) * size * 1.3) / 2 + size * 0.35;
  return lines
    .map(
      (line, index) =>
        `<text x="${x}" y="${round(top + index * size * 1.3)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${colour}">${escaped(line)}</text>`,
    )
    .join("");
}

function box(x, y, width, height, content = "", { fill = FILL, line = LINE, colour = INK, size = 13, weight } = {}) {
  const frame = `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="5" fill="${fill}" stroke="${line}"/>`;
  return frame + (content && text(x + width / 2, y + height / 2, content, { colour, size, weight }));
}

function arrow(x1, y1, x2, y2, colour = LINE) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const wing = (turn) => `${round(x2 - 8 * Math.cos(angle + turn))} ${round(y2 - 8 * Math.sin(angle + turn))}`;
  return `<path d="M${x1} ${y1}L${x2} ${y2}M${wing(0.45)}L${x2} ${y2}L${wing(-0.45)}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
}

const line = (x1, y1, x2, y2, colour = LINE, dash = "") =>
  `<path d="M${x1} ${y1}L${x2} ${y2}" stroke="${colour}" stroke-width="1.5" stroke-dasharray="${dash}"/>`;
const round = (value) => Math.round(value * 10) / 10;
const escaped = (value) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const range = (count) => Array.from({ length: count }, (_, index) => index);

function picture(title, width, height, ...parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"><title>${title}</title>${STYLE}${parts.flat(9).filter(Boolean).join("\n")}</svg>\n`;
}

/** From a recipe to the backends. */
const engine = (t) =>
  picture(
    t.title,
    720,
    300,
    box(20, 14, 320, 56, t.plan, { size: 14 }),
    box(380, 14, 320, 56, t.loop, { size: 14 }),
    arrow(340, 42, 378, 42),
    arrow(540, 70, 540, 108),
    box(20, 110, 680, 40, t.contract, { size: 14, line: TAKES }),
    [t.wasm, t.webgpu, t.reference].map((label, index) => [
      arrow(120 + 240 * index, 150, 120 + 240 * index, 198),
      box(20 + 240 * index, 200, 200, 80, label),
    ]),
  );

/** From a model to a running program. */
const emission = (t) =>
  picture(
    t.title,
    720,
    330,
    text(85, 16, t.model, { weight: 600 }),
    ["conv2d 5×5", "relu", "maxPool2d 2×2", "conv2d 5×5", "relu", "maxPool2d 2×2", "flatten", "linear 120"].map(
      (layer, index) => box(20, 32 + 34 * index, 130, 26, layer),
    ),
    text(280, 16, t.stages, { weight: 600 }),
    [
      [0, 3, t.convolution],
      [3, 3, t.convolution],
      [6, 2, t.linear],
    ].map(([first, count, label]) => [
      box(200, 32 + 34 * first, 160, 34 * count - 8, label, { line: TAKES }),
      arrow(152, 45 + 34 * first + 17 * (count - 1), 198, 45 + 34 * first + 17 * (count - 1)),
    ]),
    text(480, 16, t.bytes, { weight: 600 }),
    box(410, 32, 140, 264),
    [
      "00 61 73 6d",
      "01 00 00 00",
      "01 60 04 7f",
      "7f 7f 7f 00",
      "fd 0c 00 00",
      "fd e4 01 20",
      "20 05 41 e0",
      "0b 00 0b …",
    ].map(
      (bytes, index) =>
        `<text x="480" y="${58 + 32 * index}" font-size="13" text-anchor="middle" font-family="ui-monospace, Menlo, Consolas, 'Noto Sans Mono', monospace" fill="${QUIET}">${bytes}</text>`,
    ),
    arrow(362, 164, 408, 164),
    text(650, 16, t.threads, { weight: 600 }),
    range(3).map((index) => [
      box(600, 70 + 70 * index, 100, 44, t.instance, { line: ADDS }),
      arrow(552, 164, 598, 92 + 70 * index),
    ]),
    text(360, 318, t.note, { colour: QUIET }),
  );

/** Four outputs of five taps: directly, and by minimal filtering. */
const winograd = (t) => {
  const row = (x, y, count, colour, label) => [
    range(count).map((index) => box(x + 34 * index, y, 30, 26, "", { line: colour })),
    label && text(x + (34 * count - 4) / 2, y - 12, label, { colour: QUIET }),
  ];
  return picture(
    t.title,
    720,
    330,
    text(150, 20, t.direct, { weight: 600 }),
    row(16, 60, 8, LINE, t.inputs),
    row(84, 270, 4, LINE, ""),
    text(150, 312, t.outputs, { colour: QUIET }),
    range(4).map((output) =>
      range(5).map((tap) =>
        line(
          31 + 34 * (output + tap),
          86,
          99 + 34 * output,
          270,
          output === 1 ? ADDS : LINE,
          output === 1 ? "" : "1 3",
        ),
      ),
    ),
    text(4, 226, t.twenty, { size: 15, weight: 600, colour: ADDS, anchor: "start" }),
    text(520, 20, t.filtered, { weight: 600 }),
    row(386, 60, 8, LINE, t.inputs),
    box(386, 106, 268, 30, t.transformIn, { line: TAKES }),
    arrow(520, 88, 520, 104),
    range(8).map((index) => [
      line(401 + 34 * index, 136, 401 + 34 * index, 158),
      `<circle cx="${401 + 34 * index}" cy="170" r="12" fill="${FILL}" stroke="${ADDS}" stroke-width="1.5"/>`,
      text(401 + 34 * index, 170, "×", { size: 15, colour: ADDS }),
      line(401 + 34 * index, 182, 401 + 34 * index, 208),
    ]),
    text(686, 170, t.eight, { size: 15, weight: 600, colour: ADDS }),
    box(386, 208, 268, 30, t.transformOut, { line: TAKES }),
    arrow(520, 240, 520, 266),
    row(454, 270, 4, LINE, ""),
    text(520, 312, t.outputs, { colour: QUIET }),
  );
};

/** Eight samples side by side. */
const layout = (t) =>
  picture(
    t.title,
    720,
    210,
    range(8).map((index) => {
      const offset = 7 * (7 - index);
      return `<rect x="${24 + offset}" y="${74 - offset}" width="96" height="96" rx="3" fill="${FILL}" stroke="${index === 7 ? INK : LINE}"/>`;
    }),
    `<rect x="64" y="106" width="14" height="14" fill="${ADDS}"/>`,
    text(95, 192, t.samples, { colour: QUIET }),
    arrow(80, 113, 250, 113, ADDS),
    range(8).map((index) =>
      box(260 + 54 * index, 92, 50, 42, String(index), { line: index < 4 ? TAKES : ADDS, size: 14 }),
    ),
    text(366, 74, t.first, { colour: TAKES }),
    text(582, 74, t.second, { colour: ADDS }),
    text(474, 160, t.place, { colour: INK }),
    text(474, 192, t.order, { colour: QUIET }),
  );

/** A training step of two threads for each of two tiles. */
const threads = (t) => {
  const rows = [t.leader1, t.partner1, t.leader2, t.partner2];
  const bar = (x, width, row, label, line) => box(x, 38 + 44 * row, width, 32, label, { line, size: 12 });
  return picture(
    t.title,
    720,
    270,
    rows.map((label, row) => text(112, 54 + 44 * row, label, { anchor: "end", colour: QUIET })),
    [0, 2].map((row) => [
      bar(126, 66, row, t.assemble, LINE),
      bar(196, 106, row, t.forward, TAKES),
      bar(306, 140, row, t.backward, ADDS),
      bar(330, 116, row + 1, t.gradients, ADDS),
    ]),
    rows.map((_, row) => bar(474, 104, row, t.sum, LINE)),
    rows.map((_, row) => bar(582, 106, row, t.update, TAKES)),
    line(460, 26, 460, 224, INK, "5 4"),
    line(702, 26, 702, 224, INK, "5 4"),
    text(460, 240, t.barrier),
    text(690, 240, t.barrier),
    text(360, 260, t.time, { colour: QUIET, size: 12 }),
  );
};

const PICTURES = {
  engine: {
    draw: engine,
    en: {
      title: "The engine",
      plan: "plan: recipe, model, split,\ninitial parameters",
      loop: "loop: epochs, slices, schedule,\nbest weights",
      contract: "contract: load, train, evaluate, predict, differentiate",
      wasm: "WebAssembly\nemitted for the model,\nthreads, SIMD",
      webgpu: "WebGPU\nshaders, many networks\nside by side",
      reference: "reference\nplain TypeScript,\nfloat64",
    },
    zh: {
      title: "引擎",
      plan: "计划：配方、模型、划分、\n初始参数",
      loop: "循环：轮、切片、学习率、\n最好的权重",
      contract: "约定：load、train、evaluate、predict、differentiate",
      wasm: "WebAssembly\n按模型生成，\n多线程、SIMD",
      webgpu: "WebGPU\n着色器，\n许多网络并排计算",
      reference: "参考实现\n朴素的 TypeScript，\nfloat64",
    },
  },
  emission: {
    draw: emission,
    en: {
      title: "Emitting WebAssembly",
      model: "layers",
      stages: "stages",
      bytes: "a module",
      threads: "threads",
      convolution: "convolution,\nactivation and pooling\nin one",
      linear: "linear layer",
      instance: "instance",
      note: "one module for this model, batch size and number of threads; all share one memory",
    },
    zh: {
      title: "生成 WebAssembly",
      model: "层",
      stages: "阶段",
      bytes: "一个模块",
      threads: "线程",
      convolution: "卷积、激活\n和池化合而为一",
      linear: "全连接层",
      instance: "实例",
      note: "一个模块对应这个模型、批大小和线程数；所有线程共享一块内存",
    },
  },
  winograd: {
    draw: winograd,
    en: {
      title: "Minimal filtering",
      direct: "directly",
      filtered: "by minimal filtering F(4, 5)",
      inputs: "eight inputs of a row",
      outputs: "four outputs",
      twenty: "20 products",
      eight: "8",
      transformIn: "transform: additions, powers of two",
      transformOut: "transform back",
    },
    zh: {
      title: "最小滤波",
      direct: "直接计算",
      filtered: "最小滤波 F(4, 5)",
      inputs: "一行的八个输入",
      outputs: "四个输出",
      twenty: "20 次乘法",
      eight: "8 次",
      transformIn: "变换：加法和 2 的幂",
      transformOut: "变换回来",
    },
  },
  layout: {
    draw: layout,
    en: {
      title: "Eight samples side by side",
      samples: "eight samples, one channel",
      first: "vector of samples 0–3",
      second: "vector of samples 4–7",
      place: "one place: the same pixel of eight samples, 32 bytes",
      order: "memory: [tile][channel][row][column][8]",
    },
    zh: {
      title: "八个样本并排",
      samples: "八个样本的一个通道",
      first: "样本 0–3 的向量",
      second: "样本 4–7 的向量",
      place: "一个位置：八个样本的同一像素，32 字节",
      order: "内存：[组][通道][行][列][8]",
    },
  },
  threads: {
    draw: threads,
    en: {
      title: "A step on several threads",
      leader1: "tile 0, leader",
      partner1: "tile 0, partner",
      leader2: "tile 1, leader",
      partner2: "tile 1, partner",
      assemble: "images",
      forward: "forward",
      backward: "backward",
      gradients: "weight gradients",
      sum: "sum by tile",
      update: "optimizer",
      barrier: "barrier",
      time: "time →",
    },
    zh: {
      title: "多个线程上的一步",
      leader1: "第 0 组，主线程",
      partner1: "第 0 组，伙伴",
      leader2: "第 1 组，主线程",
      partner2: "第 1 组，伙伴",
      assemble: "图片",
      forward: "前向",
      backward: "反向",
      gradients: "权重梯度",
      sum: "按组求和",
      update: "优化器",
      barrier: "屏障",
      time: "时间 →",
    },
  },
};

/** All pictures by file name. */
export const FILES = Object.fromEntries(
  Object.entries(PICTURES).flatMap(([name, { draw, en, zh }]) => [
    [`${name}.svg`, draw(en)],
    [`${name}.zh.svg`, draw(zh)],
  ]),
);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL("../docs/pictures/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(FILES)) writeFileSync(folder + name, svg);
}
