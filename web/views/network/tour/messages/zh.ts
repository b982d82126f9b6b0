import type { en } from "./en.js";

export const zh: typeof en = {
  tour: "导览",
  chapter: (place, count) => `第 ${place} 章，共 ${count} 章`,
  chapters: "章节",
  end: "小结",
  next: "下一章",
  back: "上一章",
  close: "结束导览",
  check: "检验",
  guess: "你的猜测",
  predict: "先猜一猜：",
  right: "答对了。",
  almost: "很接近。",
  wrong: "这次不对。",
  youSaid: (guess) => `你的回答：${guess}。`,
  isAnswer: (option) => `${option}：正确答案`,
  isGuess: (option) => `${option}：你的猜测`,
  draw: "画一个数字，或选一张图像：问题就是关于它的。",
  working: "引擎正在计算……",
  another: "再画一个或另选一张图像，就会重新提问。",
  pageKeys: "导览",
  doNext: "下一章",
  doBack: "上一章",

  titles: {
    pixels: "图像就是数字",
    kernel: "卷积核只找一种东西",
    map: "滑动卷积核，得到特征图",
    pooling: "池化把特征图变小",
    combination: "特征图的组合",
    decision: "十个和，一个答案",
    learning: "这些是学来的",
    fooled: "它也会上当",
  },
  texts: {
    pixels: "网络看不到笔画。它得到的只是每个像素的一个数字：0 是白纸，255 是墨迹。下面是方框里的那些数字。",
    kernel:
      "卷积核是一小格一小格的权重。把它盖在图像上，每个权重乘以它下面的值，再把乘积全部相加。橙色下面是墨迹，和就变大；蓝色下面是白纸，和也变大。",
    map: "同一个卷积核要放到图像的每个位置上。每个位置得到一个数字，合起来就是一张特征图：哪里深，就是在哪里找到了它要找的东西。",
    pooling: "下一层还是同样的特征图，但数字更少。每个小块变成一个数字。留下的是：找到了什么，大致在哪里。",
    combination:
      "下一个卷积层的每张特征图，对前面的每张特征图各有一个卷积核，把它们找到的东西加起来：笔画就组成了拐角和弧线。",
    decision: "最后几层权衡找到的一切。每个类别得到一个和；和越大，概率越高，最大的就是答案。",
    learning: "这些权重不是人设定的。开始时它们是噪声，每读一张图像就改变一点，使下一次的回答更好。",
    fooled:
      "现在让每个像素都改变同样小的一点：变深或变浅，总是朝着更有利于另一个答案的方向。在你眼里，它还是同一个东西。",
  },
  pixels: {
    ask: (count) => `${count} 个像素中，有多少个带墨迹？`,
    explain: (count, percent) => `${count} 个带墨迹，占 ${percent}。网络得到的就是这些数字，再没有别的。`,
    piece: "方框里的数字",
  },
  kernel: {
    ask: (map, stage) => `这是 ${stage} 的第 ${map} 个卷积核。在哪个方框里，它的和最大？`,
    window: (letter) => `方框 ${letter}`,
    explain: (sums) => `各个和是 ${sums.join("；")}。画面上正逐个乘积地显示最大的那个。`,
    weights: (map) => `第 ${map} 个卷积核`,
  },
  map: {
    ask: (map, answers) => `第 ${map} 张特征图被盖住了。它的卷积核${answers}。哪个四分之一里最多？`,
    quarters: ["左上", "右上", "左下", "右下"],
    explain: (quarter, percent) => `${quarter}：占整张特征图的 ${percent}。现在它已揭开，并算出了最强的位置。`,
  },
  pooling: {
    ask: (side, stage) => `框里的 ${side} × ${side} 个数字，在 ${stage} 中变成哪个数？`,
    largest: (value) => `它保留最大的：${value}。`,
    other: (value) => `它是 ${value}。`,
    moved: (before, change, stage, pooled) =>
      `如果图像右移一个像素，${before} 改变 ${change}，${stage} 改变 ${pooled}。`,
    piece: (map, stage) => `${stage} 第 ${map} 张特征图的一块`,
  },
  combination: {
    ask: (map, stage, before) => `${stage} 的第 ${map} 张特征图在这里最强。${before} 的哪张特征图给它最多？`,
    mapOf: (map) => `第 ${map} 张`,
    explain: (map, most, all, sum) =>
      `第 ${map} 张给出 ${most}；合计 ${all}，加上偏置，和是 ${sum}。画面上显示每一份贡献。`,
  },
  decision: {
    ask: (name) => `它认作“${name}”。它认为第二可能的是哪个？`,
    explain: (first, second, times) =>
      `“${second.name}”，概率 ${second.percent}。它的和是 ${second.sum}，“${first.name}”的和是 ${first.sum}：这个差使“${first.name}”的概率是它的 ${times} 倍，即 ${first.percent}。`,
  },
  learning: {
    ask: (name) => `看过多少张图像之后，它才把这张图认作“${name}”，并且不再改变？`,
    none: "一张也没有：全凭运气",
    images: (images) => `${images} 张图像`,
    explain: (images, name, before) =>
      `看过 ${images} 张图像之后，它认作“${name}”。不久之前它还认作“${before}”。选一个时刻，看看那时的网络。`,
    byChance: (name) => `它从一开始就认作“${name}”，全凭运气。选一个时刻，看看那时的网络。`,
    moments: "看过不同数量的图像之后，它把这张图认作什么",
  },
  fooled: {
    ask: (name) => `每个像素要改变多少（共 255 级），它才不再认作“${name}”？`,
    levels: (levels) => `255 级中的 ${levels} 级`,
    never: (most) => `超过 ${most} 级`,
    explain: (levels, name, before) =>
      `改变 ${levels} 级（共 255 级）：它就认作“${name}”。移动滑块，看特征图怎样变化；再看看图像：你还会说它是“${before}”吗？`,
    notFooled: (name, most) =>
      `每个像素改变 ${most} 级（共 255 级）之后，它仍然认作“${name}”。换一张图像试试：衣物更容易让它上当。`,
    slider: "每个像素的改变",
    now: (levels, name) => `${levels} 级（共 255 级）：“${name}”`,
  },

  summary: {
    title: (right, count) => `${count} 个预测中答对了 ${right} 个`,
    none: "还没有预测",
    text: "每章中你的第一次猜测，以及引擎根据当时的图像算出的答案。猜数值时，接近就算对。",
    heads: ["章节", "问题", "你的猜测", "引擎的答案", ""],
    open: "未回答",
    again: "重新开始",
    copy: "复制为文本",
    copied: "已复制",
    verdict: { right: "对", wrong: "错" },
    print: "打印",
  },
  lesson: {
    title: "布置一课",
    text: "选择章节；链接会按顺序打开它们，最后以本页结束。",
    copy: "复制链接",
    link: "这一课的链接",
  },
};
