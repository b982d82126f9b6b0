import { type Argument, type Command, Help, type Option } from "commander";
import { stringWidth } from "../../vendor/stringWidth.js";

/** The descriptions of commands, by their names after "lenet". */
const COMMANDS: Readonly<Record<string, string>> = {
  "": "训练、评估和查看 LeNet-5",
  train: "训练 LeNet-5，结果写入运行文件夹",
  sweep: "用多个种子和设置并行训练，并比较结果",
  worker: "训练队列中的运行，直到按下 Ctrl-C；需要 npm install bullmq ioredis",
  "lr-find": "用一次短训练试遍多个学习率，给出建议",
  eval: "评估权重：准确率、损失、各类别指标、混淆矩阵",
  predict: "给任意大小的图片分类",
  export: "把权重导出为 PyTorch、ONNX 或 safetensors",
  compare: "以表格比较多次运行：最好的在前，列出不同的设置、准确率、轮数和时间",
  plot: "画出一次或多次运行的损失和准确率曲线",
  runs: "列出文件夹及其子文件夹中的运行，最新的在前",
  report: "用最好的权重重新写出运行的 report.html 和 confusion.svg",
  prove: "只凭 config.json 重新训练一次完成的运行，并比较权重的指纹",
  summary: "打印网络的各层、输出形状和参数个数",
  recipe: "列出配方，或打印一个配方，供 --config 使用",
  "recipe list": "列出配方及其主要设置",
  "recipe show": "以 JSON 打印一个配方：改好后用 lenet train --config FILE 训练",
  data: "列出、下载和预览数据集",
  "data list": "列出已知的数据集：大小、类别，以及位于何处或从何处下载",
  "data fetch": "把数据集下载到缓存，或继续中断的下载",
  "data preview": "画出图片一览：每个类别的图片及其增强后的样子",
  cache: "列出或清除缓存：下载的数据、解码的图片、教师网络的输出",
  "cache list": "列出缓存中的文件",
  "cache clear": "删除 lenet 放入缓存的所有文件，不动其他文件",
  verify: "把引擎的结果与 PyTorch 的参考值比较",
  lab: "打开实验室：在网页里训练网络并查看其内部",
  serve: "通过 HTTP 提供模型服务：Open Inference Protocol、图片、监控指标；需要 npm install fastify",
  bench: "测量这台机器的速度：峰值、各核函数、训练和评估的一步",
  devices: "列出 --device 可选的处理器和显卡",
  demo: "用 improved 配方在 Fashion-MNIST 上训练 10 轮；没有数据时用生成的数字",
  completion: "打印脚本，在 bash、zsh 或 fish 中补全命令和选项",
};

/** The descriptions of arguments, by command and name, or by name alone. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  weights: ".pth、.safetensors 或 .onnx 文件，或运行文件夹（使用其中最好的权重）",
  images: "图片文件（PNG、JPEG、WebP、GIF、BMP、TIFF）、IDX 文件、图片文件夹，或 - 表示标准输入",
  runs: "运行文件夹（完成与否均可）、sweep 的文件夹，或存放运行的文件夹",
  folder: "存放运行文件夹的文件夹",
  run: "运行文件夹",
  "prove run": "运行文件夹；其中的内容不会改变",
  "recipe show name": "配方",
  "data fetch name": "数据集：fashion-mnist、mnist、cifar10",
  "data preview name": "数据集，或文件夹的路径",
  dir: "参考值的文件夹，由 tests/golden/make_golden.py 写出",
  queue: "redis://HOST 或 rediss://HOST（TLS）；密码取自 $LENET_QUEUE_PASSWORD",
  models: "运行文件夹或权重文件：PATH、NAME=PATH 或 NAME@VERSION=PATH",
  shell: "要补全命令的 shell",
};

/** The descriptions of options without their defaults, by command and name, or by name alone. */
const OPTIONS: Readonly<Record<string, string>> = {
  "--lang": "帮助、进度和结果的语言",
  "--version": "打印版本号",
  "--recipe": "网络与训练的设置",
  "eval --recipe": "激活函数和池化，用于没有说明它们的权重",
  "predict --recipe": "激活函数和池化，用于没有说明它们的权重",
  "export --recipe": "激活函数和池化，用于没有说明它们的权重",
  "--config": "配方文件（JSON），或运行文件夹的 config.json；其他选项会覆盖其中的设置",
  "--data": "数据集：fashion-mnist、mnist、cifar10、digits，或文件夹的路径",
  "worker --data": "除按名称可知的数据集外，任务还可以使用的数据集文件夹",
  "--data-dir": "存放数据集文件的文件夹；不再查找别处",
  "--input": "网络的输入大小：通道数（1 或 3）、高、宽",
  "--fit": "如何缩放图片：contain 加边框，cover 裁切，stretch 拉伸，digit 按 MNIST 的方式取出手写数字",
  "--background": "边框和透明像素后面的颜色",
  "--normalize": "tutorial：变换到 -1 … 1；dataset：按训练图片的均值和标准差",
  "--augment": "数据增强：none、tutorial、light、strong，或 crop=2,flip=0.5,degrees=10,…",
  "--strict": "图片文件夹中有不能用的文件时报错",
  "--batch": "每个训练步的图片数",
  "--optimizer": "adamw、adam、muon、sgd；除非就是配方的优化器，否则采用 PyTorch 的默认设置",
  "--dropout": "全连接隐藏层之后的随机失活",
  "--class-weights": "损失中各类别的权重，如 1,2,1；balanced：按图片数平衡",
  "--seed": "所有随机数的种子",
  "--device": "用处理器（cpu）、显卡（gpu）计算，或自动选择更快的（auto）",
  "--threads": "线程数",
  "serve --threads": "计算的线程数",
  "bench --threads": "最多的线程数",
  "--arithmetic": "portable：在任何引擎上逐位相同；fused：更快，乘加只舍入一次",
  "--val-split": "留作验证的训练图片的比例；0：用全部图片训练，并用同样的图片验证",
  "--epochs": "轮数",
  "--lr": "学习率，或学习率变化的峰值",
  "--patience": "验证准确率连续 n 轮没有提高就停止；0：从不",
  "--teacher": "同时向这个网络学习：运行文件夹或权重文件；多个网络取 logits 的平均",
  "--soft-labels": "同时向这些 logits 或概率学习：.npy 或 safetensors，训练图片的 [图片数, 类别数]",
  "--augment-val": "也增强验证图片，如教程所做",
  "--no-fold": "保存带批归一化的权重，而不把它并入各层",
  "--out": "要写出的文件",
  "train --out": "要创建的运行文件夹",
  "sweep --out": "要创建的文件夹",
  "lr-find --out": "曲线的 .svg 或 .png 文件",
  "plot --out": "要写出的 .svg 或 .png 文件",
  "data preview --out": "要写出的 PNG 文件",
  "train --resume": "按原来的设置继续中断的运行，或用 --epochs 延长已完成的运行；--data：其图片现在的位置",
  "sweep --resume": "按原来的设置继续中断的 sweep；加上 --seeds，也训练这些种子；--data：其图片现在的位置",
  "--log": "同时在运行文件夹中写出 TensorBoard 的事件文件",
  "serve --log": "记录哪些日志，每行一个 JSON",
  "--json": "把 JSON 打印到标准输出，其余内容打印到标准错误",
  "--quiet": "只打印结果",
  "--seeds": "种子个数（从 0 数起），或列表，如 3,7 或 1-5",
  "--set":
    "要比较的值，如 lr=1e-3,3e-3 或 “augment=none;light”，或与 --sample 一起的范围，如 lr=1e-4..1e-2:log；可重复，训练所有组合；可设置的键：{keys}",
  "--folds": "交叉验证：每个种子训练 k 次，每次留出 k 等份中的另一份",
  "--sample": "从 --set 的列表和范围中随机抽取这么多个组合来训练",
  "--sample-seed": "抽取的种子",
  "--halving": "提前停止较差的组合：每 n 个中至今最好的一个继续训练 n 倍的轮数，依此类推",
  "--index": "只训练其中的这一次运行，从 0 数起；最先的进程创建文件夹",
  "--collect": "为用 --index 训练的各次运行写出报告；其他文件夹中的运行会复制到第一个文件夹",
  "--jobs": "处理器上同时训练的运行数",
  "worker --jobs": "同时训练的运行数",
  "--max-epochs": "拒绝轮数更多的运行",
  "--queue":
    "由队列的工作进程训练：redis://HOST 或 rediss://HOST（TLS），密码取自 $LENET_QUEUE_PASSWORD；见 lenet worker",
  "--queue-name": "命名空间：名称不同的 sweep 和工作进程互不相干",
  "--steps": "训练步数",
  "--force": "文件已存在时覆盖",
  "--split": "要评估的图片；val 和 train 需要运行文件夹",
  "eval --csv": "以 CSV 打印各类别的指标和混淆矩阵",
  "--csv": "打印 CSV",
  "--invert": "先把图片反色，用于纸上的墨迹",
  "--top": "每张图片显示的类别数",
  "--to": "要写出的格式",
  "--with-preprocessing": "用于 ONNX：输入图片的字节，输出概率",
  "--classes": "类别数",
  "--yes": "不再询问",
  "--port": "监听的端口；0：任意空闲端口",
  "--runs": "要列出的运行文件夹所在的文件夹",
  "--allow-embed": "允许其他主机的网页在框架中显示实验室",
  "--open": "在浏览器中打开实验室",
  "--host": "监听的地址；要供其他机器访问，必须有令牌",
  "--token-file": "存放客户端必须发送的令牌的文件",
  "--delay": "一张图片最多等多久，以便与其他图片一起计算",
  "--rate": "每个客户端每秒的请求数",
  "--max-body": "请求体的最大字节数",
  "--max-pixels": "图片的最大像素数",
  "--decode-timeout": "解码一张图片的最长时间",
  "--timeout": "接收一个请求的最长时间",
  "--drain": "收到 SIGTERM 后完成请求的最长时间",
  "--seconds": "大约的测量时间",
  "--full": "测量更多：批大小从 1 到 1024，两种图片大小的核函数",
};

/** The defaults that descriptions name, and those that are not values. */
const DEFAULTS: Readonly<Record<string, string>> = {
  "the images' size; 3x32x32 for an image folder": "图片自身的大小；图片文件夹为 3x32x32",
  "the recipe's or the run's, or 1x28x28": "配方或运行的，或 1x28x28",
  "the run's, or 10": "运行的，或 10",
  "as many as are the fastest, at most one per core": "最快的个数，每个核心最多一个",
  "fused where that is real": "能真正融合时为 fused",
  "as in training": "与训练时相同",
  "the one the weights were trained on": "训练这些权重的数据集",
  "where the run found it": "运行当初所用的位置",
  "model.<format> in the run folder, or next to the weights": "运行文件夹中的 model.<format>，或与权重放在一起",
  "the recipe's": "配方的",
  "1 seed": "1 个种子",
  "one per core": "每个核心一个",
  "one per core but one": "比核心数少一个",
  "any free port": "任意空闲端口",
  "$LENET_TOKEN, if set": "$LENET_TOKEN（若已设置）",
  "no limit": "不限",
  "10; 90 with --full": "10；用 --full 时为 90",
  none: "无",
  "of the system": "系统的语言",
};

const TITLES: Readonly<Record<string, string>> = {
  "Usage:": "用法：",
  "Arguments:": "参数：",
  "Options:": "选项：",
  "Commands:": "命令：",
  "Train:": "训练：",
  "Use a network:": "使用网络：",
  "Runs:": "运行：",
  "Data:": "数据：",
  "This machine:": "本机：",
  "Recipe:": "配方：",
  "Training:": "训练：",
  "What to compare:": "比较什么：",
  "Processor or graphics card:": "处理器或显卡：",
  "Processor, graphics card or many machines:": "处理器、显卡或多台机器：",
  "Output:": "输出：",
};

/** Replaces the descriptions of commands, arguments and options with the Chinese ones. */
export function describeInChinese(command: Command, path: readonly string[] = []): void {
  const name = path.join(" ");
  const found = <Text>(texts: Readonly<Record<string, Text>>, key: string) => texts[`${name} ${key}`] ?? texts[key];
  command.description(COMMANDS[name] ?? command.description());
  for (const argument of command.registeredArguments) {
    argument.description = found(ARGUMENTS, argument.name()) ?? argument.description;
  }
  for (const option of command.options) {
    const [, inDescription] = /\(default(?: with it)?: (.*)\)$/.exec(option.description) ?? [];
    const [, keys = ""] = /; keys: (.*)$/.exec(option.description) ?? [];
    const text = found(OPTIONS, option.long ?? "")?.replace("{keys}", keys.replaceAll(", ", "、"));
    if (text)
      option.description = inDescription === undefined ? text : `${text}（默认：${defaultInChinese(inDescription)}）`;
  }
  command.helpOption("-h, --help", "显示帮助");
  if (command.commands.length > 0) command.helpCommand("help [command]", "显示命令的帮助");
  command.configureHelp({
    ...command.configureHelp(),
    displayWidth: stringWidth,
    styleTitle: (title) => `\x1b[1m${TITLES[title] ?? title}\x1b[22m`,
    optionDescription: (option) => withNotes(option, option.argChoices, option),
    argumentDescription: (argument) => withNotes(argument, argument.argChoices, argument),
    boxWrap: wrapChinese,
    commandUsage: (one) => inChineseBrackets(new Help().commandUsage(one)),
    subcommandTerm: (one) => inChineseBrackets(new Help().subcommandTerm(one)),
    // Commander puts a space behind the title, where a full-width colon has room of its own.
    formatHelp: (one, help) => new Help().formatHelp(one, help).replace(/(用法：\S*) /, "$1"),
  });
  for (const child of command.commands) describeInChinese(child, [...path, child.name()]);
}

/** The placeholders of a usage in Chinese. */
function inChineseBrackets(usage: string): string {
  return usage.replace("[options]", "[选项]").replace("[command]", "[命令]");
}

/** A default in Chinese; the recipe's with its value in the default recipe. */
function defaultInChinese(text: string): string {
  const [, recipe, value] = /^the recipe's; (.*): (.*)$/.exec(text) ?? [];
  if (recipe !== undefined) return `由配方决定；${recipe}：${value === "1 each" ? "各为 1" : value}`;
  return DEFAULTS[text] ?? text;
}

/** A description, followed by choices and default as commander would give them. */
function withNotes(
  { description }: Pick<Option | Argument, "description">,
  choices: readonly string[] | undefined,
  { defaultValue, defaultValueDescription }: Pick<Option | Argument, "defaultValue" | "defaultValueDescription">,
): string {
  const notes = choices ? [`可选：${choices.join("、")}`] : [];
  if (defaultValue !== undefined && typeof defaultValue !== "boolean") {
    const value = defaultValueDescription ?? String(defaultValue);
    notes.push(`默认：${DEFAULTS[value] ?? value}`);
  }
  return notes.length > 0 ? `${description}（${notes.join("；")}）` : description;
}

/** Breaks a text at a width: between Chinese characters, too, but never before closing or after opening punctuation. */
function wrapChinese(this: Help | undefined, text: string, width: number): string {
  const pieces =
    text.match(/[（“]*(?:[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+)[，。；：、）”？]*|\s+/gu) ?? [];
  const lines: string[] = [];
  let line = "";
  for (const piece of pieces) {
    if (stringWidth(line + piece.trimEnd()) > width && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = piece.trimStart();
    } else line += piece;
  }
  return [...lines, line].join("\n");
}
